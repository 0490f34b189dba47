"""`littlest config history` and `littlest config diff`: the settings that were in force, and how they differ."""

import difflib

from littlest import paths
from littlest.config.mask import mask_secrets
from littlest.converge import check_root, read_config_text
from littlest.report import Report
from littlest.system.history import list_entries, read_entry_text
from littlest.system.machine import Machine

_MOST_KEYS = 4
"""How many changed keys a line lists before it only counts the others."""


def run_history(machine: Machine) -> Report:
    """Every text of the settings that was in force, the newest first."""
    check_root(machine)
    in_force = machine.read_text(paths.LAST_GOOD_CONFIG_FILE)
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
        return Report(("No settings were in force yet.",), {"entries": []})
    mark = ("* in force",) if current is not None else ()
    return Report((*lines, *mark), {"entries": data})


def run_diff(machine: Machine, number: int) -> Report:
    """What differs between an entry and the file as it stands, as a unified diff without secrets.

    Raises UsageError when there is no such entry, ConfigError when the file is not YAML.
    """
    check_root(machine)
    before, after = read_entry_text(machine, number), read_config_text(machine) or ""
    name = f"settings {number} of the history"
    lines = tuple(
        difflib.unified_diff(
            mask_secrets(before, name).splitlines(),
            mask_secrets(after, str(paths.CONFIG_FILE)).splitlines(),
            name,
            str(paths.CONFIG_FILE),
            lineterm="",
        )
    )
    data = {"number": number, "same": before == after, "diff": list(lines)}
    if lines:
        return Report(lines, data)
    differs = "They differ only in secrets, or in how lines end."
    return Report(("Nothing differs." if before == after else differs,), data)


def _render_keys(keys: tuple[str, ...]) -> str:
    if not keys:
        return "no setting changed"
    more = len(keys) - _MOST_KEYS
    return ", ".join(keys[:_MOST_KEYS]) + (f" and {more} more" if more > 0 else "")
