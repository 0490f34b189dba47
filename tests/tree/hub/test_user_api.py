"""What the hub's API takes of a request that edits a user."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import HTTPError

from littlest.hub.pages.user_api import UserHandler, UserListHandler


def edit(user: str, name: str) -> Any:
    handler = UserHandler.__new__(UserHandler)
    handler.path_args = [user]
    handler.request = SimpleNamespace(method="PATCH", body=json.dumps({"name": name, "admin": True}).encode())
    handler.application = SimpleNamespace(
        settings={"authenticator": SimpleNamespace(normalize_username=str.lower)}  # as ours does
    )
    return handler.get_json_body()


@pytest.mark.parametrize("name", ["ada", "Ada"])
def test_a_name_that_stays_is_left_out(name: str) -> None:
    assert edit("ada", name) == {"admin": True}


def test_so_is_one_that_was_added_with_capitals() -> None:
    # JupyterHub's API does not make them small
    assert edit("Ada", "Ada") == {"admin": True}


def test_another_name_is_refused() -> None:
    with pytest.raises(HTTPError):
        edit("ada", "ben")


def add(names: list[str]) -> Any:
    handler = UserListHandler.__new__(UserListHandler)
    handler.request = SimpleNamespace(method="POST", body=json.dumps({"usernames": names, "admin": False}).encode())
    return handler.get_json_body()


def test_names_that_users_can_have_are_added() -> None:
    assert add(["ada", "zoë müller", "Lovelace, Ada"])["usernames"] == ["ada", "zoë müller", "Lovelace, Ada"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["ada", "a/b"], '"a/b"'),
        (["student06,student07"], '"student06,student07" looks like several names'),
        (["ada\r"], "line break"),
        (["a/b", "ada", " x"], '" x" has a space'),
    ],
)
def test_a_name_that_cannot_be_is_named_with_the_reason(names: list[str], words: str) -> None:
    with pytest.raises(HTTPError) as refused:
        add(names)
    assert words in str(refused.value.log_message)
    assert '"ada" ' not in str(refused.value.log_message)
