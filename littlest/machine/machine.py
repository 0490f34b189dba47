"""The one door to the machine: files below a root directory, accounts, and commands.

With another root than `/`, the same code fills the tree of a test or an image, whose services do not run: commands
that can work on such a tree get its root, and nothing is started.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from littlest.errors import LittlestError
from littlest.machine.account_database import AccountDatabase
from littlest.machine.commands import CommandRunner
from littlest.machine.read_file import read_file
from littlest.machine.trees import remove_tree


class PathKind(StrEnum):
    """What a path leads to."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PathState:
    """What a path leads to, without following a link."""

    kind: PathKind
    mode: int
    uid: int
    gid: int


class Machine(CommandRunner, AccountDatabase):
    """A root directory, and the commands of the machine."""

    def __init__(self, root: str | os.PathLike[str] = "/") -> None:
        self.root = Path(root).resolve()
        self.is_live = self.root == Path("/")
        """Whether this is the running machine itself, whose services can be started and asked."""

    # -- looking ----------------------------------------------------------------------------------------------------

    def path(self, path: PurePosixPath) -> Path:
        """Return the real file of one of our paths. Raises LittlestError when it would lie outside the root."""
        if not path.is_absolute() or ".." in path.parts:
            raise LittlestError(f"{path}: not an absolute path without '..'")
        if self.is_live:
            return Path(path)
        real = self.root / path.relative_to("/")
        if not real.parent.resolve().is_relative_to(self.root):
            raise LittlestError(f"{path}: a link on the way leads out of {self.root}")
        return real

    def read_state(self, path: PurePosixPath) -> PathState | None:
        """Return what is there, None for nothing; a link is not followed."""
        try:
            found = self.path(path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        kinds = {stat.S_IFREG: PathKind.FILE, stat.S_IFDIR: PathKind.DIRECTORY, stat.S_IFLNK: PathKind.LINK}
        kind = kinds.get(stat.S_IFMT(found.st_mode), PathKind.OTHER)
        return PathState(kind, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)

    def read_text(self, path: PurePosixPath) -> str | None:
        """Return the content of a text file, None when there is no such file."""
        content = self.read_bytes(path)
        return None if content is None else content.decode()

    def read_bytes(self, path: PurePosixPath) -> bytes | None:
        """Return the content of a file, None when there is no such file. Raises OSError as `read_file` does."""
        try:
            return read_file(self.path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_link(self, path: PurePosixPath) -> PurePosixPath | None:
        """Return where a symbolic link points, None when there is no link."""
        try:
            return PurePosixPath(self.path(path).readlink())
        except OSError:
            return None

    def read_digest(self, path: PurePosixPath) -> str:
        """Return the SHA-256 of a file's content, links followed; "missing" when it cannot be read."""
        try:
            real = self.path(path)
            # reading a pipe or a device might never end
            content = b"no ordinary file" if real.exists() and not real.is_file() else real.read_bytes()
            return hashlib.sha256(content).hexdigest()
        except OSError:
            return "missing"

    def list_directory(self, path: PurePosixPath) -> tuple[str, ...]:
        """Return the sorted names in a directory; none when there is no such directory."""
        try:
            return tuple(sorted(entry.name for entry in self.path(path).iterdir()))
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def list_files(self, folder: PurePosixPath) -> Iterator[PurePosixPath]:
        """Yield what is in a folder and in the folders below it, without the folders themselves."""
        for name in self.list_directory(folder):
            state = self.read_state(folder / name)
            if state is not None and state.kind is PathKind.DIRECTORY:
                yield from self.list_files(folder / name)
            else:
                yield folder / name

    # -- changing files ---------------------------------------------------------------------------------------------

    def write_file(
        self,
        path: PurePosixPath,
        content: str | bytes,
        *,
        mode: int = 0o644,
        owner: str | int = "root",
        group: str | int = "root",
    ) -> None:
        """Write a file by one rename(2): every reader sees the old file or the whole new one, in its final mode.

        An owner or a group may be a number that no account has.
        """
        with self._replace(path) as temporary:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                self._set_owner(file.fileno(), owner, group)
                os.fchmod(file.fileno(), mode)
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())

    def make_link(self, path: PurePosixPath, target: PurePosixPath) -> None:
        """Make a symbolic link that points there, and replace an older link by one rename(2)."""
        with self._replace(path) as temporary:
            temporary.symlink_to(target)

    @contextlib.contextmanager
    def _replace(self, path: PurePosixPath) -> Iterator[Path]:
        """Give a temporary name; what has this name at the end of the context takes the place of the path."""
        real = self.path(path)
        real.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        # one fixed name, so what an interrupted run left is overwritten by the next one
        temporary = real.with_name(f".{real.name}.littlest-new")
        temporary.unlink(missing_ok=True)
        yield temporary
        temporary.rename(real)
        self._sync_directory(real.parent)

    def make_directory(
        self, path: PurePosixPath, *, mode: int = 0o755, owner: str = "root", group: str = "root"
    ) -> None:
        """Make a directory, or give it this owner and mode. It is never open to more people than `mode` says."""
        real = self.path(path)
        real.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            real.mkdir(mode=0o700)
        descriptor = os.open(real, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            self._set_owner(descriptor, owner, group)
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)

    def rename(self, path: PurePosixPath, target: PurePosixPath) -> None:
        """Move a file or directory by one rename(2)."""
        self.path(path).rename(self.path(target))
        self._sync_directory(self.path(target).parent)

    def remove(self, path: PurePosixPath) -> None:
        """Remove a file, a link, or an empty directory; a directory with something in it stays."""
        real = self.path(path)
        with contextlib.suppress(FileNotFoundError):
            if real.is_dir() and not real.is_symlink():
                with contextlib.suppress(OSError):
                    real.rmdir()
            else:
                real.unlink()

    def remove_tree(self, path: PurePosixPath) -> None:
        """Remove a directory with its contents, except what is mounted in it."""
        real = self.path(path)
        if real.is_symlink() or not real.is_dir():
            self.remove(path)
        else:
            remove_tree(real)
            self._sync_directory(real.parent)

    def _set_owner(self, descriptor: int, owner: str | int, group: str | int) -> None:
        if self.can_chown():
            os.fchown(descriptor, *self.get_ids(owner, group))

    @staticmethod
    def _sync_directory(directory: Path) -> None:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
