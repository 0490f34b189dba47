"""How long a user's server believes what the hub said of somebody."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import HTTPError

from littlest.server.visitors import Answers, may_go_on


def test_an_answer_about_somebody_else_does_not_count_for_long() -> None:
    answers = Answers("ada", 300, others_age=0.05)
    answers["own"], answers["other"], answers["nobody"] = {"name": "ada"}, {"name": "deputy"}, None
    assert answers["other"] == {"name": "deputy"}
    assert "nobody" in answers
    time.sleep(0.06)
    assert answers["own"] == {"name": "ada"}
    assert "other" not in answers
    assert "nobody" not in answers


class Hub:
    """What a user's server knows of the hub, with the answer that it gets."""

    access_scopes = frozenset({"access:servers!server=ada/"})

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get_token(self, handler: Any) -> str:
        return str(handler.token)

    def get_session_id(self, _handler: Any) -> str:
        return ""

    async def user_for_token(self, _token: str, *, session_id: str, sync: bool) -> Any:
        assert (session_id, sync) == ("", False)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def check_scopes(self, wanted: frozenset[str], user: dict[str, Any]) -> set[str]:
        return set(wanted) & set(user["scopes"])


@pytest.mark.parametrize(
    ("answer", "token", "goes_on"),
    [
        ({"scopes": ["access:servers!server=ada/"]}, "t", True),
        ({"scopes": ["access:servers!server=deputy/"]}, "t", False),
        (None, "t", False),
        ({"scopes": ["access:servers!server=ada/"]}, "", False),
        # a hub that is away for a moment ends nothing
        (HTTPError(500), "t", True),
    ],
)
def test_a_connection_goes_on_for_as_long_as_the_hub_lets_it(answer: Any, token: str, goes_on: bool) -> None:
    assert asyncio.run(may_go_on(Hub(answer), SimpleNamespace(token=token))) is goes_on
