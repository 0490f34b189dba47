"""The revisions: every text of the settings that was applied, with when, by whom and by which command.

A revision is two files, `0007.yaml` and `0007.json`. It exists once the first does, which is written last.
"""

import codecs
import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from littlest import paths
from littlest.errors import UsageError
from littlest.machine.machine import Machine

MOST_REVISIONS = 200
"""The newest are kept."""
_FILE_NAME = re.compile(r"(\d{4,})\.yaml", re.ASCII)


@dataclass(frozen=True, slots=True)
class Revision:
    """Settings that were applied, and with which the hub was healthy."""

    number: int
    time: str
    """UTC, such as 2030-01-31T10:00:00Z."""
    who: str
    how: str
    """The command: install, apply, or rollback and the number of the revision that it restored."""
    changed: tuple[str, ...]
    """Keys whose values differ from those of the revision before."""


def list_revisions(machine: Machine) -> tuple[Revision, ...]:
    """Return every revision, the oldest first."""
    return tuple(_read_revision(machine, number) for number in _list_numbers(machine))


def read_revision_text(machine: Machine, number: int) -> str:
    """Return the settings of a revision, as they were in the file. Raises UsageError when there is no such one."""
    text = machine.read_text(_make_path(number, "yaml"))
    if text is None:
        numbers = _list_numbers(machine)
        kept = f"Those from {numbers[0]} to {numbers[-1]} are kept" if numbers else "None is kept yet"
        raise UsageError(f"There is no revision {number}.", f"{kept}: sudo littlest config history")
    return text


def read_newest_text(machine: Machine) -> str | None:
    """Return the settings that were applied last, None when there is no revision."""
    numbers = _list_numbers(machine)
    return machine.read_text(_make_path(numbers[-1], "yaml")) if numbers else None


def find_rollback_target(machine: Machine, good: str | None) -> int:
    """Return the number of the revision that a rollback without a number restores.

    That is the last known good one (whose text is `good`; the newest where that is None) if the file differs from
    it, because it is broken or not applied; else the newest with another text. Raises UsageError when there is none.
    """
    if good is None:
        good = read_newest_text(machine)
    content = machine.read_bytes(paths.CONFIG_FILE)
    is_applied = content is not None and good is not None and strip_bom(content) == good.encode()
    for number in reversed(_list_numbers(machine)):
        if (machine.read_text(_make_path(number, "yaml")) != good) is is_applied:
            return number
    raise UsageError("There is no earlier revision to roll back to.", "See: sudo littlest config history")


def is_known_text(machine: Machine, content: bytes) -> bool:
    """Whether a revision has just this text."""
    text = strip_bom(content)
    return any(machine.read_bytes(_make_path(number, "yaml")) == text for number in _list_numbers(machine))


def strip_bom(content: bytes) -> bytes:
    """Return a file's content without a byte order mark, which some editors write and revisions never have."""
    return content.removeprefix(codecs.BOM_UTF8)


def add_revision(machine: Machine, text: str, *, who: str, how: str, changed: Iterable[str]) -> None:
    """Keep settings as the newest revision, unless they are that already; of too many the oldest are removed."""
    if read_newest_text(machine) == text:
        return
    numbers = _list_numbers(machine)
    number = numbers[-1] + 1 if numbers else 1
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    facts = asdict(Revision(number, now, who, how, tuple(changed)))
    machine.make_directory(paths.HISTORY_DIR, mode=0o700)
    machine.write_file(_make_path(number, "json"), json.dumps(facts, indent=1) + "\n", mode=0o600)
    machine.write_file(_make_path(number, "yaml"), text, mode=0o600)
    for old in (*numbers, number)[:-MOST_REVISIONS]:
        machine.remove(_make_path(old, "yaml"))
        machine.remove(_make_path(old, "json"))


def find_invoking_user() -> str:
    """Return the name of the user who called sudo, or root."""
    return os.environ.get("SUDO_USER") or "root"


def _list_numbers(machine: Machine) -> list[int]:
    found = (_FILE_NAME.fullmatch(name) for name in machine.list_directory(paths.HISTORY_DIR))
    return sorted(int(match[1]) for match in found if match)


def _read_revision(machine: Machine, number: int) -> Revision:
    try:
        facts: dict[str, Any] = json.loads(machine.read_text(_make_path(number, "json")) or "")
        changed = tuple(map(str, facts["changed"]))
        return Revision(number, str(facts["time"]), str(facts["who"]), str(facts["how"]), changed)
    except (ValueError, KeyError, TypeError):
        # the settings are what counts; somebody may have copied them there by hand
        return Revision(number, "unknown", "unknown", "unknown", ())


def _make_path(number: int, suffix: str) -> PurePosixPath:
    return paths.HISTORY_DIR / f"{number:04d}.{suffix}"
