"""Keeps the rights of shared folders: what was moved in, or copied with its old rights, gets those of its folder."""

import asyncio
import time
from collections.abc import Callable
from pathlib import PurePosixPath
from threading import Event

from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.machine.machine import Machine
from littlest.plan.shared_folders import make_folder_steps
from littlest.plan.steps import EnsureSharedFolder
from littlest.system.folders.folder_rights import is_shared_folder_made, mend_shared_folder

LEAST_PAUSE = 5.0
"""Seconds between two looks."""
SHARE = 12
"""How much longer a pause is than the look before it: very many files cost no more than 2 % of a core."""
SLICE = 0.02
"""Seconds of looking after which it rests."""
REST = 3
"""How much longer it rests then: nor does a look take more of a core from the hub than a quarter."""


class HubEnds(Exception):
    """What a look ends with that the hub will not wait for."""


class SharedFolderKeeper:
    """Looks at the shared folders of the applied settings, again and again."""

    def __init__(self, machine: Machine, warn: Callable[[str], object]) -> None:
        self.machine = machine
        self.warn = warn
        self._looked: dict[EnsureSharedFolder, float] = {}
        """When each folder, with these rights, was looked at last."""
        self._warned: dict[PurePosixPath, str] = {}
        self._rested = 0.0
        self._ending = Event()

    async def keep(self) -> None:
        """Go on until cancelled. The looking is done in a thread, and the hub goes on meanwhile."""
        try:
            while True:
                began = time.monotonic()
                try:
                    await asyncio.to_thread(self.look)
                except Exception as error:  # whatever it is, the next look may go well
                    self.warn(f"Shared folders could not be checked; trying again: {error!r}")
                await self._pause(max(LEAST_PAUSE, SHARE * (time.monotonic() - began)))
        finally:
            # a process ends when its threads have ended
            self._ending.set()

    async def _pause(self, seconds: float) -> None:
        """Wait so long; not any longer once there are other settings, which may take rights away."""
        config, end = live.config, time.monotonic() + seconds
        while live.config is config and (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, LEAST_PAUSE))

    def _rest(self) -> None:
        worked = time.monotonic() - self._rested
        if worked > SLICE:
            # the first of a look has not worked all the time since the last one's end
            if self._ending.wait(REST * min(worked, 2 * SLICE)):
                raise HubEnds
            self._rested = time.monotonic()

    def look(self) -> None:
        """Mend what has changed in the folders since the last look; what cannot be mended is told once."""
        steps = make_folder_steps(live.config)
        self._looked = {step: when for step, when in self._looked.items() if step in steps}
        for step in steps:
            # the settings are applied a moment before, or after, the folder is made
            if not is_shared_folder_made(self.machine, step):
                continue
            # clocks of file systems tick in hundredths of a second
            now = time.time() - 1
            try:
                mend_shared_folder(self.machine, step, self._looked.get(step, 0.0), self._rest)
            except (LittlestError, OSError) as error:
                if self._warned.get(step.path) != str(error):
                    self.warn(f"Not everything in {step.path} could get its rights: {error}")
                    self._warned[step.path] = str(error)
            self._looked[step] = now
