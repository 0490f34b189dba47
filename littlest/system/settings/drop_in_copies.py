"""The admin's drop-ins, `jupyterhub_config.d/*.py`, and copies of the last known good ones."""

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from littlest import paths
from littlest.machine.machine import Machine
from littlest.system.settings.settings_file import find_real_file

DropIns = Mapping[str, bytes]
"""File name → content."""


def list_drop_ins(folder: Path) -> tuple[Path, ...]:
    """Return every drop-in, in the order in which they run; hidden files are an editor's own."""
    return tuple(sorted(file for file in folder.glob("*.py") if not file.name.startswith(".")))


def read_drop_ins(machine: Machine, folder: PurePosixPath = paths.DROP_IN_DIR) -> dict[str, bytes]:
    """Return the content of every drop-in that can be read, by its name; a link to nothing cannot."""
    found = {}
    for file in list_drop_ins(machine.path(folder)):
        try:
            found[file.name] = file.read_bytes()
        except OSError:
            continue
    return found


def read_good_drop_ins(machine: Machine) -> dict[str, bytes]:
    """Return the last known good drop-ins."""
    return read_drop_ins(machine, paths.LAST_GOOD_DROP_IN_DIR)


def make_drop_in_digest(found: DropIns) -> str:
    """Return the SHA-256 of drop-ins, which tells whether a hub started with these."""
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()


def are_drop_ins_good(machine: Machine) -> bool:
    """Whether the drop-ins are exactly the last known good ones."""
    return read_drop_ins(machine) == read_good_drop_ins(machine)


def keep_drop_ins(machine: Machine, found: DropIns) -> None:
    """Keep these as the last known good drop-ins, unless they were changed since they were read."""
    before = read_good_drop_ins(machine)
    if found == before or found != read_drop_ins(machine):
        return
    machine.make_directory(paths.LAST_GOOD_DROP_IN_DIR, mode=0o700)
    for name in before.keys() - found.keys():
        machine.remove(paths.LAST_GOOD_DROP_IN_DIR / name)
    for name, content in found.items():
        if before.get(name) != content:
            machine.write_file(paths.LAST_GOOD_DROP_IN_DIR / name, content, mode=0o600)


def put_drop_ins_back(machine: Machine) -> tuple[PurePosixPath, ...]:
    """Restore the last known good drop-ins. What was changed since stays in the folder under names with which it does
    not run; returns these."""
    found, good = read_drop_ins(machine), read_good_drop_ins(machine)
    aside = []
    for name in sorted(found.keys() | good.keys()):
        if found.get(name) == good.get(name):
            continue
        path = paths.DROP_IN_DIR / name
        if machine.read_state(path) is not None:
            aside.append(_find_free_name(machine, name))
            if name in found and name in good:
                machine.write_file(aside[-1], found[name], mode=0o600)
            else:
                # a link to nothing as well: what it leads to may be on a disk that is not there
                machine.rename(path, aside[-1])
        if name in good:
            _replace(machine, path, good[name])
    return tuple(aside)


def _replace(machine: Machine, path: PurePosixPath, content: bytes) -> None:
    """Replace the content of a file, or of what a link leads to, in one moment; it keeps its owner and mode."""
    real = find_real_file(machine, path)
    state = machine.read_state(real)
    machine.write_file(real, content, mode=0o600 if state is None else state.mode)
    if state is not None and machine.can_chown():
        os.chown(machine.path(real), state.uid, state.gid)


def _find_free_name(machine: Machine, name: str) -> PurePosixPath:
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    taken = set(machine.list_directory(paths.DROP_IN_DIR))
    names = (f"{name}.rejected", *(f"{name}.rejected-{now}-{number}" for number in range(1, len(taken) + 2)))
    return paths.DROP_IN_DIR / next(one for one in names if one not in taken)
