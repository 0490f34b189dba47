"""The account, without any rights, that the programs of `services.managed` run as. Pure."""

from littlest import paths
from littlest.config.model import Config
from littlest.plan.steps import EnsureSystemUser, MakeDirectory, Step


def make_service_steps(config: Config) -> tuple[Step, ...]:
    """Return the steps for the account of managed services and its folder; none where the hub starts no service."""
    if not has_programs(config):
        return ()
    return (
        EnsureSystemUser(paths.SERVICES_USER, paths.SERVICES_DIR, "services of The Littlest JupyterHub"),
        MakeDirectory(paths.SERVICES_DIR, 0o700, paths.SERVICES_USER, paths.SERVICES_USER),
    )


def has_programs(config: Config) -> bool:
    """Whether the hub starts programs of services."""
    return any(service.command for service in config.services.managed.values())
