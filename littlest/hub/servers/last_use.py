"""When servers were last used, after a time in which they could not tell the hub."""

from datetime import UTC, datetime, timedelta
from typing import Any

from jupyterhub import orm

REPORT_SECONDS = 420
"""Within this time every server has told the hub when it was last used: it does so every 270 to 330 seconds, and
tries for a minute."""


def give_time_to_report(db: Any, timeout: int) -> None:
    """Let no server seem unused for longer than `timeout` seconds, the culler's, before it can have reported.

    The culler would stop running computations when the hub was down for long.
    """
    earliest = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=timeout - REPORT_SECONDS)
    for spawner in db.query(orm.Spawner).filter(orm.Spawner.server != None):  # noqa: E711  # SQL
        if spawner.last_activity is not None and spawner.last_activity < earliest:
            spawner.last_activity = earliest
    db.commit()
