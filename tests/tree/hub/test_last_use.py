"""When a server was last used, in the hub: what servers say counts, and traffic does not."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm
from sqlalchemy.orm import Session

from littlest.hub.application import LittlestHub
from littlest.hub.servers.last_use import REPORT_SECONDS, give_time_to_report


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture
def db() -> Iterator[Session]:
    session = orm.new_session_factory("sqlite:///:memory:")()
    yield session
    session.close()


def add_server(db: Session, name: str, last: datetime | None, *, running: bool = True) -> Any:
    user = orm.User(name=name)
    spawner = orm.Spawner(user=user, name="", last_activity=last)
    if running:
        spawner.server = orm.Server()
    db.add_all([user, spawner])
    db.commit()
    return spawner


def test_after_a_long_time_without_the_hub_every_server_may_report_before_it_is_stopped(
    db: Session, now: datetime
) -> None:
    timeout = 600
    computing = add_server(db, "computing", now - timedelta(hours=3))
    fresh = add_server(db, "fresh", now - timedelta(seconds=5))
    stopped = add_server(db, "stopped", now - timedelta(hours=3), running=False)
    new = add_server(db, "new", None)
    give_time_to_report(db, timeout)
    idle = (datetime.now(UTC).replace(tzinfo=None) - computing.last_activity).total_seconds()
    assert timeout - REPORT_SECONDS - 1 < idle < timeout - REPORT_SECONDS + 5
    assert fresh.last_activity == now - timedelta(seconds=5)
    assert stopped.last_activity == now - timedelta(hours=3)
    assert new.last_activity is None


def test_traffic_through_the_proxy_is_no_use(db: Session, now: datetime) -> None:
    # a page that is left open asks every few seconds
    spawner = add_server(db, "ada", now - timedelta(hours=1))
    route = {"data": {"user": "ada", "server_name": "", "last_activity": f"{now.isoformat()}Z"}}
    checked: list[Any] = []

    class Proxy:
        async def get_all_routes(self) -> dict[str, Any]:
            return {"/user/ada/": route}

        async def check_routes(self, *words: Any) -> None:
            checked.append(words[-1])

    hub: Any = SimpleNamespace(proxy=Proxy(), db=db, users={}, _service_map={}, active_user_window=1)
    asyncio.run(LittlestHub.update_last_activity(hub))
    assert checked == [{"/user/ada/": route}]
    assert spawner.last_activity == now - timedelta(hours=1)
