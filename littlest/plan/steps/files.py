"""Steps for files, directories, links, secrets, shared folders and the user environment."""
# ruff: noqa: D102  # `base.Step` says what the two methods of every kind return

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath as Path

from littlest.paths import HTTPS_FILE, SYSTEMD_DIR
from littlest.plan.steps.base import Owned, Step


@dataclass(frozen=True, slots=True)
class EnsureSharedFolder(Step):
    """A folder of root's that several users see, with rights that files in it inherit. Its content is people's."""

    path: Path
    writers: tuple[str, ...]
    """Unix groups whose members put files into it and change each other's; the first is the group of the files."""
    readers: tuple[str, ...] = ()
    """Unix groups whose members only see it."""

    def describe(self) -> str:
        return f"make the shared folder {self.path}, with the rights that files in it inherit"

    def list_owned(self) -> Owned:
        return Owned(folders=(str(self.path),))


@dataclass(frozen=True, slots=True)
class CloseSharedFolder(Step):
    """A folder that is no longer shared is root's alone. Its content stays; a missing folder stays missing."""

    path: Path

    def describe(self) -> str:
        return f"close the folder {self.path}, which is shared no longer"


@dataclass(frozen=True, slots=True)
class MakeDirectory(Step):
    """A directory exists with this owner and mode. What others put into it stays theirs."""

    path: Path
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"
    shared: bool = False
    """Not ours alone (such as /etc/sudoers.d): made where it is missing, and otherwise left as it is."""

    def describe(self) -> str:
        return f"make the directory {self.path} ({self.mode:04o}, {self.owner}:{self.group})"

    def list_owned(self) -> Owned:
        return Owned(paths=((str(self.path), "directory"),))


@dataclass(frozen=True, slots=True)
class WriteFile(Step):
    """A file has exactly this content, owner and mode."""

    path: Path
    content: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    once: bool = False
    """Written only where no file exists (the admin's configuration); an existing one is kept."""

    def describe(self) -> str:
        return f"write {self.path}"

    def list_owned(self) -> Owned:
        if self.once:
            return Owned()
        digest = hashlib.sha256(self.content.encode()).hexdigest()
        units = (self.path.name,) if self.path.parent == SYSTEMD_DIR else ()
        return Owned(paths=((str(self.path), f"sha256:{digest}"),), units=units)


@dataclass(frozen=True, slots=True)
class MakeLink(Step):
    """A symbolic link points there; changed by one rename(2)."""

    path: Path
    target: Path

    def describe(self) -> str:
        return f"link {self.path} to {self.target}"

    def list_owned(self) -> Owned:
        return Owned(paths=((str(self.path), f"link:{self.target}"),))


class SecretKind(StrEnum):
    """What a secret file holds. The value itself never enters a plan."""

    TOKEN = "token"
    """64 hexadecimal digits (JupyterHub refuses tokens over 64 characters)."""
    COOKIE = "cookie"
    """64 hexadecimal digits, as `JupyterHub.cookie_secret_file` wants them."""


@dataclass(frozen=True, slots=True)
class EnsureSecret(Step):
    """The file (0600, root) holds a secret of its own, made once and then kept."""

    path: Path
    kind: SecretKind = SecretKind.TOKEN

    def describe(self) -> str:
        return f"create the secret {self.path}"


@dataclass(frozen=True, slots=True)
class WriteEnvironmentFile(Step):
    """A systemd EnvironmentFile (0600, root) sets variables to secrets read from their files."""

    path: Path
    secrets: tuple[tuple[str, Path], ...]
    """Pairs of variable name and the secret file that holds its value."""

    def describe(self) -> str:
        return f"write {self.path}"


@dataclass(frozen=True, slots=True)
class CopyCertificate(Step):
    """One file (0600, root) holds the admin's certificate and key. The proxy starts from it, so that a change of the
    admin's own files has no effect until the next apply.
    """

    certificate: Path
    key: Path
    path: Path = HTTPS_FILE

    def describe(self) -> str:
        return f"copy {self.certificate} and its key to {self.path}"

    def list_owned(self) -> Owned:
        return Owned(paths=((str(self.path), "copy"),))


@dataclass(frozen=True, slots=True)
class CreateEnvironment(Step):
    """The shared user environment exists, solved from the release's own channel. Once made, it is its admins'."""

    prefix: Path
    channel: Path
    group: str

    def describe(self) -> str:
        return f"create the user environment {self.prefix}"


@dataclass(frozen=True, slots=True)
class RemovePath(Step):
    """A file or link of ours is gone; a directory of ours is gone once it is empty."""

    path: Path

    def describe(self) -> str:
        return f"remove {self.path}"
