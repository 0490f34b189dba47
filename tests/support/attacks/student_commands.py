"""What a student tries from the kernels and terminals of her server."""

from tests.support.attacks.attempt import Command

ADA = "/home/jupyter-ada"
SEIZE = "import ctypes, os; exit(ctypes.CDLL(None).ptrace(0x4206, int(os.environ['ADA_PID']), 0, 0))"
QUEUE = "import ctypes, os; exit(ctypes.CDLL(None).mq_open(b'/of-the-host', os.O_RDWR) == -1)"
BIND = (
    "import socket as s; one = s.socket(); one.setsockopt(s.SOL_SOCKET, s.SO_REUSEPORT, 1);"
    "one.bind(('127.0.0.1', {}))"
)
SSH = "-o StrictHostKeyChecking=no -o BatchMode=yes"
JOB = "echo '* * * * * true' | crontab"

FILES = (
    Command("home-read", "reads a classmate's file", f"cat {ADA}/secret.txt"),
    Command("home-list", "lists a classmate's home", f"ls {ADA}/"),
    Command("home-stat", "asks for a file's size in a classmate's home", f"stat {ADA}/secret.txt"),
    Command("home-write", "writes a classmate's .bashrc", f": >>{ADA}/.bashrc"),
    Command("home-startup", "puts a file into a classmate's IPython startup", f"mkdir -p {ADA}/.ipython/x"),
    Command("home-chmod", "opens a classmate's home", f"chmod 700 {ADA}"),
    Command("home-link", "makes a hard link to a classmate's file", f"ln {ADA}/secret.txt {ADA}-eve; rm {ADA}-eve"),
    Command("home-swap", "renames a classmate's home", f"mv {ADA} {ADA}-x && mv {ADA}-x {ADA}"),
    Command("home-admin", "reads the admin's file", "cat /home/jupyter-admin/secret.txt"),
    Command("home-root", "lists root's home", "ls /root/"),
    Command("shadow", "reads /etc/shadow", "head -c 1 /etc/shadow | grep -q ."),
    Command("passwd-write", "writes /etc/passwd", ": >>/etc/passwd"),
    Command("hardlink-shadow", "makes a hard link to /etc/shadow", "ln /etc/shadow ~/shadow && rm ~/shadow"),
    Command("chown", "gives a file of hers to a classmate", "cd /tmp && : >given && chown jupyter-ada given"),
    Command(
        "chgrp", "gives a file of hers to the admins' group", "cd /tmp && : >given && chgrp littlest-admins given"
    ),
    Command("settings-read", "reads config.yaml", "cat /etc/littlest/config.yaml"),
    Command("settings-write", "writes config.yaml", ": >>/etc/littlest/config.yaml"),
    Command(
        "drop-in", "adds a drop-in that the hub would run", "f=/etc/littlest/jupyterhub_config.d/x; : >>$f && rm $f"
    ),
    Command("database", "reads the hub's database", "head -c 1 /var/lib/littlest/jupyterhub.sqlite"),
    Command("passwords", "reads the passwords' database", "head -c 1 /var/lib/littlest/passwords.sqlite"),
    Command("proxy-token", "reads the proxy's token", "cat /var/lib/littlest/secrets/proxy-token"),
    Command(
        "command-token", "reads the token of the littlest command", "cat /var/lib/littlest/secrets/command-token"
    ),
    Command("cookie-secret", "reads the key that signs cookies", "cat /var/lib/littlest/secrets/cookie_secret"),
    Command(
        "first-password", "reads the admin's first password", "cat /var/lib/littlest/secrets/initial-passwords/admin"
    ),
    Command("hub-environment", "reads the hub's environment file", "cat /var/lib/littlest/secrets/hub.env"),
    Command("history", "lists earlier settings", "ls /var/lib/littlest/history/"),
    Command("install-log", "reads the log of the installation", "cat /var/log/littlest/*"),
    Command("release-write", "changes the release", "f=/opt/littlest/current/lib/x.pth; : >>$f && rm $f"),
    Command(
        "release-switch", "changes which release is current", "ln -s / /opt/littlest/new && rm /opt/littlest/new"
    ),
    Command("pth-file", "puts a .pth file into everybody's environment", "f=$(packages)/x.pth; : >>$f && rm $f"),
    Command(
        "kernel-spec",
        "adds a kernel for everybody",
        "d=/opt/littlest/user/share/jupyter/kernels/x; mkdir -p $d && rmdir $d",
    ),
    Command("path-shadow", "puts a program before others on the PATH", "f=/opt/littlest/user/bin/x; : >>$f && rm $f"),
    Command("local-bin", "puts a program into /usr/local/bin", "f=/usr/local/bin/x; : >>$f && rm $f"),
    Command("channel", "changes the packages for repairs", "f=/opt/littlest/packages/x; : >>$f && rm $f"),
    Command("unit-file", "adds a systemd unit", "f=/etc/systemd/system/x.service; : >>$f && rm $f"),
    Command("sudo-rule", "adds a sudo rule", "f=/etc/sudoers.d/x~; : >>$f && rm $f"),
    Command("cron-d", "adds a system's cron job", "f=/etc/cron.d/x~; : >>$f && rm $f"),
    Command("preload", "adds a library to every program", "f=/etc/ld.so.preload; : >>$f && rm $f"),
    Command("profile", "adds a line to everybody's login shell", "f=/etc/profile.d/x; : >>$f && rm $f"),
    Command(
        "shared-read-only",
        "writes into a folder that is shared for reading",
        "f=/srv/littlest/lecture/x; : >>$f && rm $f",
    ),
    Command(
        "shared-foreign", "reads a folder that is shared with another group", "cat /srv/littlest/club/minutes.txt"
    ),
    Command("shared-new", "adds a folder beside the shared ones", "d=/srv/littlest/x; mkdir $d && rmdir $d"),
    Command("host-tmp", "reads a file in the machine's /tmp", "cat /tmp/of-the-host"),
    Command(
        "classmate-tmp",
        "reads a file in a classmate's /tmp",
        "cat /tmp/systemd-private-*-jupyter-ada.service-*/tmp/note",
    ),
)

