"""A closed terminal or a shutdown interrupts a command as Ctrl-C does, so that it rolls back what it must."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupt_on_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first SIGINT, SIGTERM or SIGHUP within the context, and ignore those after it.

    To roll back then, use `ignore_signals` outside of this context: there is no moment between the two.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        _set_all(signal.SIG_IGN)
        raise KeyboardInterrupt

    with _handle(interrupt):
        yield


@contextmanager
def ignore_signals() -> Iterator[None]:
    """Ignore every signal that would end us, except SIGKILL: a rollback must not stop halfway."""
    with _handle(signal.SIG_IGN):
        yield


@contextmanager
def leave_ctrl_c_to_child() -> Iterator[None]:
    """Leave Ctrl-C to a program that runs in the foreground, such as an editor."""
    # a function, because a program that is started inherits SIG_IGN
    with _handle(lambda _number, _frame: None, (signal.SIGINT,)):
        yield


@contextmanager
def _handle(handler: signal.Handlers | object, numbers: Sequence[int] = _ENDINGS) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in numbers}
    _set_all(handler, numbers)
    try:
        yield
    finally:
        # SIGINT last, because Python raises on it: no other signal may stay ignored then
        for number in reversed(numbers):
            signal.signal(number, before[number])


def _set_all(handler: signal.Handlers | object, numbers: Sequence[int] = _ENDINGS) -> None:
    for number in numbers:
        signal.signal(number, handler)  # type: ignore[arg-type]  # a function or SIG_IGN
