"""A message of the hub's log is one line, whatever a stranger sent."""

import logging

from littlest.hub.log_lines import LONGEST, OneLine


def render(message: str, *arguments: object) -> str:
    record = logging.LogRecord("hub", logging.WARNING, "file", 1, message, arguments, None)
    assert OneLine().filter(record)
    return record.getMessage()


def test_a_name_makes_no_line_of_its_own() -> None:
    assert render("Failed login for %s", "eve\r\n[I] Welcome") == "Failed login for eve\\x0d\\x0a[I] Welcome"
    assert render("eve\u2028x\x1b[2J\x9b2J") == "eve\\u2028x\\x1b[2J\\x9b2J"
    assert render("100% of %s, in one tab\t") == "100% of %s, in one tab\t"


def test_a_long_message_is_cut() -> None:
    assert render("x" * 5000) == f"{'x' * LONGEST}… (5000 characters)"
