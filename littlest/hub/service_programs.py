"""Managed services: a program that does not start must not keep the hub from starting."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from jupyterhub import orm

PAUSE_SECONDS = 30.0
"""The pause between two tries to start a program."""


def keep_trying(service: Any, log: Any) -> None:
    """Make a service's `start` retry until its program has started.

    Otherwise JupyterHub ends the hub when the first start fails, and gives the service up when a later one fails.
    """
    start: Callable[[], Awaitable[None]] = service.start

    async def retry_until_started() -> None:
        while True:
            try:
                return await start()
            except Exception as error:  # whatever keeps a program from starting
                log.error("The service %s cannot be started, and is tried again: %s", service.name, error)
                await asyncio.sleep(PAUSE_SECONDS)

    service.start = retry_until_started


def forget_tokens(db: Any) -> None:
    """Forget the tokens of services from the settings: JupyterHub only adds, so a replaced token would stay valid."""
    for token in db.query(orm.APIToken).join(orm.Service).filter(orm.Service.from_config).all():
        db.delete(token)
    db.commit()
