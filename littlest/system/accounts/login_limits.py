"""The limits of what users run without the hub, where `users.system_logins` lets them: those of one server."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from littlest.config.model import Config
from littlest.config.resolve import resolve_limits
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_comment
from littlest.plan.limits import NOT_A_USER, make_limit_properties
from littlest.system.accounts.user_accounts import find_user_accounts
from littlest.system.units.units import reload_units

_UNITS = PurePosixPath("/run/systemd/system")
"""The hub writes them at each of its starts."""


def limit_system_logins(machine: Machine, config: Config, admins: Mapping[str, bool]) -> None:
    """Give the slice of each account that we made, in which systemd-logind(8) puts sessions, its user's limits.

    `admins` has every user of the hub, and whether they are an admin, who have no limits there. Raises CommandFailed.
    """
    users = {make_comment(user): user for user in admins}
    is_changed = False
    for account in find_user_accounts(machine):
        file = _UNITS / f"user-{account.uid}.slice.d/littlest.conf"
        user = users.get(account.comment, NOT_A_USER)
        is_limited = config.users.system_logins and not admins.get(user, user in config.users.admin)
        text = _render(config, user) if is_limited else None
        if machine.read_text(file) == text:
            continue
        is_changed = True
        if text is None:
            machine.remove(file)
            machine.remove(file.parent)
        else:
            machine.make_directory(file.parent)
            machine.write_file(file, text)
    if is_changed:
        reload_units(machine)


def _render(config: Config, user: str) -> str:
    properties = make_limit_properties(resolve_limits(config, user))
    return "[Slice]\n" + "".join(f"{name}={value}\n" for name, value in properties.items())
