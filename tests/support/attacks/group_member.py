"""What a student tries who is in a group and may write to the group's shared folder."""

from tests.support.attacks.attempt import Command

COURSE = "/srv/littlest/course"
AS_BEN = "runuser -u jupyter-ben --"
AS_ADA = "runuser -u jupyter-ada --"
RACE = f"""
timeout 6 $py - <<'end'
import os, shutil, time
os.chdir("{COURSE}")
end = time.monotonic() + 5
while time.monotonic() < end:
    try:
        os.mkdir("swap"); open("swap/file", "w").close(); os.rename("swap", "gone")
        os.symlink("/srv/victim", "swap"); os.unlink("swap"); shutil.rmtree("gone")
    except OSError:
        pass
end
"""
TRAP = "open('/tmp/trap', 'w').close()"
ACL = (
    "import os, struct; f = open('acl.txt', 'w'); n = 0xFFFFFFFF; u = int(os.environ['BEN']);"
    "e = ((1, 6, n), (2, 6, u), (4, 6, n), (16, 6, n), (32, 0, n));"
    "v = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *x) for x in e);"
    "os.setxattr('{place}', 'system.posix_acl_access', v)"
)
SAME_ACL = "import os; k = 'system.posix_acl_access'; os.setxattr('.', k, os.getxattr('.', k))"
RIGHTS = "stat -c %a:%U:%G /srv/victim /srv/victim/file | xargs"
LEAVE_MODULES = f"""
cd {COURSE}
for name in psutil numpy sitecustomize; do echo "{TRAP}" >$name.py; done
"""
LEAVE_CONFIGURATIONS = f"""
cd {COURSE}
mkdir -p .ipython/profile_default/startup .jupyter
for name in {{ipython,ipython_kernel,jupyter_server,jupyter}}_config .ipython/profile_default/startup/x; do
    echo "{TRAP}" >$name.py
done
cp jupyter_server_config.py .jupyter
"""

