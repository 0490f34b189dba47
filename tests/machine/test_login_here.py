"""The ways to log in that need nobody else: sign-up with approval, Unix accounts, fresh users, no proof at all."""

import re
from html import unescape
from typing import Any

import pytest

from tests.support.hub_client import HubClient, Refused, words
from tests.support.server import ADMIN, Server

ADA = "ada's password"
LONG = "é" * 40
"""More bytes than bcrypt takes."""


def login(server: Server, user: str, password: str) -> dict[str, Any]:
    """Log in; gives the hub's model of who one is then. Raises Refused with the words on the page."""

    async def come() -> dict[str, Any]:
        async with server.client(user, password) as person:
            await person.login()
            status, model = await person.api("GET", "user")
            assert status == 200, model
            return dict(model)

    return server.run(come())


def find_refusal(server: Server, user: str, password: str) -> str:
    """What the page says to somebody who may not log in."""
    with pytest.raises(Refused) as refused:
        login(server, user, password)
    assert refused.value.status == 403
    return refused.value.text


async def submit(person: HubClient, page: str, to: str = "", **form: str) -> tuple[int, str]:
    """Open a page and send its form."""
    await person.get(page)
    return await person.post(to or page, {**form, "_xsrf": person.xsrf(page).get("X-XSRFToken", "")})


def sign_up(server: Server, user: str, password: str) -> str:
    """Sign up; gives what the page says."""

    async def come() -> str:
        async with server.client(user) as person:
            form = {"username": user, "signup_password": password, "signup_password_confirmation": password}
            status, page = await submit(person, "hub/signup", **form)
            assert status == 200, page
            said = re.search(r'class="alert[^"]*"[^>]*>(.*?)</div>', page, re.DOTALL)
            assert said, words(page)
            return unescape(said[1])

    return server.run(come())


def test_people_sign_up_and_an_admin_approves_them(own_server: Server) -> None:
    server = own_server
    server.add_users(["before"])
    server.run(log_in_once(server.client("before", ADA)))
    server.configure(f"auth: {{type: native, failed_logins: 3}}\nusers: {{admin: [{ADMIN}]}}\n")

    # those who were there before come in with the password that they had; nobody else can be an admin
    assert login(server, "before", ADA)["name"] == "before"
    assert login(server, ADMIN, server.admin_password())["admin"] is True
    assert "is an admin" in sign_up(server, ADMIN, ADA)
    assert "already in use" in sign_up(server, "before", ADA)
    assert "at most 72 bytes" in sign_up(server, "ada", LONG)

    assert "as soon as an admin has approved you" in sign_up(server, "Ada", ADA)
    assert "as soon as an admin has approved you" in sign_up(server, "bob", ADA)
    assert "no admin has approved ada yet" in find_refusal(server, "ada", ADA)

    async def approve(name: str) -> None:
        async with server.admin() as admin:
            await admin.login()
            status, page = await admin.get("hub/authorize")
            assert status == 200
            assert name in page
            # another site could make an admin's browser do this much
            await admin.get(f"hub/authorize/{name}")
            status, _page = await admin.post(f"hub/authorize/{name}", {})
            assert status == 403
            status, page = await submit(admin, "hub/authorize", f"hub/authorize/{name}")
            assert status == 200, words(page)

    server.run(approve("ada"))
    assert login(server, "ada", ADA)["name"] == "ada"
    assert find_refusal(server, "ada", "wrong")
    assert find_refusal(server, "ada", LONG)
    assert "no admin has approved bob yet" in find_refusal(server, "bob", ADA)

    async def change_password() -> None:
        async with server.client("ada", ADA) as person:
            await person.login()
            form = {"current": ADA, "password": f"{ADA}!", "again": f"{ADA}!"}
            status, page = await submit(person, "hub/auth/change-password", **form)
            assert status == 200, words(page)

    server.run(change_password())
    assert find_refusal(server, "ada", ADA)
    assert login(server, "ada", f"{ADA}!")["name"] == "ada"

    # an approval that is taken back ends what is open
    async def lose_approval() -> int:
        async with server.client("ada", f"{ADA}!") as person:
            await person.login()
            async with server.admin() as admin:
                await admin.login()
                await submit(admin, "hub/authorize", "hub/authorize/ada")
            status, _said = await person.api("GET", "user")
            return status

    assert server.run(lose_approval()) in {401, 403}
    assert "no admin has approved ada yet" in find_refusal(server, "ada", f"{ADA}!")

    for _ in range(3):
        find_refusal(server, "before", "wrong")
    assert "Wait 600 seconds" in find_refusal(server, "before", ADA)

    # back to where everybody was: sign-ups count for nothing, and the others are who they were
    server.configure(f"users: {{admin: [{ADMIN}]}}\n")
    assert login(server, "before", ADA)["name"] == "before"
    assert find_refusal(server, "bob", ADA)


