"""What a configuration means for this machine, as a plan. Pure."""

from pathlib import PurePosixPath as Path

from littlest.config.model import Config
from littlest.plan.accounts import make_account_steps
from littlest.plan.environments import make_environment_steps
from littlest.plan.files import make_directory_steps, make_file_steps, make_secret_steps
from littlest.plan.steps import Plan, Release, RunUnit, SetInitialPassword, Step, WaitUntilReady
from littlest.plan.units import make_unit_steps


def make_plan(
    config: Config,
    release: Release,
    *,
    first_admin: str | None = None,
    password_file: Path | None = None,
    start: bool = True,
) -> Plan:
    """Everything that the server consists of, in the order in which it is made.

    `first_admin` gets a first password, from `password_file` where one is named. Without `start` everything is in
    place and starts at the next boot.
    """
    passwords = (SetInitialPassword(first_admin, password_file),) if first_admin else ()
    return Plan(
        (
            *make_account_steps(),
            *make_directory_steps(),
            *make_secret_steps(),
            *make_file_steps(release, (first_admin,) if first_admin else ()),
            *passwords,
            *make_environment_steps(),
            *(step for step in make_unit_steps(config, release) if start or not isinstance(step, RunUnit)),
            *_make_probe_steps(config, start),
        )
    )


def make_probe_url(config: Config) -> str:
    """Where the hub's API is reached through the proxy, from this machine."""
    address = config.http.address
    if address in ("", "0.0.0.0"):  # noqa: S104  # the proxy listens there, we only ask
        address = "127.0.0.1"
    elif address == "::":
        address = "::1"
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{config.http.port}{config.base_url}hub/api/"


def _make_probe_steps(config: Config, start: bool) -> tuple[Step, ...]:
    return (WaitUntilReady(make_probe_url(config)),) if start else ()
