"""`littlest config history` and `littlest config diff`: the settings that were applied, and how they differ."""

import difflib

from littlest import paths
from littlest.config.text.mask import mask_secrets, mask_values
from littlest.errors import ConfigError
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.report import Report
from littlest.system.settings.active import read_good_text, read_settings_text
from littlest.system.settings.revisions import list_entries, read_entry_text

_MOST_KEYS = 4
"""How many changed keys a line lists before it only counts the others."""
_HEAD = 2
"""Lines of a unified diff that name the two texts."""


def run_history(machine: Machine) -> Report:
    """Every text of the settings that was applied, the newest first."""
    check_root(machine)
    in_force = read_good_text(machine)
    entries = list_entries(machine)[::-1]
    # the same text may have been in force before as well
    current = next((e.number for e in entries if read_entry_text(machine, e.number) == in_force), None)
    data = [
        {
            "number": entry.number,
            "time": entry.time,
            "who": entry.who,
            "how": entry.how,
            "changed": list(entry.changed),
            "in_force": entry.number == current,
        }
        for entry in entries
    ]
    lines = tuple(
        f"{'*' if entry.number == current else ' '} {entry.number:>4}  {entry.time:<20}  {entry.who}, {entry.how}:"
        f" {_render_keys(entry.changed)}"
        for entry in entries
    )
    if not lines:
        return Report(("No settings were applied yet.",), {"entries": []})
    mark = ("* applied",) if current is not None else ()
    return Report((*lines, *mark), {"entries": data})


def run_diff(machine: Machine, number: int) -> Report:
    """What differs between an entry and the file as it stands, as a unified diff without secrets.

    Where one of the two is not YAML, so that nobody knows which values are secrets, all of them are masked. Raises
    UsageError when there is no such entry, ConfigError for a file that is no text.
    """
    check_root(machine)
    before, after = read_entry_text(machine, number), read_settings_text(machine) or ""
    names = (f"settings {number} of the history", str(paths.CONFIG_FILE))
    notes: tuple[str, ...] = ()
    try:
        lines = _compare(mask_secrets(before, names[0]), mask_secrets(after, names[1]), names)
    except ConfigError as error:
        notes = (error.message, "All values are masked, because nobody can tell the secrets among them.")
        lines = tuple(
            line if number < _HEAD or line.startswith("@@") else line[0] + mask_values(line[1:])
            for number, line in enumerate(_compare(before, after, names))
        )
    data = {"number": number, "same": before == after, "diff": list(lines), "notes": list(notes)}
    if lines:
        return Report(lines, data, notes=notes)
    differs = "They differ only in secrets, or in how lines end."
    return Report(("Nothing differs." if before == after else differs,), data, notes=notes)


def _compare(before: str, after: str, names: tuple[str, str]) -> tuple[str, ...]:
    return tuple(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))


def _render_keys(keys: tuple[str, ...]) -> str:
    if not keys:
        return "no setting changed"
    more = len(keys) - _MOST_KEYS
    return ", ".join(keys[:_MOST_KEYS]) + (f" and {more} more" if more > 0 else "")
