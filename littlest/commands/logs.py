"""`littlest logs`: the journal of the hub, the proxy and users' servers."""

from littlest import paths
from littlest.errors import CommandFailed, LittlestError
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.account_names import make_unit_name
from littlest.report import Report
from littlest.system.accounts.user_accounts import find_account_made_for


def run_logs(machine: Machine, what: str | None, follow: bool, lines: int) -> Report:
    """Report the last lines of the hub, of the proxy, of one user's servers, or of all of them.

    With `follow`, show new lines too, until Ctrl-C. Raises LittlestError for a user whom this machine does not know.
    """
    check_root(machine)
    units = _find_units(machine, what)
    argv = ["journalctl", "--no-pager", "--quiet", f"--lines={lines}", *(f"--unit={unit}" for unit in units)]
    if follow:
        machine.run_attached([*argv, "--follow"])
        return Report()
    try:
        said = machine.run([*argv, "--output=short-iso"]).stdout.splitlines()
    except CommandFailed as error:
        raise LittlestError(f"the journal cannot be read: {error.message}") from error
    if not said:
        return Report((f"Nothing was logged by {what or 'the hub, the proxy or a server'} yet.",), {"lines": []})
    return Report(tuple(said), {"lines": said})


def _find_units(machine: Machine, what: str | None) -> tuple[str, ...]:
    if what is None:
        return (*(unit for units in paths.LOGGED_UNITS.values() for unit in units), f"{paths.UNIT_PREFIX}*.service")
    if what in paths.LOGGED_UNITS:
        return paths.LOGGED_UNITS[what]
    # a hub user's name has no capitals, and an account's name is in every list of processes
    for user in (what.lower(), what.lower().removeprefix(paths.UNIT_PREFIX)):
        if find_account_made_for(machine, user) is not None or machine.read_account(user) is not None:
            return (make_unit_name(user),)
    raise LittlestError(
        f"no user {what!r} has started a server on this machine",
        "Name a user as the hub's admin page shows it, or one of: " + ", ".join(paths.LOGGED_UNITS),
    )
