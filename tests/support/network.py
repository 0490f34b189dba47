"""Runs our own code inside a machine's network, where 127.0.0.1 is the machine's."""

import asyncio
import ctypes
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")
CLONE_NEWNET = 0x40000000


class Network:
    """The network namespace of a process, entered by one thread; the rest of this process stays outside.

    Sockets that the thread opens and processes that it starts belong to the machine's network (setns(2)).
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"net-{pid}", initializer=self._enter)

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        namespace = os.open(f"/proc/{self._pid}/ns/net", os.O_RDONLY)
        try:
            if libc.setns(namespace, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(namespace)

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call `function` in the machine's network and give what it returns or raises."""
        return self._thread.submit(function, *arguments).result()

    def run(self, coroutine: Coroutine[Any, Any, Result], seconds: float = 300.0) -> Result:
        """Run a coroutine in the machine's network; raises TimeoutError after `seconds`."""

        async def bounded() -> Result:
            return await asyncio.wait_for(coroutine, seconds)

        return self.call(lambda: asyncio.run(bounded()))

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)
