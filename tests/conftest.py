"""What holds for every test: unit tests use no process, network or disk; signals are as they were; sharing out."""

import os
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
        "os.mkdir",
        "os.rename",
        "os.remove",
        "os.link",
        "os.symlink",
        "os.truncate",
    }
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# what the interpreter and hypothesis remember from run to run is not the test's
_OF_TOOLS = ("/__pycache__/", "/.hypothesis/")


def is_writing(path: object, _mode: object, flags: object) -> bool:
    """Whether a file on a disk is opened to be written; arguments of the audit event `open`."""
    on_disk = isinstance(path, str | bytes | os.PathLike) and not os.fsdecode(path).startswith("/dev/")
    return on_disk and isinstance(flags, int) and bool(flags & _WRITING)


class _Guard:
    """Notes what a unit test may not do; an audit hook sees it however it is called, and cannot be patched away."""

    def __init__(self) -> None:
        self.is_watching = False
        self.seen: list[str] = []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.is_watching and (event in _FORBIDDEN or (event == "open" and is_writing(*arguments))):
            if any(folder in f"{arguments[0]}/" for folder in _OF_TOOLS):
                return
            self.seen.append(f"{event} {arguments[:2]}")
            raise RuntimeError(f"{event} in a unit test")


_guard = _Guard()
sys.addaudithook(_guard)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Share the tests out among several processes as they can run at once (`-n 2`)."""
    return TierScheduling(config, log)


@pytest.fixture(autouse=True)
def _no_process_network_or_disk_in_unit_tests(request: pytest.FixtureRequest) -> Iterator[None]:
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
        pytest.fail(
            f"a unit test may start no process, open no connection and write no file: {'; '.join(_guard.seen)}"
        )


@pytest.fixture(autouse=True)
def _signals_are_left_as_they_were() -> Iterator[None]:
    # whatever a later test starts inherits an ignored signal, and cannot be ended by it
    before = {number: signal.getsignal(number) for number in ENDINGS}
    yield
    changed = [number for number, handler in before.items() if signal.getsignal(number) is not handler]
    for number in changed:
        signal.signal(number, before[number])
    assert not changed