PROCESSES = (
    Command(
        "proc-environ", "reads the environment of a classmate's server", "cat /proc/$ADA_PID/environ | grep -q ."
    ),
    Command(
        "proc-cmdline", "reads the command line of a classmate's program", "cat /proc/$ADA_PID/cmdline | grep -q ."
    ),
    Command("proc-root", "looks at files through a classmate's process", "ls /proc/$ADA_PID/root/"),
    Command("proc-fd", "lists the open files of a classmate's server", "ls /proc/$ADA_PID/fd/ | grep -q ."),
    Command("proc-hub-environ", "reads the hub's environment", "cat /proc/$HUB_PID/environ | grep -q ."),
    Command("proc-hub-memory", "reads the hub's memory map", "cat /proc/$HUB_PID/maps | grep -q ."),
    Command("proc-proxy", "reads the proxy's environment", "cat /proc/$PROXY_PID/environ | grep -q ."),
    Command("proc-list", "lists a classmate's processes", "ps -u jupyter-ada -o pid= | grep -q ."),
    Command(
        "ptrace",
        "attaches a debugger to a classmate's server",
        f'$py -c "{SEIZE}"',
    ),
    Command("signal", "sends a signal to a classmate's server", "kill -s CONT $ADA_PID"),
    Command("signal-hub", "sends a signal to the hub", "kill -s CONT $HUB_PID"),
    Command("signal-proxy", "sends a signal to the proxy", "kill -s CONT $PROXY_PID"),
    Command("renice", "slows a classmate's server down", "renice -n 0 -p $ADA_PID"),
    Command("affinity", "binds a classmate's server to a processor", "taskset -p 0xffff $ADA_PID"),
    Command("namespaces", "enters the mounts of a classmate's server", "nsenter -m -t $ADA_PID true"),
    Command("namespace-host", "enters the mounts of the machine", "nsenter -m -t 1 true"),
    Command("cgroup-classmate", "moves herself into a classmate's limits", "exec 3>>$ADA_CGROUP/cgroup.procs"),
    Command("cgroup-own", "moves herself out of her limits", "exec 3>>$TOP_CGROUP/cgroup.procs"),
    Command(
        "priority",
        "gives herself priority",
        'nice -n -5 true 2>&1 | grep . && exit 1; [ "$(nice -n -5 nice)" -lt 0 ]',
    ),
    Command("hostname", "renames the machine", "$py -c 'import socket; socket.sethostname(socket.gethostname())'"),
    Command("setuid", "becomes somebody else", "$py -c 'import os; os.setuid(12345)'"),
    Command("chroot", "changes the root folder", "chroot / true"),
    Command("mount", "mounts a file system", "mount -t tmpfs x /mnt && umount /mnt"),
    Command(
        "unmount", "takes the sandbox's mounts away", "umount /tmp", control="mount -t tmpfs x /mnt; umount /mnt"
    ),
    Command(
        "remount",
        "makes /usr writable",
        "mount -o remount,rw,bind /usr",
        control="mount --bind /usr /mnt && umount /mnt",
    ),
    Command("user-namespace", "becomes root in a namespace", "unshare --user --map-root-user true"),
    Command(
        "raw-socket",
        "listens to the network",
        "$py -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'",
    ),
    Command("capabilities", "gives a program a capability", "cp /bin/true /tmp/t && setcap cap_net_raw=ep /tmp/t"),
)

