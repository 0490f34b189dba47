"""Repairs rights in shared folders: what users move in, or copy with its old rights, gets those of its folder.

A unit with a low priority would cost more than this thread: to start a Python for it takes 0.3 s of CPU, every 5 s.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from littlest.config.model import Config
from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.machine.machine import Machine
from littlest.plan.shared_folders import make_folder_steps
from littlest.plan.steps import EnsureSharedFolder
from littlest.system.folders.folder_rights import is_shared_folder_made, repair_shared_folder

LEAST_PAUSE = 5.0
"""Seconds between two checks."""
SHARE = 12
"""How many times longer a pause is than the check before it: very many files cost no more than 2 % of a core."""
SLICE = 0.02
"""Seconds of checking, after which the check rests."""
REST = 3
"""How many times longer it rests then: a check takes no more than a quarter of a core from the hub."""


class SharedFolderKeeper:
    """Checks the shared folders of the live settings again and again."""

    def __init__(self, machine: Machine, warn: Callable[[str], object]) -> None:
        self.machine = machine
        self.warn = warn
        self._checked: dict[EnsureSharedFolder, float] = {}
        """When each folder, with these rights, was checked last."""
        self._warned: dict[PurePosixPath, str] = {}

    async def keep(self) -> None:
        """Go on until cancelled. The hub continues meanwhile, because the checks run in a thread."""
        while True:
            began, config = time.monotonic(), live.config
            try:
                await self.check()
            except Exception as error:  # whatever it is, the next check may succeed
                self.warn(f"Shared folders could not be checked; trying again: {error!r}")
            await self._pause(config, max(LEAST_PAUSE, SHARE * (time.monotonic() - began)))

    async def _pause(self, config: Config, seconds: float) -> None:
        """Wait so long, but no longer than these settings are the live ones: others may take rights away."""
        end = time.monotonic() + seconds
        while live.config is config and (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, LEAST_PAUSE))

    async def check(self) -> None:
        """Repair what has changed in the folders since the last check; warn once of what cannot be repaired."""
        repairs = self._repair()
        while await asyncio.to_thread(_run_slice, repairs):
            await asyncio.sleep(REST * SLICE)

    def _repair(self) -> Iterator[bool]:
        steps = make_folder_steps(live.config)
        self._checked = {step: when for step, when in self._checked.items() if step in steps}
        for step in steps:
            # the hub gets new settings a moment before, or after, the folder is made
            if not is_shared_folder_made(self.machine, step):
                continue
            # clocks of file systems tick in hundredths of a second
            now = time.time() - 1
            try:
                yield from repair_shared_folder(self.machine, step, self._checked.get(step, 0.0))
            except (LittlestError, OSError) as error:
                if self._warned.get(step.path) != str(error):
                    self.warn(f"Not everything in {step.path} could get its rights: {error}")
                    self._warned[step.path] = str(error)
            self._checked[step] = now


def _run_slice(repairs: Iterator[bool]) -> bool:
    """Go on for one slice, and return whether there is more."""
    end = time.monotonic() + SLICE
    return any(time.monotonic() > end for _ in repairs)
