"""The admin's settings file, which may be a link to where the admin keeps it, and the copy of the last good one."""

import grp
import pwd
from pathlib import PurePosixPath

from littlest import paths
from littlest.system.machine import Machine


def find_real_file(machine: Machine, path: PurePosixPath) -> PurePosixPath:
    """Follow links, so that a change is made to the file that they lead to instead of replacing the link."""
    return PurePosixPath("/") / machine.path(path).resolve().relative_to(machine.root)


def replace_settings(machine: Machine, content: str | bytes) -> None:
    """Put other settings in the place of the admin's, in one moment; the file keeps its owner and mode."""
    path = find_real_file(machine, paths.CONFIG_FILE)
    state = machine.read_state(path)
    if state is None:
        machine.write_file(path, content, mode=0o640)
    else:
        owner, group = pwd.getpwuid(state.uid).pw_name, grp.getgrgid(state.gid).gr_name
        machine.write_file(path, content, mode=state.mode, owner=owner, group=group)


def are_settings_kept(machine: Machine, *, once: bool) -> bool:
    """Whether the last good settings are those in the admin's file; with `once`, whether there are any."""
    kept = machine.read_bytes(paths.LAST_GOOD_CONFIG_FILE)
    return kept is not None and (once or kept == machine.read_bytes(paths.CONFIG_FILE))


def keep_settings(machine: Machine) -> None:
    """Keep a copy of the admin's settings as the last good ones."""
    machine.write_file(paths.LAST_GOOD_CONFIG_FILE, machine.read_bytes(paths.CONFIG_FILE) or b"", mode=0o600)
