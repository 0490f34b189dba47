"""The shared user environment: solved and installed from the release's own channel, without a network."""

import asyncio
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from littlest.errors import LittlestError
from littlest.machine.digests import read_digests
from littlest.machine.machine import Machine
from littlest.plan.steps import CreateEnvironment

if TYPE_CHECKING:
    import rattler

SPECS_FILE = "environment.txt"
"""A file of the channel: the packages of the environment, a conda MatchSpec on each line."""
UMASK = 0o002
REPORT_EVERY = 20
"""Packages between two lines of progress."""


def is_environment_there(machine: Machine, step: CreateEnvironment) -> bool:
    """Whether there is an environment, whatever its admins have changed in it."""
    return bool(machine.list_directory(step.prefix))


def create_environment(machine: Machine, step: CreateEnvironment, progress: Callable[[str], None]) -> None:
    """Build the environment next to its final place, and move it there by one rename(2).

    It belongs to root and the group `step.group`, which may write everything in it, later additions included.
    Raises LittlestError when the channel lacks a package, or a package's SHA-256 is not that of the channel.
    """
    incomplete, cache = step.work_folders
    for path in step.work_folders:
        machine.remove_tree(path)
    # in a tree that does not run, a release's absolute links lead through the tree as well
    channel = machine.path(step.channel if machine.is_live else _follow_links(machine, step.channel))
    # the group may write from the first moment on: what is made here has its final mode, whatever our umask was
    before = os.umask(UMASK)
    try:
        asyncio.run(_build(channel, machine.path(incomplete), step.prefix, machine.path(cache), progress))
        # rattler marks it as a cache, which backup programs skip; what admins add later must be in backups
        machine.remove(incomplete / "CACHEDIR.TAG")
        _open_to_group(machine, machine.path(incomplete), step.group)
        machine.remove(step.prefix)  # an empty directory: with anything in it, the step counts as done
        machine.rename(incomplete, step.prefix)
    finally:
        os.umask(before)
        for path in step.work_folders:
            machine.remove_tree(path)


def _follow_links(machine: Machine, path: PurePosixPath) -> PurePosixPath:
    """Follow every link in a path, an absolute one from the tree's root."""
    followed, ahead = PurePosixPath("/"), list(path.parts[1:])
    while ahead:
        followed /= ahead.pop(0)
        target = machine.read_link(followed)
        if target is not None:
            ahead = [*(followed.parent / target).parts[1:], *ahead]
            followed = PurePosixPath("/")
    return followed


def _read_specs(file: Path) -> list[str]:
    try:
        lines = (line.split("#")[0].strip() for line in file.read_text().splitlines())
    except OSError as error:
        raise LittlestError(
            f"the packages of the user environment are missing: {file}: {error.strerror}",
            "The release is damaged. Run the installer again.",
        ) from error
    return [line for line in lines if line]


async def _build(
    channel: Path, prefix: Path, final: PurePosixPath, cache: Path, progress: Callable[[str], None]
) -> None:
    import rattler  # noqa: PLC0415  # takes longer to import than most commands take to run

    records = await _solve(channel, cache)
    _check_packages(channel, {f"{record.subdir}/{record.file_name}": record.sha256 for record in records})

    class Reporter(rattler.InstallerReporter):
        """Reports how many packages are installed."""

        done = 0

        def on_link_complete(self, index: int) -> None:
            self.done += 1
            if self.done % REPORT_EVERY == 0 or self.done == len(records):
                progress(f"user environment: {self.done} of {len(records)} packages")

    try:
        await rattler.install(
            records,
            target_prefix=prefix,
            cache_dir=cache / "packages",
            installed_packages=[],
            execute_link_scripts=False,
            show_progress=False,
            reporter=Reporter(),  # type: ignore[abstract]  # the other methods are there, and do nothing
            alternative_target_prefix=final,
        )
    except Exception as error:  # rattler raises its own kinds, and OSError for a full disk
        raise LittlestError(
            f"the user environment could not be created in {final}: {error}",
            "If a package is damaged, run the installer again; if the disk is full, make room.",
        ) from error


async def _solve(channel: Path, cache: Path) -> "list[rattler.RepoDataRecord]":
    import rattler  # noqa: PLC0415
    from rattler.exceptions import SolverError  # noqa: PLC0415

    specs = _read_specs(channel / SPECS_FILE)
    try:
        return await rattler.solve(
            [rattler.Channel(channel.as_uri())],
            specs,
            # root's own conda settings and caches take no part, and hard links need the same file system
            gateway=rattler.Gateway(cache_dir=cache / "channel"),
            platforms=[rattler.Subdir.current(), rattler.Subdir("noarch")],
            virtual_packages=rattler.VirtualPackage.detect(),
        )
    except SolverError as error:
        raise LittlestError(f"the packages in {channel} do not make a user environment: {error}") from error
    except Exception as error:
        raise LittlestError(f"the packages in {channel} cannot be read: {error}") from error


def _check_packages(channel: Path, expected: Mapping[str, bytes | None]) -> None:
    # rattler compares digests of what it downloads, not of packages on the disk
    found = zip(expected.items(), read_digests(channel, expected), strict=True)
    damaged = [name for (name, wanted), digest in found if wanted is None or digest != wanted.hex()]
    if damaged:
        raise LittlestError(
            f"packages in {channel} are damaged or missing: {', '.join(damaged)}", "Run the installer again."
        )


def _open_to_group(machine: Machine, prefix: Path, group: str) -> None:
    """Give the tree to the group: directories 2775, files writable by the group and readable by everybody."""
    uid, gid = machine.get_ids("root", group) if machine.can_chown() else (-1, -1)
    for _, _, names, directory in os.fwalk(prefix):
        os.fchown(directory, uid, gid)
        os.fchmod(directory, 0o2775)
        for name in names:
            mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
            os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)
            if stat.S_ISREG(mode):
                # never set-user-id, and executable for all where it is for its owner
                os.chmod(name, 0o775 if mode & 0o100 else 0o664, dir_fd=directory)
