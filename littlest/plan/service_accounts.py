"""What the programs of `services.managed` run as: an account that may do nothing but be somebody."""

from littlest import paths
from littlest.config.model import Config
from littlest.plan.steps import EnsureSystemUser, MakeDirectory, Step


def make_service_steps(config: Config) -> tuple[Step, ...]:
    """The account of managed services, with a folder for what they keep; nothing where the hub starts none."""
    if not has_programs(config):
        return ()
    return (
        EnsureSystemUser(paths.SERVICES_USER, paths.SERVICES_DIR, "services of The Littlest JupyterHub"),
        MakeDirectory(paths.SERVICES_DIR, 0o700, paths.SERVICES_USER, paths.SERVICES_USER),
    )


def has_programs(config: Config) -> bool:
    """Whether the hub starts programs of services."""
    return any(service.command for service in config.services.managed.values())
