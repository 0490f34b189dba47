"""What keeps users of the hub from using their accounts without it. Pure.

What starts by ssh, or as a service that runs without a login, has no limits and is in no sandbox.
"""

from littlest import paths
from littlest.config.model import Config
from littlest.plan.steps import MakeDirectory, Step, WriteFile

SSHD_UNITS = ("ssh.service", "sshd.service")
"""On Debian and Ubuntu, and elsewhere."""
_TOP = "Written by The Littlest JupyterHub. Change it with users.system_logins in config.yaml."
_SSHD = f"DenyGroups {paths.HUB_ONLY_GROUP}\n"
_POLKIT = f"""\
polkit.addRule(function (action, subject) {{
    if (action.id == "org.freedesktop.login1.set-self-linger" && subject.isInGroup("{paths.HUB_ONLY_GROUP}"))
        return polkit.Result.NO;
}});
"""


def make_system_login_steps(config: Config) -> tuple[Step, ...]:
    """Return the steps for the rules of sshd and polkit; both may be installed later.

    With `users.system_logins` they have no rules, and nobody is in the group that these are for.
    """
    closed = not config.users.system_logins
    folders = (paths.SSHD_FILE.parent, paths.POLKIT_FILE.parent)
    return (
        *(MakeDirectory(place, shared=True) for folder in folders for place in (folder.parent, folder)),
        WriteFile(paths.SSHD_FILE, f"# {_TOP}\n{_SSHD if closed else ''}", reloads=SSHD_UNITS),
        # polkit sees a change by itself
        WriteFile(paths.POLKIT_FILE, f"// {_TOP}\n{_POLKIT if closed else ''}"),
    )


def is_hub_only(config: Config, *, made_by_us: bool, sudo: bool) -> bool:
    """Whether only the hub may use an account: one that we made, for a user without `sudo`."""
    return made_by_us and not sudo and not config.users.system_logins
