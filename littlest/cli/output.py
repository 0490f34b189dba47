"""What a person or a script gets to see: reports, errors and progress as text, or as JSON."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TextIO, cast

from littlest.config.text.problems import InvalidConfig
from littlest.errors import LittlestError
from littlest.report import Report


def print_report(report: Report, as_json: bool) -> None:
    """Write a command's result to standard output, and its notes to standard error."""
    if as_json:
        _write(sys.stdout, _render_json({**report.data, "exit_code": int(report.exit_code)}))
        return
    if report.notes:
        _write(sys.stderr, "\n".join(report.notes))
    if report.lines:
        _write(sys.stdout, "\n".join(report.lines))


def print_error(error: LittlestError, as_json: bool, log_file: str | None = None) -> None:
    """Say what failed and why, what to do, and where more is to be read."""
    if as_json:
        data: dict[str, Any] = {"error": error.message, "hint": error.hint, "exit_code": int(error.exit_code)}
        if isinstance(error, InvalidConfig):
            data["problems"] = [asdict(problem) for problem in error.problems]
        _write(sys.stdout, _render_json(data))
        return
    # a line that begins with file:line: is one that editors can follow
    is_located = isinstance(error, InvalidConfig)
    lines = [error.message if is_located else f"{_paint('littlest:', sys.stderr)} {error.message}"]
    if error.hint:
        lines.append(error.hint)
    if log_file:
        lines.append(f"Log: {log_file}")
    _write(sys.stderr, "\n".join(lines))


@contextmanager
def show_progress() -> Iterator[Callable[[str], None]]:
    """Give a function that says on standard error what is being done.

    On a terminal the line in work turns, and tells how long it took when it is done; elsewhere lines are plain. What
    cannot be written (the terminal was closed) is not said: telling must never end what is told of.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda line: _write(sys.stderr, f"  {line}")
        return
    # rich costs as much to import as everything else that `littlest config show` needs
    from rich.console import Console
    from rich.markup import escape

    console = Console(file=cast(TextIO, _Forgiving(sys.stderr)), highlight=False)
    # every terminal has the characters of this spinner
    with console.status("", spinner="line") as status:
        current, begun = "", time.monotonic()

        def finish() -> None:
            seconds = time.monotonic() - begun
            if current:
                console.print(f"  {current}{f' ({seconds:.0f} s)' if seconds >= 1 else ''}")

        def go_on(line: str) -> None:
            nonlocal current, begun
            finish()
            current, begun = escape(line), time.monotonic()
            status.update(current)

        yield go_on
        finish()


def print_note(line: str) -> None:
    """Say something on standard error that is no result."""
    _write(sys.stderr, line)


def print_traceback() -> None:
    """Write where the error that is being handled comes from."""
    import traceback

    _write(sys.stderr, traceback.format_exc())


def is_interactive() -> bool:
    """Whether a person can be asked something."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str) -> str | None:
    """Ask a person on the terminal and return the answer, None at the end of the input."""
    _write(sys.stderr, question, end="")
    sys.stderr.flush()
    line = sys.stdin.readline()
    return line.rstrip("\n") if line else None


def ask_secret(question: str) -> str:
    """Ask a person for something that the terminal does not show; without a terminal, read a line from the input."""
    if not is_interactive():
        return ask("") or ""
    import getpass

    return getpass.getpass(question)


def flush() -> bool:
    """Write out what is still waiting, and tell whether that went well; a reader that has gone is no fault."""
    is_written = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            _let_go(stream)
        except OSError:
            is_written = False
    return is_written


def _write(stream: TextIO | None, text: str, end: str = "\n") -> None:
    if stream is None:
        # the shell closed it: `littlest status >&-`
        return
    try:
        # a name may hold characters that the terminal's encoding lacks
        encoding = stream.encoding or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, end=end)
    except OSError as error:
        # that standard error cannot be written can be told to nobody
        if stream is not sys.stderr and not isinstance(error, BrokenPipeError):
            raise
        _let_go(stream)


class _Forgiving:
    """A stream that takes what is written to it even when nobody can read it any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            _let_go(self._stream)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            _let_go(self._stream)


def _let_go(stream: TextIO) -> None:
    """Point a stream whose reader has gone at /dev/null, so that nothing fails a second time at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _paint(word: str, stream: TextIO | None) -> str:
    # https://no-color.org: any text but the empty one means no
    if stream is not None and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return f"\x1b[1;31m{word}\x1b[0m"
    return word


def _render_json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, default=str)
