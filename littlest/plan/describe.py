"""One plain sentence for each step, as `littlest plan` and the progress lines show it."""

import shlex
from collections.abc import Iterable, Iterator

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.secrecy import contains_secret_argument
from littlest.plan.steps import (
    CloseSharedFolder,
    CopyCertificate,
    EnableUnit,
    EnsureGroup,
    EnsureSecret,
    EnsureSharedFolder,
    EnsureSystemUser,
    KeepSettings,
    LayDownEnvironment,
    MakeDirectory,
    MakeLink,
    ReloadHub,
    RemovePath,
    RemoveSystemUser,
    RemoveUnits,
    RunUnit,
    SetGroupMembers,
    SetInitialPassword,
    SetServerLimits,
    Step,
    TryServer,
    WaitUntilReady,
    WriteEnvironmentFile,
    WriteFile,
)


def find_warnings(config: Config) -> tuple[str, ...]:
    """What is allowed and yet hardly meant, a sentence each."""
    return tuple(f"Note: {warning}" for warning in _list_warnings(config))


def _list_warnings(config: Config) -> Iterator[str]:
    if not config.users.admin:
        yield "users.admin names nobody. Whoever was an admin by it is none any more, and may not log in."
    everybody = next((network for network in config.proxy.trusted if network.endswith("/0")), None)
    if everybody:
        yield (
            f"proxy.trusted names everybody ({everybody}): each visitor can feign to come from any address. "
            "Name only the web server that stands before the hub."
        )
    if config.https.letsencrypt.email or config.https.letsencrypt.domains:
        yield (
            "https.letsencrypt does nothing: certificates from Let's Encrypt are not possible in this version. "
            "For encryption give https.certificate and https.key."
        )
    for name, service in config.services.managed.items():
        if contains_secret_argument(service.command):
            yield (
                f"services.managed.{name}.command gives a secret as an argument, which every user of this machine "
                "can see. Give it in environment, or let the hub make up the token."
            )


def render_step(step: Step) -> str:  # noqa: PLR0911, PLR0912  # one line for each kind of step
    """What a step does, in words for a person."""
    match step:
        case EnsureGroup():
            return f"create the group {step.name}"
        case SetGroupMembers():
            return "let the groups of users have their members, and no others"
        case EnsureSharedFolder():
            return f"make the shared folder {step.path}, with the rights that files in it inherit"
        case CloseSharedFolder():
            return f"close the folder {step.path}, which is shared no longer"
        case EnsureSystemUser():
            return f"create the system account {step.name}"
        case MakeDirectory():
            return f"make the directory {step.path} ({step.mode:04o}, {step.owner}:{step.group})"
        case WriteFile():
            return f"write {step.path}"
        case MakeLink():
            return f"link {step.path} to {step.target}"
        case EnsureSecret():
            return f"create the secret {step.path}"
        case WriteEnvironmentFile():
            return f"write {step.path}"
        case CopyCertificate():
            return f"copy {step.certificate} and its key to {step.path}"
        case SetInitialPassword():
            return f"set a first password for {step.user}"
        case LayDownEnvironment():
            return f"lay down the user environment {step.prefix}"
        case EnableUnit():
            return f"start {step.unit} at every boot"
        case RunUnit():
            return f"start {step.unit}, or restart it with its new settings"
        case WaitUntilReady():
            return f"wait until the hub answers at {step.url}"
        case ReloadHub():
            return "let the running hub take up the settings"
        case SetServerLimits():
            return "set the limits of the servers that run"
        case TryServer():
            return "try a server out: start one, compute 6*7 in it, and remove it again"
        case KeepSettings():
            return "keep the settings as the last good ones"
        case RemoveUnits():
            return f"stop {', '.join(step.units)}"
        case RemovePath():
            return f"remove {step.path}"
        case RemoveSystemUser():
            return f"remove the system account {step.name}"


def make_step_data(steps: Iterable[Step]) -> list[dict[str, str]]:
    """Steps for `--json`: of each its kind, and what it does in words."""
    return [{"kind": type(step).__name__, "does": render_step(step)} for step in steps]


def list_first_passwords(steps: Iterable[Step]) -> dict[str, str]:
    """The users for whom these steps made up a first password, each with the file that it stands in."""
    return {
        step.user: str(paths.INITIAL_PASSWORD_DIR / step.user)
        for step in steps
        if isinstance(step, SetInitialPassword) and step.password_file is None
    }


def render_first_passwords(files: dict[str, str]) -> tuple[str, ...]:
    """A line for each of these users: how root gets to see the password."""
    return tuple(f"First password of {user}: sudo cat {shlex.quote(file)}" for user, file in files.items())
