"""The shared user environment."""

from littlest import paths
from littlest.plan.steps import CreateEnvironment, Step


def make_environment_steps() -> tuple[Step, ...]:
    """The environment of kernels and libraries, from the packages that the release brought."""
    return (CreateEnvironment(paths.USER_ENVIRONMENT_DIR, paths.PACKAGES_LINK, paths.ADMINS_GROUP),)
