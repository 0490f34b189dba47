"""Addresses from before a change of `base_url` lead to today's."""

from typing import Any

import pytest
from aiohttp import ClientSession

from tests.hub.world import World


@pytest.mark.parametrize(
    ("base", "leads"),
    [
        (
            "/jupyter/",
            {
                "/hub/login?a=b": "/jupyter/hub/login?a=b",
                "/user/ada/lab/tree/hub/x.ipynb": "/jupyter/user/ada/lab/tree/hub/x.ipynb",
                "/old/place/user/ada/lab": "/jupyter/user/ada/lab",
                "/": "/jupyter/hub/",
                "/jupyter/user/ada/lab": "/jupyter/hub/user/ada/lab",
            },
        ),
        ("/", {"/jupyter/hub/login": "/hub/login", "/user/ada/lab": "/hub/user/ada/lab", "/": "/hub/"}),
    ],
)
def test_an_old_address_leads_to_the_new_one(world: World, start: Any, base: str, leads: dict[str, str]) -> None:
    start(f"users: {{admin: [teacher]}}\nbase_url: {base}")

    async def ask() -> dict[str, str]:
        async with ClientSession() as session:
            found = {}
            for path in leads:
                async with session.get(f"http://127.0.0.1{path}", allow_redirects=False) as answer:
                    found[path] = answer.headers.get("Location", str(answer.status))
            return found

    assert world.network.run(ask()) == leads
