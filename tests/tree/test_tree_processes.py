"""What runs as an account, and its end: of real processes, under a number that no account has."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from littlest.machine.account_database import Account
from littlest.machine.machine import Machine
from littlest.system.accounts.processes import end_processes, parse_process

UID = 2_000_000_123
ACCOUNT = Account("nobody-has-this-name", UID, UID, "", PurePosixPath("/nonexistent"))
AS_USER = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]
IN_CONTAINER = ["unshare", "--pid", "--fork", "--kill-child"]
SLEEP = ["sleep", "300"]

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run([*IN_CONTAINER, "true"], check=False, capture_output=True).returncode != 0,
    reason="only root can run things as somebody else, and in a container",
)


@pytest.fixture
def started() -> Iterator[list["subprocess.Popen[bytes]"]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    # who changes the user is no longer ended together with who started it
    for number in list_numbers():
        os.kill(number, signal.SIGKILL)
    for process in processes:
        process.kill()
        process.wait()


def list_numbers() -> list[int]:
    """The processes that run as the account."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            process = parse_process(status.read_text())
            if process is not None and UID in process.uids:
                found.append(int(status.parent.name))
    return found


def count() -> int:
    return len(list_numbers())


def wait_for(number: int) -> None:
    deadline = time.monotonic() + 20
    while count() != number:
        assert time.monotonic() < deadline, count()
        time.sleep(0.02)


def test_everything_of_the_account_ends_and_nothing_else(started: list["subprocess.Popen[bytes]"]) -> None:
    other = subprocess.Popen(SLEEP)
    started.append(other)
    for command in (
        [*AS_USER, *SLEEP],
        # one that does not end by being told
        [*AS_USER, "sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done"],
    ):
        started.append(subprocess.Popen(command))
    wait_for(3)
    assert end_processes(Machine("/"), ACCOUNT)
    assert count() == 0
    assert other.poll() is None
    assert end_processes(Machine("/"), ACCOUNT)


def test_a_container_of_roots_goes_on_and_one_of_the_users_own_ends(
    started: list["subprocess.Popen[bytes]"],
) -> None:
    started.append(subprocess.Popen([*IN_CONTAINER, *AS_USER, *SLEEP]))
    wait_for(1)
    assert end_processes(Machine("/"), ACCOUNT)
    assert count() == 1
    own = subprocess.Popen([*AS_USER, "unshare", "--user", "--pid", "--fork", *SLEEP])
    started.append(own)
    time.sleep(0.1)
    if own.poll() is not None:
        pytest.skip("this machine lets no user make a container")
    wait_for(3)
    assert end_processes(Machine("/"), ACCOUNT)
    assert count() == 1
