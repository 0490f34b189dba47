"""What a user's server says about its own start: why it failed, and that it runs without the user's own settings.

The hub starts a server that ended at once a second time, without the user's own settings and packages.
"""

import errno
import html
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from littlest.server.page_additions import add_to_pages, make_notice_box

SAFE_START_VARIABLE = "LITTLEST_SAFE_START"
"""The variable with the reason of a safe start; the server removes it before a kernel or terminal starts."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_LEAST_ROOM = 256 * 1024
"""Bytes that a server and a kernel write to the home at their start, roughly."""
_CONFIG_FOLDERS = (".jupyter", ".local/etc/jupyter")

_reason = ""


def run_server(launch: Callable[[], None]) -> None:
    """Run the server; when it cannot start, its last line names what of the user's own files is the reason."""
    global _reason  # noqa: PLW0603
    _reason = os.environ.pop(SAFE_START_VARIABLE, "")
    try:
        if not _reason:
            check_home(Path.home())
        launch()
    except BaseException as error:
        if isinstance(error, SystemExit) and not error.code:
            raise
        if not isinstance(error, SystemExit):
            traceback.print_exc()
        reason = explain_failure(error, Path.home())
        if reason:
            sys.stderr.write(f"{reason}\n")
        raise SystemExit(1) from None


def check_home(home: Path) -> None:
    """Raises OSError for a home in which nothing can be written: a server may start there, but hardly a kernel."""
    with tempfile.TemporaryFile(dir=home) as file:
        file.write(bytes(_LEAST_ROOM))
        file.flush()


def explain_failure(error: BaseException, home: Path) -> str:
    """Return why a server could not start, with the user's file and line where that is known, or nothing."""
    for one in _list_chain(error):
        said = " ".join(str(one).split()) or type(one).__name__
        if isinstance(one, OSError) and one.errno in _FULL:
            return f"your home is full ({one.strerror})"
        place = _find_frame(one, home) or _find_words(said, home)
        if place and not (isinstance(one, SystemExit) and said.isdecimal()):
            return f"{place}: {said}"
        if place:
            return f"{place}: it ends the server"
        name = getattr(one, "filename", None)
        if isinstance(one, OSError) and isinstance(name, str) and Path(name).parent == home:
            return f"nothing can be written to your home ({one.strerror})"
        if isinstance(one, OSError) and isinstance(name, str) and Path(name).is_relative_to(home):
            return f"{_shorten(name, home)}: {one.strerror}"
    return ""


def _list_chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the first cause first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    yield from reversed(found)


def _find_frame(error: BaseException, home: Path) -> str:
    """Return the user's file and line that an exception comes from."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno))
    own = [f"{_shorten(name, home)}:{line}" for name, line in frames if name and Path(name).is_relative_to(home)]
    return own[-1] if own else ""


def _find_words(said: str, home: Path) -> str:
    """Return the first line of the user's settings with a word that a message has in quotes."""
    words = [word for word in re.findall(r"""['"]([^'"]{3,})['"]""", said) if word.strip()]
    for file in list_own_settings(home):
        try:
            lines = file.read_text(errors="replace").splitlines()
        except OSError:
            continue
        for word in words:
            for number, line in enumerate(lines, 1):
                if word in line:
                    return f"{_shorten(file, home)}:{number}"
    return ""


def list_own_settings(home: Path) -> list[Path]:
    """Return the files that a server would read its settings from."""
    found: list[Path] = []
    for folder in (home / name for name in _CONFIG_FOLDERS):
        for pattern in ("*config.py", "*config.json", "*_config.d/*.json"):
            try:
                found += sorted(folder.glob(pattern))
            except OSError:
                continue
    return found


def _shorten(name: str | Path, home: Path) -> str:
    return f"~/{Path(name).relative_to(home)}"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "littlest.server.start_failure"}]


def _load_jupyter_server_extension(server: Any) -> None:
    if _reason:
        server.log.warning("This server runs without the user's own settings: %s", _reason)
        notice = make_notice_box("littlest-safe-start", make_notice(_reason, Path.home()))
        add_to_pages(lambda: notice)


def make_notice(reason: str, home: Path) -> str:
    """Return the notice on every page of a server that was started safely, as HTML."""
    files = ", ".join(_shorten(file, home) for file in list_own_settings(home)[:5])
    return html.escape(
        f"Your server runs without your own settings and packages. The reason: {reason}."
        + (f" The server does not read these files: {files}." if files else "")
        + " Repair this here: change the file in a terminal, or delete files. Then choose Hub Control Panel in the"
        " menu File, stop your server, and start it again."
    )
