"""What a person or a script gets to see."""

import io
import json
import os
import pty
import sys
from pathlib import Path

import pytest

from littlest.cli import output
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.errors import BusyError, ExitCode, LittlestError
from littlest.report import Report

REPORT = Report(lines=("one", "two"), data={"name": "jürgen"}, exit_code=ExitCode.DRIFT)


def test_report_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_report(REPORT, as_json=False)
    assert capsys.readouterr() == ("one\ntwo\n", "")


def test_report_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_report(REPORT, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"name": "jürgen", "exit_code": 4}


def test_report_without_lines_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_report(Report(), as_json=False)
    assert capsys.readouterr() == ("", "")


def test_error_says_what_failed_what_to_do_and_where_more_is(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_error(LittlestError("The hub does not answer.", "Look at its log."), False, "/var/log/x.log")
    assert capsys.readouterr() == ("", "littlest: The hub does not answer.\nLook at its log.\nLog: /var/log/x.log\n")


def test_error_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_error(BusyError("busy", "wait"), as_json=True)
    assert json.loads(capsys.readouterr().out) == {"error": "busy", "hint": "wait", "exit_code": 5}


def test_configuration_problems_begin_with_file_and_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load_config("htp: 1\nhttp:\n  port: 0\n", "config.yaml")
    output.print_error(caught.value, as_json=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [
        "config.yaml:1: htp: unknown key; did you mean http?",
        "config.yaml:3: http.port: 0 is too small; give at least 1",
    ]
    assert len(lines) == 3
    output.print_error(caught.value, as_json=True)
    assert json.loads(capsys.readouterr().out)["problems"][0] == {
        "file": "config.yaml",
        "line": 1,
        "column": 1,
        "key": "htp",
        "problem": "unknown key",
        "hint": "did you mean http?",
    }


def test_progress_is_plain_lines_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    with output.show_progress() as progress:
        progress("write [red]a[/red]")
        progress("write b")
    assert capsys.readouterr() == ("", "  write [red]a[/red]\n  write b\n")


def test_progress_on_a_terminal_keeps_every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(LittlestError), output.show_progress() as progress:
        progress("write [red]a[/red]")
        progress("write b")
        raise LittlestError("no")
    assert "  write [red]a[/red]" in terminal.getvalue()
    assert terminal.getvalue().rstrip().endswith("\x1b[2K"), "the cursor is given back and the line in work cleared"


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_that_was_closed_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # writing to it is an error from then on (EIO)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with pytest.raises(LittlestError, match="the reason"), output.show_progress() as progress:
            progress("write a")
            os.close(ours)
            progress("write b")
            progress("write c")
            raise LittlestError("the reason")
        output.print_error(LittlestError("the reason"), as_json=False)


def test_progress_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w", encoding="utf-8", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        with output.show_progress() as progress:
            progress("write a")
            progress("write b")
        assert output.flush()


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    environment: dict[str, str], is_coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    output.print_error(LittlestError("no"), as_json=False)
    assert ("\x1b[" in terminal.getvalue()) is is_coloured


def test_what_the_terminal_cannot_show_is_spelt_out(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.print_report(Report(lines=("jürgen",)), as_json=False)
    output.flush()
    assert raw.getvalue() == b"j\\xfcrgen\n"


def test_reader_that_has_gone_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        output.print_report(Report(lines=("x" * 100_000,)), as_json=False)
        output.print_report(Report(lines=("more",)), as_json=False)
        output.flush()


def test_end_of_input_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert output.ask("Yes? ") == ""
    assert output.ask("Yes? ") is None


def test_stream_that_the_shell_closed_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    output.print_report(REPORT, as_json=False)
    output.print_error(LittlestError("no"), as_json=False)
    assert output.flush()
    assert not output.is_interactive()


def test_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        monkeypatch.setattr(sys, "stdout", full)
        output.print_report(REPORT, as_json=False)
        assert not output.flush()
        # what is still waiting must go somewhere when the stream is closed
        with open(os.devnull, "w", encoding="utf-8") as null:  # noqa: PTH123 - a device
            os.dup2(null.fileno(), full.fileno())
