"""Every check, in one table. `littlest status`, `littlest doctor` and its page of the docs come from it."""

from collections.abc import Callable, Iterable, Iterator

from littlest.errors import LittlestError
from littlest.health import account_checks, deep_checks, machine_checks, service_checks, status_checks
from littlest.health.finding import Check, Examined, Fault, Finding, Level
from littlest.health.readings import Readings


class OfReadings:
    """A check of what `littlest status` has read, as a check of a server."""

    def __init__(self, look: Callable[[Readings], Iterator[Fault]]) -> None:
        self.look = look
        self.__doc__ = look.__doc__

    def __call__(self, examined: Examined) -> Iterator[Fault]:
        """Look at what was read."""
        return self.look(examined.readings)


CHECKS: tuple[Check, ...] = (
    Check("installation", "The installation has finished.", OfReadings(status_checks.check_installation)),
    Check("units", "Each of our units runs.", OfReadings(status_checks.check_units)),
    Check("units-masked", "None of our units is masked.", service_checks.check_masked),
    Check("units-overridden", "Nobody has changed our units.", service_checks.check_overridden, Level.WARNING),
    Check("restarts", "No service ends by itself.", service_checks.check_restarts, Level.WARNING),
    Check("running-release", "The services run the installed release.", service_checks.check_running_release),
    Check("ports", "The hub's ports are its own.", service_checks.check_ports),
    Check("hub", "The hub answers, with the applied settings.", OfReadings(status_checks.check_hub)),
    Check("orphans", "The hub knows each running server.", service_checks.check_orphans, Level.WARNING),
    Check("passwords", "The hub has its passwords.", OfReadings(status_checks.check_passwords)),
    Check("settings", "The settings are valid and applied.", OfReadings(status_checks.check_settings)),
    Check("drop-ins", "Each drop-in works.", OfReadings(status_checks.check_drop_ins)),
    Check("applied", "The machine is what the settings say.", OfReadings(status_checks.check_applied)),
    Check("certificate", "The certificate is valid for a while.", OfReadings(status_checks.check_certificate)),
    Check("disk", "The hub can write, and there is space for new servers.", OfReadings(status_checks.check_disk)),
    Check("disks", "No disk is full.", machine_checks.check_disks),
    Check("noexec", "Programs start from our folders.", machine_checks.check_noexec),
    Check("homes", "Users can save their work.", OfReadings(status_checks.check_homes)),
    Check("home-owner", "Each home belongs to its user.", account_checks.check_home_owner),
    Check("home-open", "Homes are closed to others.", account_checks.check_home_open, Level.WARNING),
    Check("ways", "Users get to all that they need, and nobody can change it.", machine_checks.check_ways),
    Check("temporary", "Everybody can make temporary files.", machine_checks.check_temporary),
    Check("secrets", "Only root can read the secrets.", account_checks.check_secrets),
    Check("sudoers", "sudo can read all its files.", account_checks.check_sudoers),
    Check("memory-limits", "The kernel enforces limits of memory.", OfReadings(status_checks.check_memory_limits)),
    Check("environment-rights", "Admins can change the user environment.", account_checks.check_environment_rights),
    Check("environment", "A kernel of the user environment starts.", OfReadings(status_checks.check_environment)),
    Check("release", "The files of the release are intact.", OfReadings(status_checks.check_release)),
    Check("database", "The hub can use all of its database.", OfReadings(status_checks.check_database)),
    Check("clock", "The clock is right.", machine_checks.check_clock),
    Check("loopback", "The loopback interface is up.", machine_checks.check_loopback),
    Check("localhost", "The name localhost leads to this machine.", machine_checks.check_localhost),
    Check("journal", "Logs are kept over a reboot.", machine_checks.check_journal, Level.WARNING),
    Check("leftovers", "No interrupted run has left anything.", account_checks.check_leftovers, Level.WARNING),
    Check("server-start", "A server starts and computes.", deep_checks.check_server_start, is_deep=True),
    Check("release-files", "Each file of the release is intact.", deep_checks.check_release_files, is_deep=True),
    Check("packages", "The packages of the user environment fit together.", deep_checks.check_packages, is_deep=True),
)
"""In the order of the report."""


def find_findings(examined: Examined, checks: Iterable[Check] | None = None) -> tuple[Finding, ...]:
    """Return what these checks find, or all that are quick. A check that cannot look is itself a finding."""
    wanted = [check for check in CHECKS if not check.is_deep] if checks is None else checks
    return tuple(finding for check in wanted for finding in _run(check, examined))


def _run(check: Check, examined: Examined) -> Iterator[Finding]:
    try:
        for fault in check.look(examined):
            yield Finding(
                check.id, check.level, check.reason, fault.problem, fault.observed, fault.fix, fault.is_safe
            )
    except (LittlestError, OSError) as error:
        said = error.message if isinstance(error, LittlestError) else str(error)
        problem = f"could not look whether this is true: {check.title} {said}"
        yield Finding(check.id, Level.UNKNOWN, check.reason, problem, said, "", is_safe=False)
