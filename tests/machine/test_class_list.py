"""A class from a list: added with one command, each student with a one-time password, under attack meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from tests.support.hub_client import HubClient, words
from tests.support.server import ADMIN, PASSWORD, Server

CLASS = [f"student{number:02}" for number in range(1, 21)]


async def use_one_time_password(person: HubClient, one_time: str) -> str:
    """Log in with a one-time password, choose another, and run code; gives what the code gave."""
    await person.get("hub/login")
    form = {"username": person.user, "password": one_time, "_xsrf": person.xsrf("hub/login")["X-XSRFToken"]}
    _status, page = await person.post("hub/login", form)
    assert "made the password that you used" in words(page), words(page)
    assert (await person.api("POST", f"users/{person.user}/server"))[0] == 403
    xsrf = person.xsrf("hub/auth/change-password")["X-XSRFToken"]
    form = {"password": PASSWORD, "again": PASSWORD, "_xsrf": xsrf}
    await person.post("hub/auth/change-password?next=%2Fhub%2Fhome", form)
    await person.start_server()
    await person.open_lab()
    return await person.execute("6*7")


async def run_as(person: HubClient, what: Coroutine[Any, Any, str]) -> str:
    async with person:
        return await what


@pytest.fixture
def one_time(own_server: Server) -> dict[str, str]:
    """The one-time passwords of a class that was imported."""
    server = own_server
    server.machine.run("littlest config set auth.first_login one_time --apply")
    lines = "".join(f"{name},biology\n" for name in CLASS)
    server.machine.run("cat >/root/class.csv", stdin=f"name,group\n{lines}")
    made = server.littlest("user", "import", "/root/class.csv")
    assert set(made["passwords"]) == set(CLASS)
    return dict(made["passwords"])


def test_a_class_is_imported_and_logs_in_with_its_one_time_passwords(
    own_server: Server, one_time: dict[str, str]
) -> None:
    server = own_server
    first = server.client(CLASS[0])
    assert server.run(run_as(first, use_one_time_password(first, one_time[CLASS[0]]))) == "42"
    status = server.littlest("status", check=False)
    assert status["unused_one_time_passwords"] == CLASS[1:]
    users = {user["name"]: user for user in server.littlest("user", "list")["users"]}
    expected = {"rights": "user", "groups": ["biology"], "password": "own", "server": "running"}
    assert {name: users[CLASS[0]][name] for name in expected} == expected
    assert users[CLASS[1]]["password"] == "one-time"
    assert users[ADMIN]["rights"] == "admin"
    # a new one ends the session, and the server runs on
    units = server.list_server_units()
    again = server.littlest("user", "passwd", CLASS[0])["passwords"][CLASS[0]]
    assert server.list_server_units() == units
    second = server.client(CLASS[0])

    async def come_back() -> str:
        await second.get("hub/login")
        xsrf = second.xsrf("hub/login")["X-XSRFToken"]
        _status, page = await second.post("hub/login", {"username": CLASS[0], "password": again, "_xsrf": xsrf})
        return words(page)

    assert "made the password that you used" in server.run(run_as(second, come_back()))
    server.littlest("user", "remove", CLASS[0])
    assert server.list_server_units() == []
    assert CLASS[0] not in server.machine.read("/etc/littlest/config.yaml")


def test_the_class_logs_in_while_somebody_floods_the_server(own_server: Server, one_time: dict[str, str]) -> None:
    server = own_server
    assert int(server.unit_property("jupyterhub.service", "LimitNOFILE")) == 65536
    assert int(server.unit_property("jupyterhub.service", "MemoryMax")) == 2**30

    async def send(kind: str) -> None:
        length = 95_000_000 if kind == "large" else 100_000
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", 80)
                head = f"POST /hub/login HTTP/1.1\r\nHost: hub\r\nContent-Length: {length}\r\n\r\n"
                writer.write(head.encode() + b"a" * (90_000 if kind == "large" else 10))
                await reader.read()
                writer.close()
            except OSError:
                await asyncio.sleep(0.1)

    async def log_in(name: str) -> int:
        async with server.client(name) as student:
            await student.get("hub/login")
            xsrf = student.xsrf("hub/login")["X-XSRFToken"]
            form = {"username": name, "password": one_time[name], "_xsrf": xsrf}
            status, page = await student.post("hub/login", form)
            assert "made the password that you used" in words(page), words(page)
            return status

    async def attack_and_log_in() -> list[int]:
        kinds = ["slow"] * 700 + ["large"] * 200
        floods = [asyncio.create_task(send(kind)) for kind in kinds]
        await asyncio.sleep(5)
        found = await asyncio.gather(*map(log_in, CLASS))
        for flood in floods:
            flood.cancel()
        return list(found)

    assert server.run(attack_and_log_in(), 200) == [200] * len(CLASS)
    process = server.unit_property("jupyterhub.service", "MainPID")
    peak = server.machine.run(f"grep VmHWM /proc/{process}/status").stdout.split()[1]
    assert int(peak) * 1024 < 300 * 10**6
