"""What people read next to a plan: warnings about the settings, steps as data, and where first passwords are."""

import shlex
from collections.abc import Iterable, Iterator

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.secrecy import contains_secret_argument
from littlest.plan.steps import SetInitialPassword, Step


def find_warnings(config: Config) -> Iterator[str]:
    """Yield a sentence about each setting that is allowed and probably a mistake."""
    if not config.users.admin:
        yield "Note: users.admin is empty. Its former admins lose their rights and can no longer log in."
    everybody = next((network for network in config.proxy.trusted if network.endswith("/0")), None)
    if everybody:
        yield (
            f"Note: proxy.trusted names everybody ({everybody}): any visitor can spoof their IP address. "
            "Name only the web server in front of the hub."
        )
    if config.https.letsencrypt.email or config.https.letsencrypt.domains:
        yield (
            "Note: https.letsencrypt does nothing: certificates from Let's Encrypt are not possible in this version. "
            "For encryption give https.certificate and https.key."
        )
    for name, service in config.services.managed.items():
        if contains_secret_argument(service.command):
            yield (
                f"Note: services.managed.{name}.command gives a secret as an argument, which every user of this"
                " machine can see. Give it in environment, or let the hub create the token."
            )


def make_step_data(steps: Iterable[Step]) -> list[dict[str, str]]:
    """Return steps for `--json`: the kind of each, and what it does in words."""
    return [{"kind": type(step).__name__, "does": step.describe()} for step in steps]


def list_first_passwords(steps: Iterable[Step]) -> dict[str, str]:
    """Return the users for whom these steps make up a first password, each with its file."""
    return {
        step.user: str(paths.INITIAL_PASSWORD_DIR / step.user)
        for step in steps
        if isinstance(step, SetInitialPassword) and step.password_file is None
    }


def render_first_passwords(files: dict[str, str]) -> tuple[str, ...]:
    """Return a line for each of these users: the command that shows root the password."""
    return tuple(f"First password of {user}: sudo cat {shlex.quote(file)}" for user, file in files.items())