GROUP_MEMBER = (
    Command(
        "group-link-out",
        "leaves a link to a classmate's .bashrc",
        f"ln -s /home/jupyter-ada/.bashrc {COURSE}/notes.txt",
        seen=f"test -L {COURSE}/notes.txt",
        control=f"test -L {COURSE}/inner",
    ),
    Command(
        "group-link-folder",
        "leaves a link to a classmate's home",
        f"ln -s /home/jupyter-ada {COURSE}/data",
        seen=f"test -L {COURSE}/data",
        control=f"test -L {COURSE}/inner",
    ),
    Command(
        "group-link-root",
        "leaves a link to root's files",
        f"mkdir {COURSE}/sub && ln -s /etc/littlest {COURSE}/sub/etc",
        seen=f"test -L {COURSE}/sub/etc",
        control=f"test -L {COURSE}/inner",
    ),
    Command(
        "group-hard-link",
        "brings a classmate's file into the folder",
        f"ln /home/jupyter-ada/secret.txt {COURSE}/x",
        control="ln /home/jupyter-ada/secret.txt /srv/.x && rm /srv/.x",
    ),
    Command(
        "group-hard-link-root",
        "brings a file of root's into the folder, so that she gets rights to it",
        f"ln /srv/victim-file {COURSE}/victim",
        control="ln /srv/victim-file /srv/.x && rm /srv/.x",
    ),
    Command(
        "group-keeper-race",
        "swaps a folder for a link while the hub mends its rights",
        RACE,
        seen=f"runuser -u jupyter-eve -- ls /srv/victim || ! ({RIGHTS}) | grep -q '^700:root:root 600:root:root$'",
        control="ls /srv/victim",
    ),
    Command(
        "group-open-folder",
        "opens the folder for everybody",
        f"chmod o+rwx {COURSE}",
        control=f"chmod --reference={COURSE} {COURSE}",
    ),
    Command(
        "group-open-file",
        "shows a file of the folder to somebody outside",
        f"echo x >{COURSE}/open.txt && chmod 666 {COURSE}/open.txt",
        seen=f"{AS_BEN} cat {COURSE}/open.txt",
        control=f"{AS_ADA} cat {COURSE}/open.txt",
    ),
    Command(
        "group-acl-folder",
        "lets somebody in by an access control list",
        f'cd {COURSE} && $py -c "{ACL.format(place=".")}"',
        control=f'cd {COURSE} && $py -c "{SAME_ACL}"',
    ),
    Command(
        "group-acl-file",
        "lets somebody read a file by an access control list",
        f'cd {COURSE} && $py -c "{ACL.format(place="acl.txt")}"',
        seen=f"{AS_BEN} cat {COURSE}/acl.txt",
        control=f"{AS_ADA} cat {COURSE}/acl.txt",
    ),
    Command(
        "group-lock-out",
        "takes a file away from the others",
        f"echo x >{COURSE}/mine.txt && chmod 600 {COURSE}/mine.txt",
        seen=f"! {AS_ADA} cat {COURSE}/mine.txt",
        control=f"! {AS_BEN} cat {COURSE}/mine.txt",
    ),
    Command(
        "group-lock-out-folder",
        "takes a folder away from the others",
        f"mkdir -p {COURSE}/own && echo x >{COURSE}/own/file && chmod 700 {COURSE}/own",
        seen=f"! {AS_ADA} cat {COURSE}/own/file",
        control=f"! {AS_BEN} ls {COURSE}",
    ),
    Command(
        "group-chmod-classmate",
        "takes a classmate's rights to the classmate's file",
        f"chmod 666 {COURSE}/of-ada.txt",
        control=f"chmod --reference={COURSE}/of-ada.txt {COURSE}/of-ada.txt",
    ),
    Command(
        "group-chown-classmate",
        "takes a classmate's file for her own",
        f"chown jupyter-eve {COURSE}/of-ada.txt",
        control=f"chown jupyter-ada {COURSE}/of-ada.txt",
    ),
    Command(
        "group-chown-own",
        "makes a file that looks like a classmate's",
        f"cd {COURSE} && echo x >forged && chown jupyter-ada forged",
        control=f"cd {COURSE} && : >.x && chown jupyter-ada .x && rm .x",
    ),
    Command(
        "group-move-folder",
        "moves the folder away",
        f"mv {COURSE} {COURSE}-x",
        control=f"mv {COURSE} {COURSE}-x && mv {COURSE}-x {COURSE}",
    ),
    Command(
        "group-other-group", "writes into the folder of another group", "f=/srv/littlest/club/x; : >>$f && rm $f"
    ),
    Command(
        "group-module",
        "leaves a module that a classmate's kernel loads",
        LEAVE_MODULES,
        seen="test -e $ADA_TMP/trap",
        control="test -e $ADA_TMP/meant",
    ),
    Command(
        "group-configuration",
        "leaves a configuration that a classmate's kernel reads",
        LEAVE_CONFIGURATIONS,
        seen="test -e $ADA_TMP/trap",
        control="test -e $ADA_TMP/meant",
    ),
    Command(
        "group-pipe",
        "keeps the hub waiting for a pipe",
        f"mkfifo {COURSE}/pipe",
        seen=f"! {AS_ADA} test -w {COURSE}/pipe && test -L {COURSE}/notes.txt",
        control=f"test -p {COURSE}/pipe",
    ),
    Command(
        "group-names",
        "writes the hub's log by the name of a file",
        f"mkdir -p {COURSE}/d && cd {COURSE}/d && ln -s /etc/shadow \"$(printf 'x\\nATTACK-NAME: y')\"",
        seen="journalctl -u jupyterhub.service -o cat | grep -q '^ATTACK-NAME'",
        control="journalctl -u jupyterhub.service -o cat | grep -q .",
    ),
    Command(
        "group-device",
        "makes a device",
        f"mknod {COURSE}/null c 1 3",
        control="mknod /root/null c 1 3 && rm /root/null",
    ),
)
