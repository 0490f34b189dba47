"""Passwords in a running hub: guesses, one-time passwords, and what a changed password ends."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from littlest import paths
from littlest.system.accounts.passwords import read_password_states
from tests.hub.running_hub import COMMAND, PASSWORD, URL, ask, find_refusal, write_config
from tests.hub.test_rights import run_inside
from tests.hub.world import World
from tests.support.hub_client import HubClient, Refused, words

CONFIG = "users: {admin: [teacher, deputy], allowed: [ada, bob, carl]}"
OTHER = "another-ample-password"


async def refuse(user: str, password: str, address: str = "") -> tuple[int, float]:
    """Log in; gives the status of the answer and its seconds."""
    async with HubClient(URL, user, password, address=address) as person:
        began = time.monotonic()
        try:
            await person.login()
        except Refused as refused:
            return refused.status, time.monotonic() - began
        return 302, time.monotonic() - began


async def make(name: str, token: str = COMMAND) -> tuple[int, Any]:
    return await ask("POST", "littlest/passwords", token, {"name": name})


def test_guesses_do_not_delay_a_right_password(world: World, start: Any) -> None:
    start(CONFIG)
    run = world.network.run
    assert run(find_refusal("ada")) == run(find_refusal("bob")) == ""

    async def flood() -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        guesses = [asyncio.create_task(refuse("ada", f"wrong-{number}")) for number in range(40)]
        guesses += [asyncio.create_task(refuse(f"name-{number}", "wrong-password")) for number in range(110)]
        await asyncio.sleep(0.5)
        right = await asyncio.gather(refuse("bob", PASSWORD), refuse("ada", PASSWORD))
        done, pending = await asyncio.wait(guesses, timeout=15)
        for guess in pending:
            guess.cancel()
        return list(right), [guess.result() for guess in done]

    right, guesses = run(flood(), 120)
    # a right password took 61 seconds
    assert all(status == 302 and seconds < 8 for status, seconds in right), right
    assert {status for status, _ in guesses} == {403}
    # the others wait for their answer: 60 guesses took 33 seconds
    assert len(guesses) < 130


@pytest.mark.parametrize(
    "auth",
    [
        "{type: dummy, i_know_this_is_insecure: true, password: {value: a-password-for-all}}",
        "{type: jupyterhub.authenticators.shared.SharedPasswordAuthenticator,"
        " settings: {user_password: a-password-for-all}}",
    ],
    ids=["dummy", "class"],
)
def test_a_password_that_another_class_checks_is_guarded(world: World, start: Any, auth: str) -> None:
    start(f"users: {{allowed: [ada, bob]}}\nauth: {auth}")

    async def guess() -> tuple[list[tuple[int, float]], tuple[int, float]]:
        # everybody has the same password, so another name does not help
        names = [name for name in ("ada", "bob") for _ in range(6)]
        guesses = [asyncio.create_task(refuse(name, f"wrong-{number}")) for number, name in enumerate(names)]
        await asyncio.sleep(0.5)
        right = await refuse("ada", "a-password-for-all")
        return await asyncio.gather(*guesses), right

    guesses, right = world.network.run(guess(), 60)
    assert {status for status, _ in guesses} == {403}
    assert min(seconds for _, seconds in guesses) > 0.9
    assert max(seconds for _, seconds in guesses) > 4
    assert right[0] == 302
    assert right[1] < 4


def test_an_unknown_name_answers_like_a_known_one(world: World, start: Any) -> None:
    start(f"{CONFIG}\nauth: {{first_login: one_time}}")
    run = world.network.run
    assert run(make("ada"))[0] == 200
    waits: dict[str, list[float]] = {name: [] for name in ("ada", "bob", "nobody", "teacher")}
    for _ in range(4):
        for name, found in waits.items():
            status, seconds = run(refuse(name, "wrong-password"))
            assert status == 403
            found.append(seconds)
    middle = {name: sorted(found)[1] for name, found in waits.items()}
    assert max(middle.values()) - min(middle.values()) < 0.15, waits


def test_a_one_time_password_leads_to_a_new_one_and_nowhere_else(world: World, start: Any, tmp_path: Path) -> None:
    start(CONFIG)
    run = world.network.run

    async def use() -> None:
        async with HubClient(URL, "ada", PASSWORD) as before, HubClient(URL, "ada") as ada:
            await before.login()
            token = (await before.api("POST", "users/ada/tokens", {}))[1]["token"]
            status, made = await make("ada")
            assert status == 200
            # the old password, session and token are worth nothing
            assert await find_refusal("ada") != ""
            assert (await before.api("GET", "user"))[0] == 403
            assert (await ask("GET", "user", token))[0] == 403
            await ada.get("hub/login")
            form = {"username": "ada", "password": made["password"], "_xsrf": ada.xsrf("hub/login")["X-XSRFToken"]}
            status, page = await ada.post("hub/login?next=%2Fhub%2Fhome", form)
            assert (status, "ada, somebody else made the password that you used" in words(page)) == (200, True)
            for method, path in (("GET", "user"), ("POST", "users/ada/server"), ("POST", "users/ada/tokens")):
                assert (await ada.api(method, path))[0] == 403
            assert await ada.where("hub/home") == "hub/login"
            for new, again, said in (
                (made["password"], made["password"], "Choose another password"),
                ("short", "short", "at least 7"),
                (OTHER, PASSWORD, "not the same"),
                (OTHER, OTHER, "Home"),
            ):
                page_path = "hub/auth/change-password?next=%2Fhub%2Fhome"
                xsrf = ada.xsrf("hub/auth/change-password")["X-XSRFToken"]
                _status, page = await ada.post(page_path, {"password": new, "again": again, "_xsrf": xsrf})
                assert said in words(page), words(page)
            assert (await ada.api("GET", "user"))[1]["name"] == "ada"
        # with the API alone it is worth nothing
        body = {"auth": {"username": "ada", "password": made["password"]}}
        assert (await ask("POST", "users/ada/tokens", "", body))[0] == 403

    run(use())
    # SQLite does not open a file below /proc
    kept = shutil.copy(world.path(paths.PASSWORDS_FILE), tmp_path)
    assert read_password_states(Path(kept))["ada"] == "own"


def test_a_ticket_of_a_used_one_time_password_is_worth_nothing(world: World, start: Any) -> None:
    start(CONFIG)

    async def use() -> None:
        async with HubClient(URL, "ada") as ada, HubClient(URL, "ada") as eve:
            password = (await make("ada"))[1]["password"]
            for person in (ada, eve):
                await person.get("hub/login")
                form = {"username": "ada", "password": password}
                await person.post("hub/login", {**form, "_xsrf": person.xsrf("hub/login")["X-XSRFToken"]})
            for person, expected in ((ada, OTHER), (eve, PASSWORD)):
                xsrf = person.xsrf("hub/auth/change-password")["X-XSRFToken"]
                form = {"password": expected, "again": expected, "_xsrf": xsrf}
                await person.post("hub/auth/change-password?next=%2Fhub%2Fhome", form)
            assert (await ada.api("GET", "user"))[0] == 200
            assert (await eve.api("GET", "user"))[0] == 403

    world.network.run(use())
    assert world.network.run(refuse("ada", OTHER))[0] == 302


def test_a_deleted_name_is_not_open_to_the_first_comer(world: World, start: Any) -> None:
    start("users: {admin: [teacher]}")
    run = world.network.run

    async def reset() -> None:
        async with HubClient(URL, "teacher", PASSWORD) as teacher:
            await teacher.login()
            assert (await teacher.api("POST", "users/bob"))[0] == 201
            assert await find_refusal("bob") == ""
            assert (await teacher.api("DELETE", "users/bob"))[0] == 204
            assert (await teacher.api("POST", "users/bob"))[0] == 201
            # somebody was in bob's home 0.38 seconds later
            assert (await refuse("bob", OTHER))[0] == 403
            assert (await refuse("bob", PASSWORD))[0] == 403
            _status, page = await teacher.get("hub/passwords")
            assert "none: cannot log in" in words(page)
            xsrf = teacher.xsrf("hub/passwords")["X-XSRFToken"]
            status, page = await teacher.post("hub/passwords", {"name": "bob", "_xsrf": xsrf})
            assert (status, "The one-time password of bob is" in words(page)) == (200, True)
            # being an admin in a browser is not enough for another admin's password
            await teacher.api("PATCH", "users/bob", {"admin": True})
            for name, refused in (("bob", 403), ("teacher", 403), ("nobody", 404)):
                assert (await teacher.post("hub/passwords", {"name": name, "_xsrf": xsrf}))[0] == refused

    run(reset())


def test_a_name_with_a_home_is_not_open_to_the_first_comer(world: World, start: Any) -> None:
    """Its password was kept elsewhere before (`auth.type`), or the file with the passwords is lost."""
    start(CONFIG)
    run_inside(world, "useradd --comment 'littlest ada' jupyter-ada")
    run = world.network.run
    assert run(refuse("ada", PASSWORD))[0] == 403
    assert run(refuse("bob", PASSWORD))[0] == 302
    status, found = run(ask("GET", "littlest/passwords"))
    assert (status, found["unclaimed"], found["missing"]) == (200, ["carl"], ["ada"])
    assert run(make("ada"))[0] == 200


@pytest.mark.parametrize("content", [None, b""], ids=["gone", "empty"])
def test_a_name_whose_password_was_lost_is_not_open_to_the_first_comer(
    world: World, start: Any, content: bytes | None
) -> None:
    hub = start(CONFIG)
    run = world.network.run
    assert run(find_refusal("ada")) == ""
    file = world.path(paths.PASSWORDS_FILE)
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    for _ in ("while the hub runs", "after a restart"):
        assert run(refuse("ada", OTHER))[0] == 403
        found = run(ask("GET", "littlest/passwords"))[1]
        assert (found["missing"], found["unclaimed"]) == (["ada", "deputy", "teacher"], ["bob", "carl"])
        world.stop(hub)
        hub = world.start_hub()
    assert run(find_refusal("bob")) == ""
    assert run(make("ada"))[0] == 200


def test_only_the_command_and_admins_make_passwords(world: World, start: Any) -> None:
    start(CONFIG)
    run = world.network.run

    async def attempt() -> list[int]:
        async with HubClient(URL, "ada", PASSWORD) as ada, HubClient(URL, "teacher", PASSWORD) as teacher:
            await ada.login()
            await teacher.login()
            statuses = [(await ada.api("POST", "littlest/passwords", {"name": "bob"}))[0]]
            statuses.append((await teacher.api("POST", "littlest/passwords", {"name": "bob"}))[0])
            statuses.append((await ada.get("hub/passwords"))[0])
            xsrf = ada.xsrf("hub/")["X-XSRFToken"]
            statuses.append((await ada.post("hub/passwords", {"name": "bob", "_xsrf": xsrf}))[0])
            statuses.append((await make("bob", ""))[0])
            return statuses

    assert run(attempt()) == [403] * 5
    status, said = run(make("nobody"))
    assert (status, said["message"]) == (409, "nobody may log in as nobody")


def test_a_changed_password_ends_other_sessions_and_tokens(world: World, start: Any) -> None:
    start(CONFIG)

    async def change() -> None:
        async with HubClient(URL, "ada", PASSWORD) as ada, HubClient(URL, "ada", PASSWORD) as thief:
            await ada.login()
            await thief.login()
            token = (await thief.api("POST", "users/ada/tokens", {}))[1]["token"]
            await ada.get("hub/auth/change-password")
            form = {"current": PASSWORD, "password": OTHER, "again": OTHER}
            xsrf = ada.xsrf("hub/auth/change-password")["X-XSRFToken"]
            status, page = await ada.post("hub/auth/change-password", {**form, "_xsrf": xsrf})
            assert (status, "Your password is changed." in words(page)) == (200, True)
            assert (await thief.api("GET", "user"))[0] == 403
            assert (await ask("GET", "user", token))[0] == 403
            assert await ada.where("hub/home") == "hub/home"
            assert (await ada.api("GET", "user"))[0] == 200

    world.network.run(change())


def test_a_copy_of_a_cookie_is_worth_nothing_after_logout(world: World, start: Any) -> None:
    start(CONFIG)

    async def leave() -> tuple[int, int]:
        async with HubClient(URL, "ada", PASSWORD) as ada, HubClient(URL, "ada") as thief:
            await ada.login()
            thief._session.cookie_jar.update_cookies(
                {cookie.key: cookie.value for cookie in ada._session.cookie_jar}, thief.at("hub/")
            )
            before = await thief.where("hub/home") == "hub/home"
            await ada.get("hub/logout")
            return before, await thief.where("hub/home") == "hub/home"

    assert world.network.run(leave()) == (True, False)


def test_with_one_time_nobody_chooses_a_first_password(world: World, start: Any) -> None:
    hub = start(CONFIG)
    run = world.network.run
    assert run(ask("GET", "littlest/passwords"))[1]["unclaimed"] == ["ada", "bob", "carl"]
    assert run(find_refusal("ada")) == ""

    async def read_admin_page() -> str:
        async with HubClient(URL, "teacher", PASSWORD) as teacher:
            await teacher.login()
            return words((await teacher.get("hub/admin"))[1])

    assert "Nobody has logged in yet as bob, carl." in run(read_admin_page())
    world.stop(hub)
    write_config(world, f"{CONFIG}\nauth: {{first_login: one_time}}")
    world.start_hub()
    assert "Invalid username or password" in run(find_refusal("bob"))
    assert run(find_refusal("ada")) == ""
    assert run(make("carl"))[0] == 200
    found = run(ask("GET", "littlest/passwords"))[1]
    assert (found["unclaimed"], found["one_time"], found["missing"]) == ([], ["carl"], ["bob"])


def test_who_was_removed_and_who_has_a_password_is_told(world: World, start: Any) -> None:
    hub = start(CONFIG)
    run = world.network.run
    assert run(find_refusal("ada")) == ""
    found = run(ask("GET", "littlest/passwords"))[1]
    assert (found["own"], found["removed"]) == (["ada", "deputy", "teacher"], [])
    world.stop(hub)
    write_config(world, "users: {admin: [teacher], allowed: [carl], banned: [bob]}")
    world.start_hub()
    found = run(ask("GET", "littlest/passwords"))[1]
    assert found["removed"] == ["ada", "bob", "deputy"]
    # bob never had one
    assert found["own"] == ["ada", "deputy", "teacher"]
    assert (found["unclaimed"], found["missing"]) == (["carl"], [])
