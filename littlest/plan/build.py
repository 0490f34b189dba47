"""What a configuration means for this machine, as a plan. Pure."""

from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.model import Config
from littlest.plan.account_names import make_account_steps
from littlest.plan.effects import make_live_digest, make_restart_digest
from littlest.plan.https import make_certificate_steps
from littlest.plan.limits import make_server_limits_step
from littlest.plan.proxy_pages import make_page_steps
from littlest.plan.server_files import (
    make_directory_steps,
    make_environment_steps,
    make_file_steps,
    make_secret_steps,
)
from littlest.plan.service_accounts import make_service_steps
from littlest.plan.shared_folders import make_folder_steps
from littlest.plan.steps import (
    KeepSettings,
    Plan,
    Release,
    ReloadHub,
    RunUnit,
    SetInitialPassword,
    Step,
    TryServer,
    WaitUntilReady,
)
from littlest.plan.system_logins import make_system_login_steps
from littlest.plan.unit_files import make_probe_address, make_unit_steps


def make_plan(
    config: Config,
    release: Release,
    *,
    first_admin: str | None = None,
    password_file: Path | None = None,
    start: bool = True,
    is_install: bool = False,
    machine_memory: int = 0,
) -> Plan:
    """Return everything that the server consists of, in the order in which it is made.

    Where the hub keeps passwords, every admin gets a first one: otherwise anyone could choose it first, and be root.
    That of `first_admin` comes from `password_file`, if given. Without `start` everything is in place, and starts at
    the next boot. An install ends with a trial of everything that a user needs, and keeps its settings as the last
    known good ones. `machine_memory` is in bytes, 0 where it is not known.
    """
    units = make_unit_steps(config, release, machine_memory)
    return Plan(
        (
            *make_account_steps(config),
            *make_service_steps(config),
            *make_folder_steps(config),
            *make_directory_steps(),
            *make_secret_steps(),
            *make_system_login_steps(config),
            *make_file_steps(release, (first_admin,) if first_admin else ()),
            *_make_password_steps(config, first_admin, password_file),
            *make_certificate_steps(config),
            *make_page_steps(config),
            *make_environment_steps(),
            *(units if start else (step for step in units if not isinstance(step, RunUnit))),
            *(_make_running_steps(config) if start else ()),
            *((TryServer(make_probe_url(config)),) if start and is_install else ()),
            *((KeepSettings(once=not start),) if is_install else ()),
        )
    )


def _make_running_steps(config: Config) -> tuple[Step, ...]:
    """Return what is true of a server that runs."""
    url = make_probe_url(config)
    culler = (paths.CULLER_UNIT,) if config.services.cull.enabled else ()
    return (
        WaitUntilReady(url, units=(paths.PROXY_UNIT, paths.HUB_UNIT, *culler)),
        ReloadHub(url, make_live_digest(config), make_restart_digest(config)),
        make_server_limits_step(config),
    )


def make_probe_url(config: Config) -> str:
    """Return the address at which this machine reaches the hub's API through the proxy."""
    address = make_probe_address(config.http.address)
    host = f"[{address}]" if ":" in address else address
    protocol, port = ("https", config.https.port) if config.https.enabled else ("http", config.http.port)
    return f"{protocol}://{host}:{port}{config.base_url}hub/api/"


def _make_password_steps(config: Config, first_admin: str | None, password_file: Path | None) -> tuple[Step, ...]:
    if not config.auth.keeps_passwords:
        return ()
    first = (SetInitialPassword(first_admin, password_file),) if first_admin else ()
    return (*first, *(SetInitialPassword(name) for name in config.users.admin if name != first_admin))