SERVICES = (
    Command("unit-restart", "restarts a service", "systemctl restart attack-target.service"),
    Command("unit-stop-classmate", "ends a classmate's server", "systemctl kill --signal=CONT jupyter-ada.service"),
    Command(
        "unit-status", "sees a classmate's command lines", "systemctl status jupyter-ada.service | grep -q python"
    ),
    Command(
        "unit-limits",
        "raises the limits of her server",
        "systemctl set-property --runtime jupyter-eve.service CPUWeight=100",
    ),
    Command("unit-new", "starts a service", "systemd-run --wait true"),
    Command(
        "unit-environment",
        "adds to every service's environment",
        "systemctl set-environment X=1 && systemctl unset-environment X",
    ),
    Command("bus", "calls the system's bus", "busctl list | grep -q systemd"),
    Command("bus-private", "calls systemd's own socket", "connect /run/systemd/private"),
    Command(
        "linger",
        "runs on without the hub",
        "loginctl enable-linger jupyter-eve && loginctl disable-linger jupyter-eve",
    ),
    Command("inhibit", "keeps the machine from shutting down", "systemd-inhibit --what=shutdown true"),
    Command("set-hostname", "renames the machine over the bus", 'hostnamectl hostname "$(hostname)"'),
    Command(
        "journal", "reads the hub's log", "journalctl -u jupyterhub.service -n 5 -o json | grep -q jupyterhub.service"
    ),
    Command(
        "journal-file",
        "reads the journal's files",
        "cat /run/log/journal/*/system.journal /var/log/journal/*/system.journal 2>/dev/null | grep -q .",
    ),
    Command(
        "log-forged",
        "writes a line into the hub's log",
        "logger --id=$HUB_PID -t jupyterhub ATTACK-FORGED",
        seen="journalctl -u jupyterhub.service | grep -q ATTACK-FORGED",
        control="journalctl -u jupyterhub.service | grep -q .",
    ),
    Command("sudo", "uses sudo", "sudo -n true"),
    Command("su", "becomes a classmate by su", "su jupyter-ada -c true </dev/null"),
    Command("sg", "becomes a member of the admins' group", "sg littlest-admins -c true </dev/null"),
    Command("runuser", "becomes a classmate by runuser", "runuser -u jupyter-ada true"),
    Command(
        "gpasswd",
        "adds herself to the admins' group",
        "gpasswd -a jupyter-eve nogroup && gpasswd -d jupyter-eve nogroup",
    ),
    Command("usermod", "changes her account", "usermod -c x jupyter-eve", control="usermod -c '' nobody"),
    Command("chsh", "gives herself a login shell", "chsh -s /bin/bash </dev/null", control="chsh -s /bin/bash root"),
    Command(
        "passwd", "gives herself a system password", "printf 'a\\nb\\nb\\n' | passwd", control="passwd -l nobody"
    ),
    Command("crontab", "has a job run later", f"{JOB} - && crontab -r"),
    Command(
        "crontab-classmate",
        "has a job run as a classmate",
        f"{JOB} -u jupyter-ada - && crontab -r -u jupyter-ada",
    ),
    Command("at", "has a job run later by at", "echo true | at now + 9 days && atrm $(atq | cut -f 1)"),
    Command(
        "ssh",
        "logs in to her account with a key of her own",
        f"ssh -i ~/key {SSH} jupyter-eve@127.0.0.1 true",
        control=f"ssh -i /root/key {SSH} jupyter-admin@127.0.0.1 true",
    ),
)

