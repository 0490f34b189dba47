"""What is done is put back when it fails or somebody ends it, whatever it is about."""

import os
import signal

import pytest

from littlest.errors import LittlestError
from littlest.transaction import explain, run_transaction


def end(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def test_what_succeeds_is_kept_and_not_put_back() -> None:
    said: list[str] = []
    run_transaction(
        lambda: said.append("done"), lambda error: said.append("put back") or error, keep=lambda: said.append("kept")
    )
    assert said == ["done", "kept"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_somebody_ends_is_put_back_and_what_comes_meanwhile_waits(number: signal.Signals) -> None:
    said: list[str] = []

    def put_back(error: BaseException) -> LittlestError:
        end(number)
        said.append(explain(error))
        return LittlestError("it is as it was")

    with pytest.raises(LittlestError, match="it is as it was") as failure:
        run_transaction(lambda: end(number), put_back)
    assert said == ["it was interrupted"]
    assert isinstance(failure.value.__cause__, KeyboardInterrupt)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_keeping_is_not_interrupted_and_when_it_fails_all_is_put_back() -> None:
    said: list[str] = []

    def keep() -> None:
        end()
        said.append("kept a half")
        raise OSError(28, "No space left on device")

    with pytest.raises(LittlestError, match="put back"):
        run_transaction(lambda: None, lambda _: LittlestError("put back"), keep=keep)
    assert said == ["kept a half"]


def test_what_had_not_begun_ends_with_its_own_error() -> None:
    first = ValueError("no such thing")

    def fail() -> None:
        raise first

    with pytest.raises(ValueError, match="no such thing") as failure:
        run_transaction(fail, lambda error: error)
    assert failure.value is first
    assert failure.value.__cause__ is None


def test_what_was_complete_when_the_interruption_came_succeeds() -> None:
    run_transaction(end, lambda _: None)
