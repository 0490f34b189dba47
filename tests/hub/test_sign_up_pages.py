"""Signing up on the hub's pages, and what an admin does with a sign-up."""

from typing import Any

from tests.hub.running_hub import PASSWORD, URL, ask, find_refusal
from tests.hub.world import World
from tests.support.hub_client import HubClient, words

OTHER = "another-ample-password"


async def submit(person: HubClient, page: str, to: str = "", **form: str) -> str:
    await person.get(page)
    status, answer = await person.post(to or page, {**form, "_xsrf": person.xsrf(page).get("X-XSRFToken", "")})
    assert status in (200, 400), words(answer)
    return words(answer)


async def sign_up(name: str, password: str = PASSWORD, again: str = "") -> str:
    async with HubClient(URL, name) as person:
        form = {"signup_password": password, "signup_password_confirmation": again or password}
        return await submit(person, "hub/signup", username=name, **form)


async def administer(page: str, to: str, **form: str) -> str:
    async with HubClient(URL, "teacher", PASSWORD) as teacher:
        await teacher.login()
        return await submit(teacher, page, to, **form)


def test_a_sign_up_is_approved_changed_and_discarded(world: World, start: Any) -> None:
    start("auth: {type: native}\nusers: {admin: [teacher], allowed: [ada]}")
    run = world.network.run
    for name, password, again, said in (
        ("teacher", PASSWORD, "", "teacher is an admin. Somebody with access to the server"),
        ("deputy", PASSWORD, "", "already in use"),
        ("bob", "x" * 73, "", "at most 72 bytes"),
        ("bob", PASSWORD, OTHER, "did not match"),
        ("bob", "password", "", "not too common"),
        ("bob", PASSWORD, "", "Welcome, bob. You can log in as soon as an admin has approved you."),
        ("ada", PASSWORD, "", "Welcome, ada. You can log in now."),
    ):
        assert said in run(sign_up(name, password, again)), (name, password)
    assert run(find_refusal("ada")) == ""
    assert "no admin has approved bob yet" in run(find_refusal("bob"))
    assert "bob" in run(administer("hub/authorize", "hub/authorize/bob"))
    assert run(find_refusal("bob")) == ""

    async def lose_approval() -> int:
        async with HubClient(URL, "bob", PASSWORD) as bob:
            await bob.login()
            token = (await bob.api("POST", "users/bob/tokens", {}))[1]["token"]
            await administer("hub/authorize", "hub/authorize/bob")
            return (await ask("GET", "user", token))[0]

    assert run(lose_approval()) == 403
    form = {"new_password": OTHER, "new_password_confirmation": OTHER}
    assert "has been changed" in run(administer("hub/change-password/ada", "hub/change-password/ada", **form))
    assert "Invalid username or password" in run(find_refusal("ada"))
    assert "bob" not in run(administer("hub/authorize", "hub/discard/bob"))
    assert "Invalid username or password" in run(find_refusal("bob"))


def test_a_user_who_signed_up_changes_the_password(world: World, start: Any) -> None:
    start("auth: {type: native, minimum_password_length: 9}\nusers: {admin: [teacher], allowed: [ada]}")
    run = world.network.run
    run(sign_up("ada"))

    async def change(user: str, new: str) -> str:
        async with HubClient(URL, user, PASSWORD) as person:
            await person.login()
            form = {"current": PASSWORD, "password": new, "again": new}
            return await submit(person, "hub/auth/change-password", **form)

    assert "at least 9 characters" in run(change("ada", "short123"))
    # the admin's password is not that of a sign-up
    for user in ("ada", "teacher"):
        assert "Your password is changed." in run(change(user, OTHER))
        assert "Invalid username or password" in run(find_refusal(user))