SOCKETS = (
    Command(
        "server-socket", "connects to a classmate's server", "connect /run/littlest/servers/jupyter-ada/server.sock"
    ),
    Command("server-sockets", "lists everybody's servers", "ls /run/littlest/servers/ | grep -q ."),
    Command(
        "server-folder",
        "makes a folder for a server that is not there yet",
        "d=/run/littlest/servers/jupyter-x; mkdir $d && rmdir $d",
    ),
    Command("proxy-socket", "connects to the proxy's own interface", "connect /run/littlest-proxy/api.sock"),
    Command("environment-folder", "reads environments of servers that start", "ls /run/littlest-environment/"),
    Command("lock", "holds the lock of the littlest command", "exec 3>>/run/littlest.lock"),
    Command(
        "kernel-sockets",
        "sees the kernels of others",
        "ls /run/littlest-kernels/ | grep -q of-the-host",
        control="touch /run/littlest-kernels/of-the-host; ls /run/littlest-kernels/ | grep -q of-the-host",
    ),
    Command("shared-memory", "reads the machine's shared memory", "cat /dev/shm/of-the-host"),
    Command(
        "message-queue",
        "sees the machine's message queues",
        f'$py -c "{QUEUE}"',
    ),
    Command("system-v", "sees the machine's System V memory", "ipcs -m | grep -q 0x00000a77"),
    Command("terminal", "writes on somebody else's terminal", ": >$TERMINAL"),
    Command(
        "hub-port",
        "listens on the hub's port",
        f'$py -c "{BIND.format(15081)}"',
        control=f'$py -c "{BIND.format(15082)}"',
    ),
    Command(
        "public-port",
        "listens on the public port",
        f'$py -c "{BIND.format(80)}"',
        control=f'$py -c "{BIND.format(81)}"',
    ),
)

OPTIONS = (
    Command("options-user", "starts her server as root, by options of the start", '[ "$(id -nu)" = root ]'),
    Command(
        "options-environment",
        "adds to its environment",
        '[ "$INJECTED" = yes ]',
        control="INJECTED=yes; [ $INJECTED ]",
    ),
    Command(
        "options-limits",
        "starts it without limits",
        "true",
        seen="systemctl show jupyter-eve.service --property=MemoryMax --value | grep infinity",
        control="systemctl show attack-target.service --property=MemoryMax --value | grep infinity",
    ),
    Command(
        "unit-secrets",
        "reads tokens in the files of others' units",
        "grep -r JUPYTERHUB_API_TOKEN= /run/systemd/transient /run/littlest-environment",
        control="grep -qz JUPYTERHUB_API_TOKEN= /proc/$ADA_PID/environ",
    ),
)

STUDENT_COMMANDS = OPTIONS + FILES + PROCESSES + SERVICES + SOCKETS
