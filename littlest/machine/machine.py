"""The one door to the machine: files under a root directory, and commands.

Nothing else in the package runs commands. With another root than `/` the same code fills a directory tree
that is not running (a test's, or an image's): commands that can work on such a tree get its root, and no service is
started.
"""

import contextlib
import hashlib
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from littlest.errors import LittlestError
from littlest.machine.account_database import (
    Account,
    read_account_of,
    read_accounts,
    read_group,
    read_local_accounts,
    read_local_groups,
)
from littlest.machine.commands import COMMAND_PATH, CommandResult, run_attached_command, run_command
from littlest.machine.read_file import read_file
from littlest.machine.trees import remove_tree


class PathKind(StrEnum):
    """What stands at a path."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PathState:
    """What stands at a path, a link not followed."""

    kind: PathKind
    mode: int
    uid: int
    gid: int


class Machine:
    """A root directory plus a way to run commands."""

    def __init__(self, root: str | os.PathLike[str] = "/") -> None:
        self.root = Path(root).resolve()
        self.is_live = self.root == Path("/")
        """Whether this is the running machine itself, so services can be started and asked."""

    # -- commands ---------------------------------------------------------------------------------------------------

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        check: bool = True,
        timeout: float = 120.0,
        env: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run a command in a clean environment, and wait at most `timeout` seconds.

        Raises CommandFailed when it cannot be started, does not end in time, or (with `check`) ends with another
        status than 0; its message ends with the last lines of what the command said.
        """
        return run_command(argv, input=input, check=check, timeout=timeout, env=env)

    def run_attached(self, argv: Sequence[str]) -> int:
        """Run a command that writes to our own output until it ends or Ctrl-C ends it; return its status."""
        return run_attached_command(argv)

    def has_command(self, name: str) -> bool:
        """Whether the machine has this command."""
        return shutil.which(name, path=COMMAND_PATH) is not None

    # -- looking ----------------------------------------------------------------------------------------------------

    def path(self, path: PurePosixPath) -> Path:
        """The real file behind one of our paths. Raises LittlestError when it would lie outside the root."""
        if not path.is_absolute() or ".." in path.parts:
            raise LittlestError(f"{path}: not an absolute path without '..'")
        if self.is_live:
            return Path(path)
        real = self.root / path.relative_to("/")
        if not real.parent.resolve().is_relative_to(self.root):
            raise LittlestError(f"{path}: a link on the way leads out of {self.root}")
        return real

    def read_state(self, path: PurePosixPath) -> PathState | None:
        """What stands there, None for nothing; a link is not followed."""
        try:
            found = self.path(path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        kinds = {stat.S_IFREG: PathKind.FILE, stat.S_IFDIR: PathKind.DIRECTORY, stat.S_IFLNK: PathKind.LINK}
        kind = kinds.get(stat.S_IFMT(found.st_mode), PathKind.OTHER)
        return PathState(kind, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)

    def read_text(self, path: PurePosixPath) -> str | None:
        """The content of a text file, None when there is no such file."""
        content = self.read_bytes(path)
        return None if content is None else content.decode()

    def read_bytes(self, path: PurePosixPath) -> bytes | None:
        """The content of a file, None when there is no such file."""
        try:
            return read_file(self.path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_link(self, path: PurePosixPath) -> PurePosixPath | None:
        """Where a symbolic link points, None when there is no link."""
        try:
            return PurePosixPath(self.path(path).readlink())
        except OSError:
            return None

    def read_digest(self, path: PurePosixPath) -> str:
        """SHA-256 of a file's content, links followed; "missing" where there is none to be read."""
        try:
            real = self.path(path)
            # nobody knows when a pipe or a device ends
            content = b"no ordinary file" if real.exists() and not real.is_file() else real.read_bytes()
            return hashlib.sha256(content).hexdigest()
        except OSError:
            return "missing"

    def list_directory(self, path: PurePosixPath) -> tuple[str, ...]:
        """Sorted names in a directory; none when there is no such directory."""
        try:
            return tuple(sorted(entry.name for entry in self.path(path).iterdir()))
        except (FileNotFoundError, NotADirectoryError):
            return ()

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
        """Put a file there in one moment: whoever looks sees the old one or all of the new one, in its final mode.

        An owner or a group may be a number that no account has.
        """
        real = self.path(path)
        real.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        # one fixed name, so what an interrupted run left is overwritten by the next one
        temporary = real.with_name(f".{real.name}.littlest-new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            self._set_owner(descriptor, owner, group)
            os.fchmod(descriptor, mode)
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(descriptor)
        temporary.rename(real)
        self._sync_directory(real.parent)

    def make_link(self, path: PurePosixPath, target: PurePosixPath) -> None:
        """Let a symbolic link point there, replacing an older link by one rename(2)."""
        real = self.path(path)
        real.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        temporary = real.with_name(f".{real.name}.littlest-new")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
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
        """Remove a directory with all it holds, but nothing that is mounted in it from elsewhere."""
        real = self.path(path)
        if real.is_symlink() or not real.is_dir():
            self.remove(path)
        else:
            remove_tree(real)
            self._sync_directory(real.parent)

    # -- accounts ---------------------------------------------------------------------------------------------------

    def read_account(self, name: str) -> Account | None:
        """The account of this name, None when there is none."""
        return next(iter(read_accounts(self.root, name)), None)

    def read_account_of(self, uid: int) -> Account | None:
        """The account with this number, None when there is none."""
        return read_account_of(self.root, uid)

    def read_accounts(self) -> tuple[Account, ...]:
        """Every account that the machine lists."""
        return read_accounts(self.root)

    def read_local_accounts(self) -> tuple[Account, ...]:
        """The accounts of the machine's own file, without those of a directory service."""
        return read_local_accounts(self.root)

    def read_local_groups(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Number and members of each group of the machine's own file."""
        return read_local_groups(self.root)

    def read_group(self, name: str) -> tuple[int, tuple[str, ...]] | None:
        """Number and members of a group, None when there is none."""
        return read_group(self.root, name)

    def get_ids(self, owner: str | int, group: str | int) -> tuple[int, int]:
        """Numbers of an account and a group. Raises LittlestError when one of them does not exist."""
        return self._get_uid(owner), self._get_gid(group)

    def _get_uid(self, owner: str | int) -> int:
        if isinstance(owner, int):
            return owner
        uid = 0 if owner == "root" else getattr(self.read_account(owner), "uid", None)
        if uid is None:
            raise LittlestError(f"the account {owner} does not exist on this machine")
        return uid

    def _get_gid(self, group: str | int) -> int:
        if isinstance(group, int):
            return group
        found = (0,) if group == "root" else self.read_group(group)
        if found is None:
            raise LittlestError(f"the group {group} does not exist on this machine")
        return found[0]

    def can_chown(self) -> bool:
        """Whether files can be given to others: only root can."""
        return os.geteuid() == 0

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
