"""Says on stderr what is being made and how long it took."""

import contextlib
import sys
import time
from collections.abc import Iterator


def say(text: str) -> None:
    """One line for whoever watches the build."""
    print(f"build: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def part(name: str) -> Iterator[None]:
    """A part of the build: its name when it starts, its time in seconds when it is done."""
    say(f"{name} …")
    start = time.monotonic()
    yield
    say(f"{name}: {time.monotonic() - start:.1f} s")
