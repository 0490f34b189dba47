"""Those whom a rule let in are out when the rule ends; those who were named or added stay."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.auth import Authenticator
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError
from traitlets import Any as Any_
from traitlets import Set, Unicode
from traitlets.config import Config as Traits

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.auth import PamAuth
from littlest.config.text.load import load_config
from littlest.hub.live import live
from littlest.hub.login import people
from littlest.machine.machine import Machine
from littlest.plan.login import make_login_rule


class AnyName(Authenticator):
    """Believes every name, and lets in those of its own group."""

    friends = Set(Unicode()).tag(config=True)
    likes = Any_().tag(config=True)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any]:
        return {"name": data["username"], "admin": data["username"].endswith("-dean") or None}

    def check_allowed(self, username: str, authentication: Any = None) -> bool:
        return username in self.allowed_users | self.friends or username.startswith("member")


class Following(people.FollowsSettings, AnyName):
    """The same, as the hub uses it."""


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "Machine", lambda: Machine(tmp_path))
    monkeypatch.setattr(live, "config", Config())


def start(*in_database: str, **settings: Any) -> Following:
    """A hub that starts with these users in its database."""
    authenticator = Following(allow_existing_users=True, **settings)
    for name in in_database:
        authenticator.add_user(SimpleNamespace(name=name))
    authenticator.settle_guests(find_ended(authenticator, *in_database)[1])
    return authenticator


def find_ended(authenticator: Following, *in_database: str) -> tuple[set[str], set[str]]:
    """Whose rights have ended, as the hub asks at its start; all are admins there."""
    return authenticator.find_ended_rights(in_database, in_database)


def log_in(authenticator: Following, name: str) -> bool:
    found = asyncio.run(authenticator.get_authenticated_user(None, {"username": name}))
    if found:
        authenticator.add_user(SimpleNamespace(name=found["name"]))
    return bool(found)


def goes_on(authenticator: Following, name: str) -> bool:
    return bool(asyncio.run(authenticator.refresh_user(SimpleNamespace(name=name))))


def test_whom_allow_all_let_in_is_out_when_it_ends() -> None:
    assert log_in(start(allow_all=True), "eve")
    after = start("eve")
    assert not log_in(after, "eve")
    assert not goes_on(after, "eve")


def test_whom_an_admin_added_stays() -> None:
    start()
    after = start("Ada")
    assert log_in(after, "ada")
    assert goes_on(after, "ada")


def test_only_whom_no_rule_can_let_in_again_is_shut_out() -> None:
    assert log_in(start(), "member-1")
    after = start("ada", "member-1", likes=["another rule"], blocked_users={"bob"})
    after.allowed_users.discard("ada")
    shut_out = {name for name in ("ada", "bob", "member-1") if after.is_shut_out(name)}
    assert shut_out == {"ada", "bob"}
    after.blocked_users.add("member-1")
    assert after.is_shut_out("member-1")


def test_a_member_of_a_group_goes_on_over_a_restart_and_is_asked_again_after_a_change() -> None:
    assert log_in(start(), "member-1")
    assert goes_on(start("member-1"), "member-1")
    live.config = Config(auth=PamAuth(type="pam"))
    changed = start("member-1")
    assert not goes_on(changed, "member-1")
    assert log_in(changed, "member-1")
    assert goes_on(changed, "member-1")


def make_traits(**classes: dict[str, Any]) -> Traits:
    return Traits(classes)


def test_whom_a_trait_let_in_is_out_when_it_is_set_no_more() -> None:
    # by jupyterhub.<Class>.<trait> or a drop-in, of which the settings below auth say nothing
    ben = {"friends": {"ben", "cleo"}, "likes": log_in}
    assert log_in(start(config=make_traits(AnyName=ben)), "ben")
    after = start("ben")
    assert not log_in(after, "ben")
    assert not goes_on(after, "ben")


def test_what_lets_nobody_in_ends_no_right() -> None:
    ben = {"friends": {"ben", "cleo"}, "likes": log_in}
    assert log_in(start(config=make_traits(AnyName=ben)), "ben")
    others = make_traits(
        AnyName=ben, Authenticator={"auth_refresh_age": 600, "allowed_users": {"ada"}, "api_key": "x"}
    )
    assert goes_on(start("ben", config=others), "ben")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (HTTPClientError(400, "invalid_client"), 403),
        (HTTPClientError(599, "Timeout"), 503),
        (HTTPClientError(502, "Bad Gateway"), 503),
        (ConnectionRefusedError(), 503),
    ],
)
def test_what_a_provider_refuses_is_a_sentence(error: Exception, status: int) -> None:
    class Asking(Following):
        async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any]:
            raise error

    with pytest.raises(HTTPError) as caught:
        log_in(Asking(), "ada")
    assert caught.value.status_code == status
    assert "provider" in str(caught.value.log_message)


def test_somebody_banned_is_out_although_a_group_lets_them_in() -> None:
    hub = start(blocked_users={"member-2"})
    assert not log_in(hub, "member-2")
    assert not goes_on(hub, "member-2")


def test_whoever_is_named_later_is_no_guest_any_more() -> None:
    assert log_in(start(), "member-3")
    assert log_in(start("member-3", allowed_users={"member-3"}), "member-3")
    assert goes_on(start("member-3"), "member-3")


def test_whoever_is_deleted_may_not_log_in_again() -> None:
    start()
    hub = start("ada")
    hub.delete_user(SimpleNamespace(name="Ada"))
    assert not log_in(hub, "ada")


@pytest.mark.parametrize("content", ["[", "{}", "[]", '{"guests": 1}', None])
def test_a_damaged_or_lost_file_lets_nobody_in_but_those_who_are_named(tmp_path: Path, content: str | None) -> None:
    file = Machine(tmp_path).path(paths.GUESTS_FILE)
    assert log_in(start(allow_all=True), "eve")
    assert log_in(start(), "member-4")
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    # the second time the file is whole again
    for _start in range(2):
        hub = start("eve", "member-4", "ada", allowed_users={"ada"})
        assert [goes_on(hub, name) for name in ("eve", "member-4", "ada")] == [False, False, True]
        assert not log_in(hub, "eve")
    hub.add_user(SimpleNamespace(name="new"))
    assert log_in(hub, "new")
    # the group lets them in all the same
    assert log_in(hub, "member-4")


def test_whom_a_full_disk_kept_from_being_remembered_is_not_let_in(tmp_path: Path) -> None:
    hub = start()
    file = Machine(tmp_path).path(paths.GUESTS_FILE)
    file.with_name(".guests.json.littlest-new").mkdir()
    for _try in range(2):
        with pytest.raises(OSError, match="directory"):
            log_in(hub, "member-5")


def test_an_admin_by_a_group_is_none_when_the_rule_is_another(tmp_path: Path) -> None:
    start()
    assert log_in(start(), "member-dean")
    assert find_ended(Following(), "member-dean", "panel") == (set(), set())
    live.config = Config(auth=PamAuth(type="pam"))
    assert find_ended(Following(), "member-dean", "panel") == ({"member-dean"}, {"member-dean"})
    assert find_ended(Following(admin_users={"member-dean"}), "member-dean")[1] == set()
    start("member-dean")
    assert find_ended(Following(), "member-dean")[1] == set()
    # made one in the admin panel since, which no rule takes away
    hub = start("member-dean")
    handler = SimpleNamespace(
        find_user=lambda name: SimpleNamespace(name=name, admin=True),
        request=SimpleNamespace(headers={}),
        get_current_user_cookie=lambda: None,
        get_secure_cookie=lambda *_given, **_named: None,
        hub=SimpleNamespace(base_url="/hub/"),
        _set_cookie=lambda *_given, **_named: None,
    )
    asyncio.run(hub.get_authenticated_user(handler, {"username": "member-dean"}))
    live.config = Config()
    assert find_ended(Following(), "member-dean")[1] == set()
    Machine(tmp_path).path(paths.GUESTS_FILE).unlink()
    assert find_ended(Following(admin_users={"ada"}), "panel", "ada")[1] == {"panel"}


def test_another_secret_or_sentence_is_the_same_rule() -> None:
    text = "external_url: https://hub.example/\nauth: {{type: github, client_id: i, client_secret: {}, {}: [{}]}}"
    rules = [
        make_login_rule(load_config(text.format(*values), "config.yaml"))
        for values in (
            ("x" * 40, "organizations", "a"),
            ("y" * 40, "organizations", "a"),
            ("x" * 40, "organizations", "b"),
        )
    ]
    assert rules[0] == rules[1] != rules[2]
