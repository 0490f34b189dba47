"""A message of the hub's log is one line, whatever a stranger sent."""

import logging
import sys

from littlest.hub.log_lines import LONGEST, OneLine


def render(message: str, *arguments: object) -> str:
    record = logging.LogRecord("hub", logging.WARNING, "file", 1, message, arguments, None)
    assert OneLine().filter(record)
    return record.getMessage()


def test_a_name_makes_no_line_of_its_own() -> None:
    assert render("Failed login for %s", "eve\r\n[I] Welcome") == "Failed login for eve\\x0d\\x0a[I] Welcome"
    assert render("eve\u2028x\x1b[2J\x9b2J") == "eve\\u2028x\\x1b[2J\\x9b2J"
    assert render("100% of %s, in one tab\t") == "100% of %s, in one tab\t"


def test_a_name_in_an_error_makes_no_line_of_its_own() -> None:
    try:
        raise ValueError("eve\n[I 2026-01-01] Welcome, admin\r\x1b[2J")
    except ValueError:
        record = logging.LogRecord("hub", logging.ERROR, "file", 1, "It failed", (), sys.exc_info())
    OneLine().filter(record)
    said = logging.Formatter("%(message)s").format(record).splitlines()
    assert said[-1] == "    [I 2026-01-01] Welcome, admin\\x0d\\x1b[2J"
    assert all(line.startswith("    ") for line in said[1:])
    assert render("eve\u202egnp.exe") == "eve\\u202egnp.exe"


def test_a_long_message_is_cut() -> None:
    assert render("x" * 5000) == f"{'x' * LONGEST}… (5000 characters)"
