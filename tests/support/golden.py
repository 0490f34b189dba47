"""The golden file: every message that people see and a test provokes, so that a change of words shows in one place.

Renew it, and read what `git diff tests/golden` then shows, with

    LITTLEST_RENEW_MESSAGES=1 ./scripts/environment test python -m pytest tests/tree/test_messages.py

Other tests compare codes, keys and lines; they leave the words to this file.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

GOLDEN_FILE = Path(__file__).parents[1] / "golden/messages.txt"
COMMAND = "LITTLEST_RENEW_MESSAGES=1 ./scripts/environment test python -m pytest tests/tree/test_messages.py"
_HEAD = f"""\
What people read, made by tests/tree/test_messages.py. Renew it with
{COMMAND}
"""
_HEADING = re.compile(r"^=== (.+?): (.+)$", re.MULTILINE)

Messages = dict[tuple[str, str], str]
"""Texts by their group and by what provokes them."""


def parse_golden(text: str) -> Messages:
    """Parse the golden file."""
    _head, *parts = _HEADING.split(text)
    return {
        (group, title): said.strip("\n")
        for group, title, said in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }


def render_golden(messages: Messages) -> str:
    """Render the golden file, sorted by group and title."""
    entries = [f"=== {group}: {title}\n{said}\n" for (group, title), said in sorted(messages.items())]
    return "\n".join([_HEAD, *entries])


def check_messages(group: str, said: Mapping[str, str]) -> None:
    """Compare a group's messages, by what provoked them, with the golden file; renew the group where that is wanted.

    Raises AssertionError that shows each message that differs, and the command that renews the file.
    """
    known = parse_golden(GOLDEN_FILE.read_text()) if GOLDEN_FILE.exists() else {}
    found = {(group, title): _tidy(text) for title, text in said.items()}
    if os.environ.get("LITTLEST_RENEW_MESSAGES"):
        others = {key: text for key, text in known.items() if key[0] != group}
        GOLDEN_FILE.write_text(render_golden(others | found))
        return
    expected = {key: text for key, text in known.items() if key[0] == group}
    differing = [
        f"{title}\n  golden: {expected.get((group, title), '(missing)')!r}\n  now:    "
        f"{found.get((group, title), '(missing)')!r}"
        for group, title in sorted(expected.keys() | found.keys())
        if expected.get((group, title)) != found.get((group, title))
    ]
    assert not differing, "\n".join([f"{len(differing)} messages differ; to renew them: {COMMAND}", *differing])


def _tidy(text: str) -> str:
    """Take the white space off that an editor would, and that no person sees."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
