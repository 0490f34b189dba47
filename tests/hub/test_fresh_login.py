"""What gives rights asks for the password again when it was not typed in the last minutes."""

import json
import time
from typing import Any

import pytest

from tests.hub.running_hub import PASSWORD, URL, ask
from tests.hub.world import World
from tests.support.hub_client import HubClient, words
from tests.support.identity import CLIENT_ID, CLIENT_SECRET, IdentityProvider

SETTINGS = "users: {admin: [teacher, deputy], allowed: [ada]}"
COOKIE = "littlest-confirmed"


def let_time_pass(client: HubClient) -> None:
    """Leave only the cookies that a browser has after a quarter of an hour."""
    client._session.cookie_jar.clear(lambda cookie: cookie.key == COOKIE)


async def confirm(client: HubClient, password: str, page: str = "hub/confirm") -> tuple[int, str]:
    await client.get(page)
    return await client.post(page, {"password": password, "_xsrf": client.xsrf("hub/")["X-XSRFToken"]})


def test_an_admin_and_a_token_are_made_only_with_a_fresh_login(world: World, start: Any) -> None:
    start(SETTINGS)

    async def story() -> None:
        async with HubClient(URL, "ada", PASSWORD) as ada, HubClient(URL, "teacher", PASSWORD) as teacher:
            await ada.login()
            await teacher.login()
            token = (await teacher.api("POST", "users/teacher/tokens"))[1]["token"]
            gives = (
                ("PATCH", "users/ada", {"name": "ada", "admin": True}),
                ("POST", "users", {"usernames": ["grace"], "admin": True}),
                ("POST", "users/grace", {"admin": True}),
                ("PATCH", "users/deputy", {"name": "deputy", "admin": False}),
                ("POST", "users/teacher/tokens", {}),
            )
            let_time_pass(teacher)
            for call in gives:
                status, said = await teacher.api(*call)
                assert status == 403, call
                assert "Confirm your password first" in said["message"]
            # JupyterHub takes these for JSON
            for odd in (b"\x0b", b"\x0c"):
                headers = {"Content-Type": "application/json", **teacher.xsrf("hub/")}
                body, address = odd + b'{"admin":true}', teacher.at("hub/api/users/ada")
                async with teacher._session.patch(address, data=body, headers=headers) as answer:
                    assert answer.status == 403
            for method, path in (("PATCH", "proxy"), ("POST", "groups/x/users"), ("POST", "shares/teacher/")):
                assert (await teacher.api(method, path, {"api_url": "http://127.0.0.1:9"}))[0] == 403, path
            # what gives no rights goes on
            assert (await teacher.api("PATCH", "users/ada", {"name": "ada", "admin": False}))[0] == 200
            assert (await teacher.api("POST", "users", {"usernames": ["hedy"]}))[0] == 201
            # a token was made with a fresh login
            assert (await ask("PATCH", "users/ada", token, {"admin": True}))[0] == 200
            assert (await ask("PATCH", "users/ada", token, {"admin": False}))[0] == 200
            status, page = await confirm(teacher, "not the password")
            assert status == 403
            assert "This is not your password" in words(page)
            assert (await teacher.api(*gives[0]))[0] == 403
            assert (await confirm(teacher, PASSWORD))[0] == 200
            assert (await teacher.api(*gives[0]))[0] == 200
            # the confirmation of one user is not another's
            value = teacher._session.cookie_jar.filter_cookies(teacher.at("hub/"))[COOKIE].value
            let_time_pass(ada)
            headers = {"Cookie": f"{COOKIE}={value}", "Content-Type": "application/json", **ada.xsrf("hub/")}
            async with ada._session.post(ada.at("hub/api/users/ada/tokens"), headers=headers, data="{}") as answer:
                assert answer.status == 403

    world.network.run(story())


