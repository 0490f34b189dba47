"""Signing up: under whose names nobody can, and what is left when a name is taken out of the settings."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyterhub import orm
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.hub.live import live
from littlest.hub.login import people
from littlest.hub.login.native import SignUpAuthenticator
from littlest.machine.machine import Machine

PASSWORD = "An-ample-password-1"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """The hub's database; the applied settings name nobody."""
    monkeypatch.setattr(people, "Machine", lambda: Machine(tmp_path))
    monkeypatch.setattr(live, "config", Config())
    monkeypatch.setattr(live, "removed", frozenset())
    engine = create_engine(f"sqlite:///{tmp_path}/hub.sqlite")
    orm.Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def start(database: Session, text: str = "", *, open_signup: bool = False) -> SignUpAuthenticator:
    live.config = load_config(f"auth: {{type: native}}\n{text}", "config.yaml")
    users = live.config.users
    hub = SignUpAuthenticator(
        db=database,
        passwords_file=str(Path(database.get_bind().url.database).with_name("passwords")),  # type: ignore[union-attr,arg-type]
        allow_existing_users=True,
        any_allow_config=True,
        admin_users=set(users.admin),
        allowed_users={*users.allowed, *users.admin},
        open_signup=open_signup,
    )
    hub.settle_guests(())
    return hub


def add(database: Session, hub: SignUpAuthenticator, name: str, *, admin: bool = False) -> orm.User:
    """What the admin panel does."""
    user = orm.User(name=name, admin=admin)
    database.add(user)
    database.commit()
    hub.add_user(user)
    return user


def log_in(hub: SignUpAuthenticator, name: str) -> bool:
    handler = SimpleNamespace(first_password_problem=None)
    return bool(asyncio.run(hub.authenticate(handler, {"username": name, "password": PASSWORD})))


def test_nobody_signs_up_as_an_admin_of_the_admin_panel(database: Session) -> None:
    hub = start(database, "users: {admin: [teacher]}")
    add(database, hub, "deputy", admin=True)
    for name in ("teacher", "deputy", "Deputy"):
        assert "is an admin" in (hub.find_sign_up_problem(name, PASSWORD) or "")
        assert hub.create_user(name, PASSWORD) is None
        assert not log_in(hub, name)


@pytest.mark.parametrize("open_signup", [True, False])
def test_a_sign_up_is_worth_nothing_once_the_name_is_an_admins_until_it_is_approved(
    database: Session, open_signup: bool
) -> None:
    hub = start(database, open_signup=open_signup)
    info = hub.create_user("deputy", PASSWORD)
    assert info is not None
    add(database, hub, "deputy", admin=True)
    assert not log_in(hub, "deputy")
    info.is_authorized = True
    assert log_in(hub, "deputy")


def test_whom_a_role_gives_more_than_others_needs_an_approval(database: Session) -> None:
    hub = start(database, open_signup=True)
    user = add(database, hub, "grader")
    user.roles.append(orm.Role(name="reads-everything"))
    database.commit()
    info = hub.create_user("grader", PASSWORD)
    assert info is not None
    assert not log_in(hub, "grader")
    info.is_authorized = True
    assert log_in(hub, "grader")


def test_named_and_added_users_need_no_approval_and_others_do(database: Session) -> None:
    hub = start(database, "users: {allowed: [ada]}")
    add(database, hub, "bob")
    for name in ("ada", "bob", "eve"):
        assert hub.create_user(name, PASSWORD) is not None
    assert [log_in(hub, name) for name in ("ada", "bob", "eve")] == [True, True, False]


@pytest.mark.parametrize("open_signup", [True, False])
@pytest.mark.parametrize("approved", [True, False])
def test_a_removed_user_stays_out_until_named_or_approved_again(
    database: Session, open_signup: bool, approved: bool
) -> None:
    hub = start(database, "users: {allowed: [carl]}", open_signup=open_signup)
    info = hub.create_user("carl", PASSWORD)
    assert info is not None
    info.is_authorized = info.is_authorized or approved
    assert log_in(hub, "carl")
    # what the hub does when it starts or reloads the settings
    for _start in range(2):
        hub = start(database, open_signup=open_signup)
        live.removed = frozenset({"carl"})
        hub.forget_approvals(live.removed)
        assert not log_in(hub, "carl")
        assert not asyncio.run(hub.refresh_user(SimpleNamespace(name="carl")))
        assert not info.is_authorized
    info.is_authorized, live.removed = True, frozenset()
    assert log_in(hub, "carl")
    info.is_authorized = False
    assert log_in(start(database, "users: {allowed: [carl]}"), "carl")


def test_the_end_of_open_sign_up_is_the_end_for_those_whom_nobody_approved(database: Session) -> None:
    hub = start(database, open_signup=True)
    assert hub.create_user("eve", PASSWORD) is not None
    assert log_in(hub, "eve")
    assert not log_in(start(database), "eve")
