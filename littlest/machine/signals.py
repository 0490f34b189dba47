"""A closed terminal or a shutdown ends us as Ctrl-C does, so that what must be taken back is taken back."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupt_on_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first SIGINT, SIGTERM or SIGHUP, for as long as the context lasts.

    Those after it are ignored: what must be taken back then should be taken back inside `ignore_signals`, with this
    inside it too, so that there is no moment between the two.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        _set_all(signal.SIG_IGN)
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
    _set_all(handler)
    try:
        yield
    finally:
        # SIGINT is the last, because Python raises on it: nothing may stay ignored behind it
        for number in reversed(_ENDINGS):
            signal.signal(number, before[number])


def _set_all(handler: signal.Handlers | object) -> None:
    for number in _ENDINGS:
        signal.signal(number, handler)  # type: ignore[arg-type]  # a function or SIG_IGN