def test_the_page_leads_back_only_to_the_hub(world: World, start: Any) -> None:
    start(SETTINGS)

    async def story() -> None:
        async with HubClient(URL, "teacher", PASSWORD) as teacher:
            await teacher.login()
            for page, end in (("hub/confirm?next=/hub/token", "hub/token"), ("hub/confirm?next=//evil/", "hub/home")):
                await teacher.get(page)
                form = {"password": PASSWORD, "_xsrf": teacher.xsrf("hub/")["X-XSRFToken"]}
                async with teacher._session.post(teacher.at(page), data=form, allow_redirects=False) as answer:
                    assert answer.headers["Location"] == f"/{end}"

    world.network.run(story())


PROVIDER = "http://127.0.0.1:9500"
OIDC = f"""
users: {{admin: [teacher], allowed: [ada]}}
external_url: {URL}
auth:
  type: oidc
  client_id: {CLIENT_ID}
  client_secret: {json.dumps(CLIENT_SECRET)}
  authorize_url: {PROVIDER}/authorize
  token_url: {PROVIDER}/token
  userdata_url: {PROVIDER}/userinfo
"""


@pytest.fixture
def come(world: World, start: Any) -> Any:
    """Let somebody come from a provider who lets everybody in without asking, and play a story."""
    start(OIDC)
    provider = IdentityProvider(PROVIDER, f"{URL}hub/oauth_callback", {"preferred_username": "teacher"})

    def come(story: Any) -> None:
        async def run() -> None:
            async with provider.serve(9500), HubClient(URL, "teacher") as teacher:
                await teacher.get("hub/oauth_login?next=/hub/home")
                await story(teacher, provider)

        world.network.run(run())

    return come


async def make_token(client: HubClient) -> int:
    return (await client.api("POST", "users/teacher/tokens", {}))[0]


async def log_in_again(client: HubClient, provider: IdentityProvider) -> tuple[str, Any]:
    """Press the button; gives the page that it leads to, and what the provider was asked."""
    await client.get("hub/confirm")
    status, page = await client.post("hub/confirm?next=/hub/token", {"_xsrf": client.xsrf("hub/")["X-XSRFToken"]})
    assert status == 200
    return page, provider.asked[-1]


def test_a_provider_is_asked_to_ask_and_must_say_when_it_did(come: Any) -> None:
    async def story(teacher: HubClient, provider: IdentityProvider) -> None:
        assert "prompt" not in provider.asked[-1]
        assert await make_token(teacher) == 403
        # a page may lead the browser to the login, but not press the button
        await teacher.get("hub/oauth_login")
        assert await make_token(teacher) == 403
        await teacher.get("hub/confirm?next=/hub/home")
        assert len(provider.asked) == 2
        assert (await teacher.post("hub/confirm", {}))[0] == 403
        # it goes by its session, and says so
        provider.person["auth_time"] = int(time.time()) - 3600
        _, asked = await log_in_again(teacher, provider)
        assert (asked["prompt"], asked["max_age"]) == ("login", "0")
        assert await make_token(teacher) == 403
        assert "let you in without asking you" in (await teacher.get("hub/confirm"))[1]
        # it asked
        provider.person["auth_time"] = int(time.time())
        page, _ = await log_in_again(teacher, provider)
        assert "Request new API token" in words(page)
        assert await make_token(teacher) == 201
        assert "prompt" not in provider.asked[-1] or provider.asked[-1]["max_age"] == "0"
        let_time_pass(teacher)
        assert await make_token(teacher) == 403
        # an ordinary login counts as long as the login there is young
        provider.person["auth_time"] = int(time.time()) - 600
        await teacher.get("hub/oauth_login")
        assert "prompt" not in provider.asked[-1]
        assert await make_token(teacher) == 201

    come(story)


def test_where_a_provider_does_not_say_when_it_asked_a_login_counts_only_if_the_user_wanted_it(come: Any) -> None:
    async def story(teacher: HubClient, provider: IdentityProvider) -> None:
        assert await make_token(teacher) == 403
        await log_in_again(teacher, provider)
        assert await make_token(teacher) == 201
        let_time_pass(teacher)
        await teacher.get("hub/oauth_login")
        assert await make_token(teacher) == 403

    come(story)
