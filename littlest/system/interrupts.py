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
def _handle(handler: signal.Handlers | object) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _ENDINGS}
    for number in _ENDINGS:
        signal.signal(number, handler)  # type: ignore[arg-type]  # a function or SIG_IGN
    try:
        yield
    finally:
        for number, handled in before.items():
            signal.signal(number, handled)
