"""`littlest user passwd`, and the passwords for users who were added: one-time passwords from the running hub."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from littlest.errors import ExitCode, LittlestError
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.report import Report
from littlest.system.hub.api import HubApi, find_hub_api
from littlest.system.hub.one_time_passwords import make_one_time_password, read_users_passwords


def run_passwd(machine: Machine, names: Sequence[str]) -> Report:
    """Make a one-time password for each of these users, and report it; it ends the user's sessions and tokens.

    Raises LittlestError when the hub does not answer, keeps no passwords, or lets nobody in under a name.
    """
    check_root(machine)
    return _make_passwords(find_hub_api(machine), names)


def run_hand_out(machine: Machine, names: Sequence[str], *, to_unclaimed: bool) -> Report:
    """Make one-time passwords for those of these users who cannot log in without; and, if so asked, for those whose
    first login would choose the password. Raises as `run_passwd`.
    """
    check_root(machine)
    api = find_hub_api(machine)
    found = read_users_passwords(api)
    needing = {*found.missing, *(found.unclaimed if to_unclaimed else ())}
    wanted = tuple(dict.fromkeys(map(str.lower, names)))
    report = _make_passwords(api, [name for name in wanted if name in needing])
    unused = [name for name in wanted if name in found.one_time] if to_unclaimed else ()
    return replace(report, lines=(*report.lines, *_render_unused(unused)))


def _render_unused(names: Sequence[str]) -> tuple[str, ...]:
    """Return what to do about users who were given a one-time password before, and have not used it."""
    if not names:
        return ()
    count = "One user has a one-time password" if len(names) == 1 else f"{len(names)} users have one-time passwords"
    return (
        f"{count} from before, not used yet. Each password is shown only once. To make new ones:",
        f"  sudo littlest user passwd {shlex.join(names)}",
    )


def _make_passwords(api: HubApi, names: Sequence[str]) -> Report:
    made: dict[str, str] = {}
    end: tuple[str, ...] = ()
    for name in names:
        try:
            made[name] = make_one_time_password(api, name)
        except LittlestError as error:
            if not made:
                raise
            # nobody can see those passwords again
            rest = [other for other in names if other not in made]
            end = (f"Then {name}: {error.message}", f"Still without one: {', '.join(rest)}")
            break
    width = max(map(len, made), default=0)
    table = tuple(f"  {name:<{width}}  {password}" for name, password in made.items())
    lines = ("One-time passwords, each to be changed at the next login:", *table) if made else ()
    return Report((*lines, *end), {"passwords": made}, ExitCode.FAILED if end else ExitCode.DONE)
