"""`littlest config history` and `littlest config diff`: the revisions, and how they differ from the file."""

import difflib

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.config.text.render import make_data, render_settings
from littlest.errors import ConfigError
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.report import Report
from littlest.system.settings.active import read_good_text, read_settings_text
from littlest.system.settings.revisions import list_revisions, read_revision_text

_MOST_KEYS = 4
"""How many changed keys a line lists before it only counts the others."""
_HEAD = 2
"""Lines of a unified diff that name the two texts."""


def run_history(machine: Machine) -> Report:
    """Return every revision, the newest first. Raises NeedsRoot for anybody but root."""
    check_root(machine)
    good = read_good_text(machine)
    revisions = list_revisions(machine)[::-1]
    # an older revision may have the same text
    current = next((one.number for one in revisions if read_revision_text(machine, one.number) == good), None)
    data = [
        {
            "number": one.number,
            "time": one.time,
            "who": one.who,
            "how": one.how,
            "changed": list(one.changed),
            "in_force": one.number == current,
        }
        for one in revisions
    ]
    lines = tuple(
        f"{'*' if one.number == current else ' '} {one.number:>4}  {one.time:<20}  {one.who}, {one.how}:"
        f" {_render_keys(one.changed)}"
        for one in revisions
    )
    if not lines:
        return Report(("No settings were applied yet.",), {"entries": []})
    mark = ("* applied",) if current is not None else ()
    return Report((*lines, *mark), {"entries": data})


def run_diff(machine: Machine, number: int) -> Report:
    """Return how the settings of a revision differ from those in the file, as a unified diff of masked settings.

    If one of the two is not valid, only the numbers of the lines that differ are shown, because nobody can tell which
    values are secrets. Raises UsageError for a number without a revision, ConfigError for a file that is no text,
    NeedsRoot for anybody but root.
    """
    check_root(machine)
    before, after = read_revision_text(machine, number), read_settings_text(machine) or ""
    names = (f"revision {number} of the history", str(paths.CONFIG_FILE))
    notes: tuple[str, ...] = ()
    same = "Nothing differs." if before == after else "Only comments or layout differ."
    try:
        old, new = load_config(before, names[0]), load_config(after, names[1])
        lines = _compare(_render(old), _render(new), names)
        if old != new:
            same = "Only secrets differ."
    except ConfigError as error:
        notes = (error.message, "Only line numbers are shown: the values may be secrets.")
        found = _compare(before, after, names, context=0)
        lines = (*found[:_HEAD], *(line for line in found[_HEAD:] if line.startswith("@@")))
    data = {"number": number, "same": before == after, "diff": list(lines), "notes": list(notes)}
    return Report(lines or (same,), data, notes=notes)


def _render(config: Config) -> str:
    return render_settings(make_data(config))


def _compare(before: str, after: str, names: tuple[str, str], context: int = 3) -> tuple[str, ...]:
    return tuple(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, n=context, lineterm=""))


def _render_keys(keys: tuple[str, ...]) -> str:
    if not keys:
        return "no setting changed"
    more = len(keys) - _MOST_KEYS
    return ", ".join(keys[:_MOST_KEYS]) + (f" and {more} more" if more > 0 else "")
