"""What one user can put into the hub's database is bounded."""

import json
import math
import sys
from typing import Any

from tests.hub.running_hub import PASSWORD, URL, find_refusal
from tests.hub.test_rights import run_inside
from tests.hub.world import World
from tests.support.hub_client import HubClient, words


def test_tokens_are_few_and_have_short_notes(world: World, start: Any) -> None:
    start("users: {allowed: [ada]}")

    async def fill() -> list[int]:
        async with HubClient(URL, "ada", PASSWORD) as ada:
            await ada.login()
            notes = ["x" * 200, "x" * 201, "Server at /user/ada/", 7]
            found = [(await ada.api("POST", "users/ada/tokens", {"note": note}))[0] for note in notes]
            many = [(await ada.api("POST", "users/ada/tokens", {}))[0] for _ in range(101)]
            hour = (await ada.api("POST", "users/ada/tokens", {"expires_in": 3600}))[0]
            return [*found, many[-3], many[-1], hour]

    assert world.network.run(fill(), 120) == [201, 400, 400, 400, 201, 429, 201]


def test_a_named_server_that_is_refused_leaves_nothing(world: World, start: Any) -> None:
    start("users: {admin: [teacher], allowed: [ada, bob]}\nlimits: {users: {bob: {open_servers: 2}}}")

    async def name_servers() -> tuple[set[int], int, list[int], int]:
        async with HubClient(URL, "ada", PASSWORD) as ada, HubClient(URL, "bob", PASSWORD) as bob:
            await ada.login()
            await bob.login()
            refused = {
                (await ada.api(method, f"users/ada/servers/{method.lower()}-{number}"))[0]
                for method in ("PUT", "POST")
                for number in range(3)
            }
            refused.add((await ada.get("hub/spawn/ada/page-one"))[0])
            made = [(await bob.api("PUT", f"users/bob/servers/name-{number}"))[0] for number in range(52)]
            kept = [
                len((await one.api("GET", f"users/{one.user}?include_stopped_servers"))[1]["servers"])
                for one in (ada, bob)
            ]
            # they can be removed, and then others can be made
            assert (await bob.api("DELETE", "users/bob/servers/name-1", {"remove": True}))[0] == 204
            assert (await bob.api("PUT", "users/bob/servers/name-99"))[0] == 201
            assert (await ada.get("hub/home"))[0] == 200
            return refused, kept[0], made[48:], kept[1]

    refused, kept, made, of_bob = world.network.run(name_servers(), 120)
    assert (refused, kept) == ({403}, 1)
    assert made == [201, 201, 400, 400]
    assert of_bob == 51


def test_options_of_a_server_are_short_and_plain(world: World, start: Any) -> None:
    """Else a user keeps the admin panel from all admins: no browser reads NaN, and the hub has no words for bytes."""
    start("users: {admin: [teacher], allowed: [ada, bob]}\nlimits: {users: {ada: {open_servers: 3}}}")
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"a": deep}
    wrong: tuple[dict[str, Any], ...] = (
        {"a": math.nan},
        {"user_options": {"a": -math.inf}},
        {"user_options": {"a": {"__jupyterhub_bytes__": True, "data": "YQ=="}}},
        deep,
        {"a": "x" * 5000},
        {"display_name": "x" * 5000},
    )

    async def fill() -> tuple[set[int], int, int, Any]:
        async with HubClient(URL, "ada", PASSWORD) as ada, HubClient(URL, "teacher", PASSWORD) as teacher:
            await ada.login()
            await teacher.login()
            places = (("POST", "server"), ("PATCH", "server"), ("PUT", "servers/one"), ("POST", "servers/two"))
            found = {
                (await ada.api(method, f"users/ada/{place}", body))[0] for method, place in places for body in wrong
            }
            page = (await ada.get(f"hub/spawn/ada?a={'x' * 5000}"))[0]
            right = (await ada.api("PUT", "users/ada/servers/one", {"a": [1.5, "x", None]}))[0]
            return found, page, right, await teacher.api("GET", "users?include_stopped_servers")

    found, page, right, (status, users) = world.network.run(fill(), 120)
    assert (found, page, right, status) == ({400}, 400, 201, 200)
    assert {user["name"] for user in users} == {"ada", "bob", "teacher"}
    json.dumps(users, allow_nan=False)


FILL = """
import sqlite3
hub = sqlite3.connect("/var/lib/littlest/jupyterhub.sqlite", isolation_level=None)
hub.execute(
    "INSERT INTO oauth_clients (identifier, secret, redirect_uri, allowed_scopes) VALUES (?, ?, ?, ?)",
    ("jupyterhub-user-ada", "x", "/user/ada/oauth_callback", "[]"),
)
hub.execute(
    "INSERT INTO spawners (user_id, name, oauth_client_id) SELECT users.id, ?, identifier"
    " FROM users, oauth_clients WHERE identifier = ?",
    ("", "jupyterhub-user-ada"),
)
for number in range(300):
    hub.execute(
        "INSERT INTO api_tokens (user_id, hashed, prefix, client_id, scopes, created)"
        " SELECT id, ?, ?, ?, ?, ? FROM users",
        (f"sha512:1:a:{number:x}", "pppp", "jupyterhub-user-ada", "[]", "2026-01-01 00:00:00.0"),
    )
"""


def test_logins_at_a_server_leave_few_rows(world: World, start: Any) -> None:
    """Each leaves a code, and with the server's own secret a token for two weeks: a user's script made any number."""
    start("users: {allowed: [ada]}")
    world.network.run(find_refusal("ada"))
    # the hub forgets clients without a server when it starts
    run_inside(world, f"{sys.executable} -c '{FILL}'")

    async def log_in() -> int:
        async with HubClient(URL, "ada", PASSWORD) as ada:
            await ada.login()
            query = (
                "client_id=jupyterhub-user-ada&response_type=code&redirect_uri=%2Fuser%2Fada%2Foauth_callback&state=x"
            )
            for _ in range(30):
                status, page = await ada.get(f"hub/api/oauth2/authorize?{query}", allow_redirects=False)
                assert status in {200, 302}, words(page)
            status, found = await ada.api("GET", "users/ada/tokens")
            assert status == 200, found
            return len(found["api_tokens"])

    assert world.network.run(log_in(), 60) == 200
