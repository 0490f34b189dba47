"""Has the users' homes measured when it is time; a unit with the lowest priority does it."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.system.accounts.home_sizes import measure_homes

PAUSE = 60.0
"""Seconds between two looks whether it is time."""


async def keep_homes_measured(machine: Machine, warn: Callable[[str], object]) -> None:
    """Go on until cancelled; warn once of each problem."""
    warned: set[str] = set()
    while True:
        await asyncio.sleep(PAUSE)
        try:
            await asyncio.to_thread(measure_homes, machine, datetime.now().astimezone())
        except (LittlestError, OSError) as error:
            if str(error) not in warned:
                warn(f"The homes could not be measured: {error}")
                warned.add(str(error))
