"""What stands on a machine, so that two moments can be compared."""

import difflib

from tests.support.machine import Machine

# What a running Debian writes by itself, and the copies that useradd keeps of the files it changes.
VOLATILE = (
    "/etc/.pwd.lock",
    "/etc/passwd-",
    "/etc/group-",
    "/etc/shadow-",
    "/etc/gshadow-",
    "/etc/subuid-",
    "/etc/subgid-",
    "/etc/ld.so.cache",
    "/var/log",
    "/var/cache",
    "/var/tmp",
    "/var/lib/systemd",
    "/var/lib/logrotate",
    "/var/lib/private",
    "/var/backups",
)

LIST = r"""
find /etc /usr /opt /var /home /root /srv -xdev \( %s \) -prune -o \
    ! -type d -printf '%%y %%m %%u:%%g %%s %%p -> %%l\n' -o -printf '%%y %%m %%u:%%g %%p\n'
find /etc -xdev \( %s \) -prune -o -type f -exec sha256sum {} +
sed 's/^/passwd: /' /etc/passwd; sed 's/^/group: /' /etc/group; sed 's/^/subuid: /' /etc/subuid
systemctl list-unit-files --plain --no-legend | sed 's/^/unit: /'
systemctl list-units --plain --no-legend --all '*upyter*.service' '*upyter*.socket' '*ittlest*' | sed 's/^/loaded: /'
ls -d /run/*ittlest* /run/*upyter* /run/systemd/*/*upyter* 2>/dev/null | grep -v 'lock$' | sed 's/^/run: /'
ps -eo user,args | grep -i -E 'upyter|ittlest' | grep -v -E 'grep|/media/littlest' | sed 's/^/process: /'
"""


def take_inventory(machine: Machine) -> list[str]:
    """List files with modes, owners and contents, accounts, units and processes."""
    pruned = " -o ".join(f"-path {path}" for path in VOLATILE)
    return sorted(machine.run(LIST % (pruned, pruned), check=False).stdout.splitlines())


def compare(before: list[str], after: list[str]) -> list[str]:
    """Give the lines that differ, as a diff shows them; nothing when all is as it was."""
    return [
        line
        for line in difflib.unified_diff(before, after, lineterm="", n=0)
        if line[:3] not in {"---", "+++", "@@ "}
    ]