async def log_in_once(person: HubClient) -> None:
    async with person:
        await person.login()


def test_unix_accounts_one_password_for_all_and_a_class_from_a_package(own_server: Server) -> None:
    server = own_server
    machine = server.machine
    for name, password in (("ada", ADA), ("chief", ADA), ("grace", ADA), ("mallory", ADA)):
        machine.run(["useradd", "--create-home", name])
        machine.run("chpasswd", stdin=f"{name}:{password}\n")
    machine.run("chpasswd", stdin=f"root:{ADA}\n")
    machine.run("useradd --system daemonlike && chpasswd", stdin=f"daemonlike:{ADA}\n")

    server.configure(
        "auth: {type: pam}\nusers: {admin: [chief, root], allowed: [ada, daemonlike], banned: [mallory]}\n"
    )
    assert not machine.run("ls /var/lib/littlest/secrets/initial-passwords").stdout.split().count("chief")
    assert login(server, "ada", ADA)["admin"] is False
    assert login(server, "ADA", ADA)["name"] == "ada"
    assert login(server, "chief", ADA)["admin"] is True
    for name, password in (
        ("ada", "wrong"),
        ("ada", ""),
        ("grace", ADA),
        ("mallory", ADA),
        ("root", ADA),
        ("daemonlike", ADA),
        ("nobody-at-all", ADA),
    ):
        find_refusal(server, name, password)
    assert server.use("ada", password=ADA).strip() == "42"
    # an account that may not be used any more is none here either
    machine.run(["usermod", "--expiredate", "1", "ada"])
    find_refusal(server, "ada", ADA)

    server.configure("auth: {type: pam, allow_all: true}\nusers: {admin: [chief], banned: [mallory]}\n")
    assert login(server, "grace", ADA)["name"] == "grace"
    find_refusal(server, "root", ADA)
    find_refusal(server, "mallory", ADA)
    refused = machine.run(
        "echo 'auth: {type: dummy}' >/root/dummy.yaml; littlest config validate /root/dummy.yaml", check=False
    )
    assert refused.returncode == 3
    assert "i_know_this_is_insecure" in refused.stdout + refused.stderr
    machine.write("/etc/littlest/shared", "the shared secret\n", 0o600)
    server.configure(
        "auth: {type: dummy, i_know_this_is_insecure: true, password: {file: /etc/littlest/shared}}\n"
        "users: {allowed: [ada]}\n"
    )
    assert login(server, "ada", "the shared secret")["name"] == "ada"
    find_refusal(server, "ada", "another")
    find_refusal(server, "eve", "the shared secret")
    # she came while everybody might, and was never named
    find_refusal(server, "grace", "the shared secret")
    assert "the shared secret" not in machine.run("littlest config show auth").stdout
    assert "the shared secret" not in machine.journal()

    server.configure(
        "auth:\n  type: jupyterhub.authenticators.shared.SharedPasswordAuthenticator\n"
        "  settings: {user_password: shared among us}\nusers: {allowed: [ada]}\n"
    )
    assert login(server, "ada", "shared among us")["name"] == "ada"
    find_refusal(server, "eve", "shared among us")


def test_every_visit_is_a_new_user(own_server: Server) -> None:
    server = own_server
    server.configure("auth: {type: tmp}\n")

    async def visit() -> str:
        async with server.client("") as person:
            status, _page = await person.get("hub/tmplogin?next=%2Fhub%2Fhome")
            assert status == 200
            status, model = await person.api("GET", "user")
            assert status == 200
            return str(model["name"])

    first, second = server.run(visit()), server.run(visit())
    assert first != second
    # nobody becomes them by choosing a password
    server.configure(f"users: {{admin: [{ADMIN}]}}\n")
    find_refusal(server, first, ADA)
