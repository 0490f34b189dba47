"""Do something to the machine, and restore everything when it fails or somebody ends it.

It knows nothing of settings: the caller gives what to do, and how to restore what was there before.
"""

from collections.abc import Callable

from littlest.machine.signals import ignore_signals, interrupt_on_signals


def _do_nothing() -> None:
    pass


def run_transaction(
    do: Callable[[], None],
    put_back: Callable[[BaseException], BaseException | None],
    *,
    keep: Callable[[], None] = _do_nothing,
) -> None:
    """Call `do`, then `keep`; when either raises an Exception or KeyboardInterrupt, call `put_back` with it.

    Ctrl-C, SIGTERM and SIGHUP interrupt `do`, but not `keep`, which makes the change last, or `put_back`: neither may
    stop half-way. `put_back` returns the error to raise: the same one if nothing has begun, None if everything was
    done before the interruption.
    """
    # functions, and no context manager: a signal between the end of its body and its own code would find nobody
    with ignore_signals():
        try:
            with interrupt_on_signals():
                do()
            keep()
        except (Exception, KeyboardInterrupt) as error:
            answer = put_back(error)
            if answer is error:
                raise
            if answer is not None:
                raise answer from error


def explain(error: BaseException) -> str:
    """Return why something ended: an error's message, or that it was interrupted."""
    return getattr(error, "message", None) or str(error) or "it was interrupted"
