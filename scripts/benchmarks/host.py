"""The machine that is measured on: what it is, and whether anything else keeps it busy."""

import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

CALM = 0.15
"""The share of the machine's processor time that others may use while we measure."""


def read_facts() -> dict[str, str | int | float]:
    """What a reader needs to compare figures of two machines."""
    cpu = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": os.cpu_count() or 0,
        "processor": cpu[0] if cpu else platform.machine(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
    }


def read_busy_share(seconds: float = 1.0) -> float:
    """The share of all processors' time that was in use over the next `seconds` (proc(5), /proc/stat)."""

    def read() -> tuple[int, int]:
        ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(ticks), ticks[3] + ticks[4]

    before, idle_before = read()
    time.sleep(seconds)
    after, idle_after = read()
    return 1 - (idle_after - idle_before) / max(1, after - before)


class Calm:
    """Waits before each run until nothing else keeps the machine busy, and remembers where that was in vain."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.disturbed: list[tuple[str, float]] = []
        """Runs that began on a busy machine: their name and the share of it that others used."""

    def wait(self, name: str) -> None:
        """Return when the machine is calm, or after `patience` seconds."""
        deadline = time.monotonic() + self.patience
        while (busy := read_busy_share()) > CALM:
            if time.monotonic() > deadline:
                self.disturbed.append((name, round(busy, 2)))
                print(f"  {name}: the machine is busy ({busy:.0%}), measuring all the same", file=sys.stderr)
                return
