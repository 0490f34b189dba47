"""The vocabulary of a plan: each step is one intended change to the machine, as frozen data.

How a step is looked at and done stands in `littlest.system`; nothing here does I/O.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath as Path

from littlest.config.resolve import UserLimits
from littlest.paths import HTTPS_FILE, HUB_UNIT, PROXY_UNIT


@dataclass(frozen=True, slots=True)
class EnsureGroup:
    """A system group exists."""

    name: str


@dataclass(frozen=True, slots=True)
class SetGroupMembers:
    """The Unix groups of `users.groups` hold the accounts of exactly these hub users, and those that are no longer in
    the settings hold nobody. (They stay, so that their numbers give nobody else a right.)
    """

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    """Each Unix group with its hub users. Whoever has no account yet joins with their first server."""
    unix_name: str
    """The template of account names, by which an account that was there before is found."""


@dataclass(frozen=True, slots=True)
class EnsureSharedFolder:
    """A folder of root's that several users see, with what files made in it inherit. What is in it is people's."""

    path: Path
    writers: tuple[str, ...]
    """Unix groups whose members put files into it and change each other's; the first is the group of the files."""
    readers: tuple[str, ...] = ()
    """Unix groups whose members only see it."""


@dataclass(frozen=True, slots=True)
class CloseSharedFolder:
    """A folder that is shared no longer is root's alone. What is in it stays, and so does one that is gone."""

    path: Path


@dataclass(frozen=True, slots=True)
class EnsureSystemUser:
    """A system account without a login exists, with a group of its own name."""

    name: str
    home: Path
    comment: str


@dataclass(frozen=True, slots=True)
class MakeDirectory:
    """A directory exists with this owner and mode. What others put into it stays theirs."""

    path: Path
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"
    shared: bool = False
    """Not ours alone (such as /etc/sudoers.d): made where it is missing, and else left as it is."""


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A file has exactly this content, owner and mode."""

    path: Path
    content: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    once: bool = False
    """Written only where nothing stands (the admin's configuration); kept when it was changed."""


@dataclass(frozen=True, slots=True)
class MakeLink:
    """A symbolic link points there; changed by one rename(2)."""

    path: Path
    target: Path


class SecretKind(StrEnum):
    """What a secret file holds. The value itself never enters a plan."""

    TOKEN = "token"
    """64 hexadecimal digits (JupyterHub refuses tokens over 64 characters)."""
    COOKIE = "cookie"
    """64 hexadecimal digits, as `JupyterHub.cookie_secret_file` wants them."""


@dataclass(frozen=True, slots=True)
class EnsureSecret:
    """A secret of its own stands in the file (0600, root), made once and then kept."""

    path: Path
    kind: SecretKind = SecretKind.TOKEN


@dataclass(frozen=True, slots=True)
class WriteEnvironmentFile:
    """A systemd EnvironmentFile (0600, root) made of literal lines and of secrets read from their files."""

    path: Path
    secrets: tuple[tuple[str, Path], ...]
    """Pairs of variable name and the secret file that holds its value."""


@dataclass(frozen=True, slots=True)
class CopyCertificate:
    """The admin's certificate and key stand in one file (0600, root), from which the proxy starts: what becomes of
    theirs until the next apply takes nothing from anybody.
    """

    certificate: Path
    key: Path
    path: Path = HTTPS_FILE


@dataclass(frozen=True, slots=True)
class SetInitialPassword:
    """A first password for this hub user is known to the authenticator, unless the user has one already.

    It is generated, or read from `password_file`, and never enters a plan.
    """

    user: str
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class LayDownEnvironment:
    """The shared user environment exists, solved from the release's own channel. Made once, then its admins' own."""

    prefix: Path
    channel: Path
    group: str


@dataclass(frozen=True, slots=True)
class EnableUnit:
    """A unit starts at boot."""

    unit: str


@dataclass(frozen=True, slots=True)
class RunUnit:
    """A unit runs, started from these very inputs: it is restarted when their digest differs."""

    unit: str
    inputs: tuple[Path, ...]
    """Files whose content the running process depends on (unit file, environment file, settings)."""
    settings: str = ""
    """Further input that stands in no file of its own, such as the part of the settings that needs a restart."""
    url: str = ""
    """Of the hub's API, without a way through the proxy, where the unit tells which settings it was started with."""
    digest: str = ""
    """Of these settings, as it should tell."""


@dataclass(frozen=True, slots=True)
class WaitUntilReady:
    """The hub is well before the deadline: through the proxy, its API answers with its own version, people find the
    login page, and our token is known. Whenever something was started anew, it can write to its database, too, and
    its units run on.
    """

    url: str
    """Of the hub's API, ending in `hub/api/`."""
    seconds: float = 60.0
    units: tuple[str, ...] = (PROXY_UNIT, HUB_UNIT)


@dataclass(frozen=True, slots=True)
class ReloadHub:
    """The running hub has these settings in force, of those that it takes up while it runs; and it was started with
    the others.
    """

    url: str
    """Of the hub's API, ending in `hub/api/`."""
    digest: str
    """Of those that it takes up while it runs, as `littlest.plan.effects` makes it."""
    started: str
    """Of those that it was started with."""


@dataclass(frozen=True, slots=True)
class SetServerLimits:
    """Every user's server that runs has these limits, without a restart. One that uses more memory than it may keeps
    the limit that it has: what it computes would else be killed.
    """

    everybody: UserLimits
    users: tuple[tuple[str, UserLimits], ...] = ()
    """Users with limits of their own: how their servers' units describe themselves, and the limits."""


@dataclass(frozen=True, slots=True)
class TryServer:
    """A server of the user `littlest-canary` starts and computes 6*7 in a kernel, all of it through the proxy; then
    nothing of that user is left. Never so already: it is tried whenever it is planned.
    """

    url: str
    """Of the hub's API, ending in `hub/api/`."""
    seconds: float = 180.0


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """The settings in the admin's file are kept as the last good ones."""

    once: bool = False
    """Only where none are kept yet, because the hub was not started with these."""


@dataclass(frozen=True, slots=True)
class RemoveUnits:
    """These units are stopped and no longer start at boot."""

    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemovePath:
    """A file or link of ours is gone; a directory of ours is gone once it is empty."""

    path: Path


@dataclass(frozen=True, slots=True)
class RemoveSystemUser:
    """A system account of ours is gone."""

    name: str


Step = (
    EnsureGroup
    | SetGroupMembers
    | EnsureSharedFolder
    | CloseSharedFolder
    | EnsureSystemUser
    | MakeDirectory
    | WriteFile
    | MakeLink
    | EnsureSecret
    | WriteEnvironmentFile
    | CopyCertificate
    | SetInitialPassword
    | LayDownEnvironment
    | EnableUnit
    | RunUnit
    | WaitUntilReady
    | ReloadHub
    | SetServerLimits
    | TryServer
    | KeepSettings
    | RemoveUnits
    | RemovePath
    | RemoveSystemUser
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the machine should be like: steps in the order in which they are done."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """The release that a plan is made for."""

    version: str
    directory: Path
