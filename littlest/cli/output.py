"""The output for people and scripts: reports, errors and progress as text, or as JSON."""

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
    """Print what failed and why, what to do, and the log file with the details."""
    if as_json:
        data: dict[str, Any] = {"error": error.message, "hint": error.hint, "exit_code": int(error.exit_code)}
        if isinstance(error, InvalidConfig):
            data["problems"] = [asdict(problem) for problem in error.problems]
        _write(sys.stdout, _render_json(data))
        return
    # editors can follow a line that begins with file:line:
    is_located = isinstance(error, InvalidConfig)
    lines = [error.message if is_located else f"{_paint('littlest:', sys.stderr)} {error.message}"]
    if error.hint:
        lines.append(error.hint)
    if log_file:
        lines.append(f"Log: {log_file}")
    _write(sys.stderr, "\n".join(lines))


@contextmanager
def show_progress() -> Iterator[Callable[[str], None]]:
    """Yield a function that prints on standard error what is being done.

    On a terminal the current line has a spinner, and then shows how many seconds it took; elsewhere lines are plain.
    Output that cannot be written, because the terminal was closed, is dropped: it must never stop the work.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda line: _write(sys.stderr, f"  {line}")
        return
    # importing rich takes as long as everything else that `littlest config show` imports
    from rich.console import Console
    from rich.markup import escape

    console = Console(file=cast(TextIO, _Forgiving(sys.stderr)), highlight=False)
    # every terminal can show the characters of this spinner
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
    """Print a note on standard error, which is not part of the result."""
    _write(sys.stderr, line)


def print_traceback() -> None:
    """Print the traceback of the error that is being handled."""
    import traceback

    _write(sys.stderr, traceback.format_exc())


def is_interactive() -> bool:
    """Whether there is a terminal on which to ask a person."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str) -> str | None:
    """Ask a person on the terminal and return the answer, or None at the end of the input."""
    _write(sys.stderr, question, end="")
    sys.stderr.flush()
    line = sys.stdin.readline()
    return line.rstrip("\n") if line else None


def ask_secret(question: str) -> str:
    """Ask for a secret without showing it; without a terminal, read a line from standard input."""
    if not is_interactive():
        return ask("") or ""
    import getpass

    return getpass.getpass(question)


def flush() -> bool:
    """Flush the output and return whether that succeeded; a closed pipe is not a failure."""
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
        # a name may contain characters that the terminal's encoding lacks
        encoding = stream.encoding or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, end=end)
    except OSError as error:
        # there is nowhere to report that standard error cannot be written
        if stream is not sys.stderr and not isinstance(error, BrokenPipeError):
            raise
        _let_go(stream)


class _Forgiving:
    """A stream that drops what it cannot write because its reader is gone."""

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
    """Redirect a stream whose reader is gone to /dev/null, so that the flush at exit does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _paint(word: str, stream: TextIO | None) -> str:
    # https://no-color.org: any non-empty text means no color
    if stream is not None and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return f"\x1b[1;31m{word}\x1b[0m"
    return word


def _render_json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, default=str)
