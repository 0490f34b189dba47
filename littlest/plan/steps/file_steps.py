"""Steps for files, directories, links, secrets, shared folders and the user environment."""
# ruff: noqa: D102  # `step.Step` says what `list_owned` returns

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest.paths import HTTPS_FILE, LOGO_FILE
from littlest.plan.steps.step import Owned, Step


@dataclass(frozen=True, slots=True)
class EnsureSharedFolder(Step):
    """A folder of root's that several users share, with rights that files in it inherit. Its content is people's."""

    sentence = "make the shared folder {0.path}, with the rights that files in it inherit"
    path: Path
    writers: tuple[str, ...]
    """Unix groups whose members change each other's files in it; the first is the group of the files."""
    readers: tuple[str, ...] = ()
    """Unix groups whose members may only read it."""
    keeps_rights: bool = False
    """Everybody may put something into it, which keeps the rights that it was made with; the groups do not count."""

    def list_owned(self) -> Owned:
        return Owned(folders=(str(self.path),))


@dataclass(frozen=True, slots=True)
class CloseSharedFolder(Step):
    """A folder that is no longer shared is root's alone. Its content stays; a missing folder stays missing."""

    sentence = "close the folder {0.path}, which is no longer shared"
    path: Path


@dataclass(frozen=True, slots=True)
class MakeDirectory(Step):
    """A directory exists with this owner and mode. What others put into it stays theirs."""

    sentence = "make the directory {0.path} ({0.mode:04o}, {0.owner}:{0.group})"
    path: Path
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"
    shared: bool = False
    """Not ours alone (such as /etc/sudoers.d): made where it is missing, and otherwise left as it is."""

    def list_owned(self) -> Owned:
        return Owned(paths=((str(self.path), "directory"),))


@dataclass(frozen=True, slots=True)
class WriteFile(Step):
    """A file has exactly this content, owner and mode."""

    sentence = "write {0.path}"
    path: Path
    content: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    once: bool = False
    """Written only where no file exists (the admin's configuration). From then on it is people's."""
    reloads: tuple[str, ...] = ()
    """Units of others that read the file when they are reloaded; those that do not run or exist are left alone."""

    def list_owned(self) -> Owned:
        if self.once:
            return Owned(kept=(f"path:{self.path}",))
        digest = hashlib.sha256(self.content.encode()).hexdigest()
        return Owned(paths=((str(self.path), f"sha256:{digest}"),))


@dataclass(frozen=True, slots=True)
class MakeLink(Step):
    """A symbolic link points there; changed by one rename(2)."""

    sentence = "link {0.path} to {0.target}"
    path: Path
    target: Path

    def list_owned(self) -> Owned:
        return Owned(paths=((str(self.path), f"link:{self.target}"),))


@dataclass(frozen=True, slots=True)
class EnsureSecret(Step):
    """The file (0600, root) has a secret: 64 hexadecimal digits, generated once and then kept."""

    sentence = "create the secret {0.path}"
    path: Path

    def list_owned(self) -> Owned:
        return Owned(kept=(f"path:{self.path}",))


@dataclass(frozen=True, slots=True)
class WriteEnvironmentFile(Step):
    """An EnvironmentFile of systemd (0600, root) sets variables to secrets that are read from their files."""

    sentence = "write {0.path}"
    path: Path
    secrets: tuple[tuple[str, Path], ...]
    """Pairs of variable name and the secret file that holds its value."""

    def list_owned(self) -> Owned:
        return Owned(kept=(f"path:{self.path}",))


@dataclass(frozen=True, slots=True)
class CopyCertificate(Step):
    """One file (0600, root) holds the admin's certificate and key. The proxy starts from it, so that a change of the
    admin's own files has no effect until the next apply.
    """

    sentence = "copy {0.certificate} and its key to {0.path}"
    certificate: Path
    key: Path
    path: Path = HTTPS_FILE

    def list_owned(self) -> Owned:
        return Owned(paths=((str(self.path), "copy"),))


@dataclass(frozen=True, slots=True)
class CopyLogo(Step):
    """A file has the admin's logo, from which hub and proxy show it: the admin's own may vanish."""

    sentence = "copy the logo {0.logo} to {0.path}"
    logo: Path
    path: Path = LOGO_FILE

    def list_owned(self) -> Owned:
        return Owned(paths=((str(self.path), "copy"),))


@dataclass(frozen=True, slots=True)
class WriteProxyPage(Step):
    """A page that the proxy shows by itself has this title, help and, if so wanted, the logo that was copied."""

    sentence = "write {0.path}"
    path: Path
    title: str
    help_url: str
    has_logo: bool

    def list_owned(self) -> Owned:
        return Owned(paths=((str(self.path), "copy"),))


@dataclass(frozen=True, slots=True)
class CreateEnvironment(Step):
    """The shared user environment exists, solved from the release's own channel. Once made, it is people's."""

    sentence = "create the user environment {0.prefix}"
    prefix: Path
    channel: Path
    group: str

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

    sentence = "remove {0.path}"
    path: Path
