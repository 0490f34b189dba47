"""Steps for files, directories, links, secrets, shared folders and the user environment."""
# ruff: noqa: D102  # `base.Step` says what the two methods of every kind return

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest.paths import HTTPS_FILE, SYSTEMD_DIR
from littlest.plan.steps.base import Owned, Step


@dataclass(frozen=True, slots=True)
class EnsureSharedFolder(Step):
    """A folder of root's that several users share, with rights that files in it inherit. Its content is people's."""

    path: Path
    writers: tuple[str, ...]
    """Unix groups whose members change each other's files in it; the first is the group of the files."""
    readers: tuple[str, ...] = ()
    """Unix groups whose members may only read it."""

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
    """Written only where no file exists (the admin's configuration). From then on it is people's."""

    def describe(self) -> str:
        return f"write {self.path}"

    def list_owned(self) -> Owned:
        if self.once:
            return Owned(kept=(f"path:{self.path}",))
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


@dataclass(frozen=True, slots=True)
class EnsureSecret(Step):
    """The file (0600, root) has a secret: 64 hexadecimal digits, generated once and then kept."""

    path: Path

    def describe(self) -> str:
        return f"create the secret {self.path}"

    def list_owned(self) -> Owned:
        return Owned(kept=(f"path:{self.path}",))


@dataclass(frozen=True, slots=True)
class WriteEnvironmentFile(Step):
    """An EnvironmentFile of systemd (0600, root) sets variables to secrets that are read from their files."""

    path: Path
    secrets: tuple[tuple[str, Path], ...]
    """Pairs of variable name and the secret file that holds its value."""

    def describe(self) -> str:
        return f"write {self.path}"

    def list_owned(self) -> Owned:
        return Owned(kept=(f"path:{self.path}",))


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
    """The shared user environment exists, solved from the release's own channel. Once made, it is people's."""

    prefix: Path
    channel: Path
    group: str

    def describe(self) -> str:
        return f"create the user environment {self.prefix}"

    @property
    def work_folders(self) -> tuple[Path, Path]:
        """Where it is built, and the cache: next to its final place, on the same file system."""
        return self.prefix.with_name(f"{self.prefix.name}.incomplete"), self.prefix.with_name(
            f"{self.prefix.name}.cache"
        )

    def list_owned(self) -> Owned:
        # the interrupted installation of a package may write into the work folders for a moment longer
        return Owned(kept=tuple(f"path:{path}" for path in (self.prefix, *self.work_folders)))


@dataclass(frozen=True, slots=True)
class RemovePath(Step):
    """A file or link of ours is gone; a directory of ours is gone once it is empty."""

    path: Path

    def describe(self) -> str:
        return f"remove {self.path}"
