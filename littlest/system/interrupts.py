"""A closed terminal or a shutdown ends us as Ctrl-C does, so that what must be taken back is taken back."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupt_on_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt for SIGTERM and SIGHUP as well, for as long as the context lasts."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handle(interrupt):
        yield


@contextmanager
def ignore_signals() -> Iterator[None]:
    """Go on whatever comes, SIGKILL apart: going back must not stop half-way."""
    with _handle(signal.SIG_IGN):
        yield


@contextmanager
def leave_ctrl_c_to_child() -> Iterator[None]:
    """Let Ctrl-C be the business of a program that runs in the foreground, such as an editor, and not ours."""
    # a function, because a program that is started inherits SIG_IGN
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _handle(handler: signal.Handlers | object) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _ENDINGS}
    for number in _ENDINGS:
        signal.signal(number, handler)  # type: ignore[arg-type]  # a function or SIG_IGN
    try:
        yield
    finally:
        for number, handled in before.items():
            signal.signal(number, handled)
