"""Do something to the machine, and put everything back when it fails or somebody ends it.

It knows nothing of settings: anyone who calls it says what to do, and how to put back what was there before.
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

    Ctrl-C, SIGTERM and SIGHUP interrupt `do`. They interrupt neither `keep`, which makes lasting what was done, nor
    `put_back`: neither may stop half-way. `put_back` returns the error to raise: the same one where nothing has begun
    yet, None where all was done before the interruption came.
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
    """Return why something ended: an error's own words, or that somebody interrupted it."""
    return getattr(error, "message", None) or str(error) or "it was interrupted"
