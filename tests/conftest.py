"""What holds for every test: no process and no network in tests/unit, signals as they were; what may run at once."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from tests.support.sharing_out import TierScheduling

UNIT = Path(__file__).parent / "unit"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
# asyncio's self-pipe is a socketpair: it neither connects nor binds
_FORBIDDEN = frozenset(
    {
        "subprocess.Popen",
        "os.posix_spawn",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.system",
        "socket.connect",
        "socket.bind",
        "socket.sendto",
        "socket.sendmsg",
        "socket.getaddrinfo",
        "socket.gethostbyname",
    }
)


class _Guard:
    """Notes what a unit test may not do; an audit hook sees it however it is called, and cannot be patched away."""

    def __init__(self) -> None:
        self.is_watching = False
        self.seen: list[str] = []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.is_watching and event in _FORBIDDEN:
            self.seen.append(f"{event} {arguments[:2]}")
            raise RuntimeError(f"{event} in a unit test")


_guard = _Guard()
sys.addaudithook(_guard)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Share the tests out among several processes as they can run at once (`-n 2`)."""
    return TierScheduling(config, log)


@pytest.fixture(autouse=True)
def _no_processes_and_no_network_in_unit_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    if UNIT not in request.path.parents:
        yield
        return
    _guard.seen.clear()
    _guard.is_watching = True
    try:
        yield
    finally:
        _guard.is_watching = False
    # the code under test may have swallowed the error
    if _guard.seen:
        pytest.fail(f"a unit test may start no process and open no connection: {'; '.join(_guard.seen)}")


@pytest.fixture(autouse=True)
def _signals_are_left_as_they_were() -> Iterator[None]:
    # whatever a later test starts inherits an ignored signal, and cannot be ended by it
    before = {number: signal.getsignal(number) for number in ENDINGS}
    yield
    changed = [number for number, handler in before.items() if signal.getsignal(number) is not handler]
    for number in changed:
        signal.signal(number, before[number])
    assert not changed
