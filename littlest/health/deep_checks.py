"""Checks that take long: only `littlest doctor --deep` runs them."""

from collections.abc import Iterator

from littlest import paths
from littlest.errors import LittlestError
from littlest.health.finding import Examined, Fault
from littlest.health.status_checks import MOST_NAMES, REINSTALL
from littlest.machine.lock import hold_lock
from littlest.plan.build import make_probe_url
from littlest.plan.steps import TryServer
from littlest.system.environment.kernel import run_as_nobody
from littlest.system.hub.canary import try_server
from littlest.system.releases.manifest import find_damaged_files

PACKAGES_SECONDS = 60.0


def check_server_start(examined: Examined) -> Iterator[Fault]:
    """The last proof: a server of nobody's starts, and its kernel computes."""
    if not examined.machine.is_live:
        return
    try:
        with hold_lock(examined.machine):
            try_server(examined.machine, TryServer(make_probe_url(examined.config)))
    except LittlestError as error:
        yield Fault(error.message, error.hint or "sudo littlest logs hub", error.message.splitlines()[0])


def check_release_files(examined: Examined) -> Iterator[Fault]:
    """A disk that fails changes files without a trace, so each of them is read and compared with its SHA-256."""
    damaged = find_damaged_files(examined.machine, examined.release.directory)
    if damaged:
        shown = ", ".join(damaged[:MOST_NAMES])
        files = "one file of the release is" if len(damaged) == 1 else f"{len(damaged)} files of the release are"
        yield Fault(f"{files} missing or changed: {shown}", REINSTALL, shown)


def check_packages(examined: Examined) -> Iterator[Fault]:
    """Packages of the user environment that do not fit together fail in the middle of a lesson."""
    python = paths.USER_ENVIRONMENT_DIR / "bin/python"
    if not examined.machine.is_live or not examined.machine.path(python).exists():
        return
    done = run_as_nobody(examined.machine, str(python), "-B", "-m", "pip", "check", timeout=PACKAGES_SECONDS)
    if done.status:
        lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
        yield from (
            Fault(f"packages of the user environment do not fit together: {line}", observed=line)
            for line in lines[:MOST_NAMES]
        )
