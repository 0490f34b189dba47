"""The settings that were applied, each text kept with when, by whom and how it came to be.

An entry is two files, `0007.yaml` and `0007.json`; it is there once the first is, which is written last.
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

MOST_ENTRIES = 200
"""The newest are kept."""
_FILE_NAME = re.compile(r"(\d{4,})\.yaml", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """Settings that were applied, and with which the hub was healthy."""

    number: int
    time: str
    """UTC, such as 2030-01-31T10:00:00Z."""
    who: str
    how: str
    """The command: install, apply, or rollback and the number of the entry that it went back to."""
    changed: tuple[str, ...]
    """Keys whose values are others than in the entry before."""


def list_entries(machine: Machine) -> tuple[Entry, ...]:
    """Every entry, the oldest first."""
    return tuple(_read_entry(machine, number) for number in _list_numbers(machine))


def read_entry_text(machine: Machine, number: int) -> str:
    """The settings of an entry, as they were in the file. Raises UsageError when there is no such entry."""
    text = machine.read_text(_make_path(number, "yaml"))
    if text is None:
        numbers = _list_numbers(machine)
        kept = f"Those from {numbers[0]} to {numbers[-1]} are kept" if numbers else "None is kept yet"
        raise UsageError(f"There is no revision {number}.", f"{kept}: sudo littlest config history")
    return text


def read_newest_text(machine: Machine) -> str | None:
    """The settings that were applied last, None when no entry is kept."""
    numbers = _list_numbers(machine)
    return machine.read_text(_make_path(numbers[-1], "yaml")) if numbers else None


def find_entry_to_go_back_to(machine: Machine, in_force: str | None) -> int:
    """The number of the settings that somebody means who wants to go back, and no more.

    Where the file is not what is in force (it was broken by hand, or not applied), those in force; otherwise the
    newest that are other than those. Where nobody knows what is in force (None), the newest are taken for it. Raises
    UsageError when there are none.
    """
    if in_force is None:
        in_force = read_newest_text(machine)
    content = machine.read_bytes(paths.CONFIG_FILE)
    is_in_force = content is not None and in_force is not None and strip_mark(content) == in_force.encode()
    for number in reversed(_list_numbers(machine)):
        if (machine.read_text(_make_path(number, "yaml")) != in_force) is is_in_force:
            return number
    raise UsageError("There is no earlier revision to roll back to.", "See: sudo littlest config history")


def is_known_text(machine: Machine, content: bytes) -> bool:
    """Whether an entry holds just this text."""
    text = strip_mark(content)
    return any(machine.read_bytes(_make_path(number, "yaml")) == text for number in _list_numbers(machine))


def strip_mark(content: bytes) -> bytes:
    """A file's content without the mark that some editors put before a text in UTF-8; entries never have it."""
    return content.removeprefix(codecs.BOM_UTF8)


def add_entry(machine: Machine, text: str, *, who: str, how: str, changed: Iterable[str]) -> None:
    """Keep settings as the newest entry, unless they are that already; of too many the oldest go."""
    if read_newest_text(machine) == text:
        return
    numbers = _list_numbers(machine)
    number = numbers[-1] + 1 if numbers else 1
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    facts = asdict(Entry(number, now, who, how, tuple(changed)))
    machine.make_directory(paths.HISTORY_DIR, mode=0o700)
    machine.write_file(_make_path(number, "json"), json.dumps(facts, indent=1) + "\n", mode=0o600)
    machine.write_file(_make_path(number, "yaml"), text, mode=0o600)
    for old in (*numbers, number)[:-MOST_ENTRIES]:
        machine.remove(_make_path(old, "yaml"))
        machine.remove(_make_path(old, "json"))


def find_person() -> str:
    """The name of whoever called sudo, or root."""
    return os.environ.get("SUDO_USER") or "root"


def _list_numbers(machine: Machine) -> list[int]:
    found = (_FILE_NAME.fullmatch(name) for name in machine.list_directory(paths.HISTORY_DIR))
    return sorted(int(match[1]) for match in found if match)


def _read_entry(machine: Machine, number: int) -> Entry:
    try:
        facts: dict[str, Any] = json.loads(machine.read_text(_make_path(number, "json")) or "")
        changed = tuple(map(str, facts["changed"]))
        return Entry(number, str(facts["time"]), str(facts["who"]), str(facts["how"]), changed)
    except (ValueError, KeyError, TypeError):
        # the settings are what counts; somebody may have put them there by hand
        return Entry(number, "unknown", "unknown", "unknown", ())


def _make_path(number: int, suffix: str) -> PurePosixPath:
    return paths.HISTORY_DIR / f"{number:04d}.{suffix}"
