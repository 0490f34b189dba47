"""`littlest status`: is everything as it should be?"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from littlest import __version__
from littlest.errors import ExitCode, LittlestError
from littlest.health.checks import find_findings
from littlest.health.finding import Examined
from littlest.health.readings import Readings
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.steps import Release
from littlest.plan.usage_words import render_ago, render_cores_of, render_size, render_size_of
from littlest.report import Report
from littlest.system.record_file import read_record
from littlest.system.releases.current import read_current_release
from littlest.system.servers.usage import UserUse


def run_status(machine: Machine, *, release: Release | None = None) -> Report:
    """Report units, versions, addresses, users and servers, settings, disk and memory; exit code 4 for a problem.

    Raises LittlestError where nothing is installed.
    """
    check_root(machine)
    record = read_record(machine)
    if not record.units:
        raise LittlestError("The Littlest JupyterHub is not installed on this machine", "Run its installer.")
    examined = Examined(machine, record, release or read_current_release(machine))
    found = examined.readings
    problems = [str(finding) for finding in find_findings(examined)]
    data = {"version": __version__, **asdict(found), "problems": problems, "healthy": not problems}
    return Report(_render(found, problems), data, ExitCode.DRIFT if problems else ExitCode.DONE)


def _render(found: Readings, problems: Sequence[str]) -> tuple[str, ...]:
    users, servers = ("unknown" if count is None else count for count in (found.users, found.servers))
    disk, memory = (
        f"{render_size(free)} of {render_size(total)} free"
        for free, total in (
            (found.disk_free_bytes, found.disk_total_bytes),
            (found.memory_free_bytes, found.memory_total_bytes),
        )
    )
    return (
        f"The Littlest JupyterHub {__version__}, JupyterHub {found.jupyterhub_version or 'does not answer'}",
        f"  address  {' or '.join(found.addresses)}",
        *(f"  login    {name}: {address}" for name, address in found.login_addresses.items()),
        *(f"  {unit:<32} {state}" for unit, state in found.units.items()),
        f"  users    {users}, with a server running: {servers}",
        *((f"  removed  {', '.join(found.removed_users)}: may not log in any more",) if found.removed_users else ()),
        *_render_passwords(found),
        f"  disk     {disk}",
        f"  memory   {memory}",
        *(f"  note     {sentence}" for sentence in found.left_out_extensions),
        *render_usage(found.usage),
        *((f"Problems ({len(problems)}; more with sudo littlest doctor):",) if problems else ()),
        *(f"  {problem}" for problem in problems),
    )


def _render_passwords(found: Readings) -> tuple[str, ...]:
    """Return a line for each sort of users who have no password of their own."""
    sorts = (
        (found.unclaimed_names, "nobody has logged in yet, and the first login chooses the password"),
        (found.unused_one_time_passwords, "have a one-time password, not used yet"),
        (
            found.users_without_password,
            "cannot log in without a password; to make one: sudo littlest user passwd NAME",
        ),
    )
    return tuple(f"  password {', '.join(names)}: {what}" for names, what in sorts if names)


def render_usage(uses: Sequence[UserUse], now: datetime | None = None) -> tuple[str, ...]:
    """Return a table of the users with a server, and of those who were short of memory; the others are counted."""
    shown = [use for use in uses if use.server or use.out_of_memory]
    rows = [("server", "memory", "cpu", "last activity", "home", ""), *(_make_row(use, now) for use in shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (f"  {'  '.join(map(str.ljust, row, widths))}".rstrip() for row in rows)
    others = len(uses) - len(shown)
    return (
        *(tuple(lines) if shown else ()),
        *((f"  {others} without a server: sudo littlest user list",) if others else ()),
    )


def _make_row(use: UserUse, now: datetime | None) -> tuple[str, ...]:
    now = now or datetime.now(UTC)
    short = f"out of memory {render_ago(use.out_of_memory, now)}" if use.out_of_memory else ""
    return (
        use.name,
        render_size_of(use.memory_bytes, use.memory_limit_bytes) if use.server else "-",
        render_cores_of(use.cpu_cores, use.cpu_limit_cores) if use.server else "-",
        render_ago(use.last_activity, now),
        "-" if use.home_bytes is None else render_size(use.home_bytes),
        short,
    )
