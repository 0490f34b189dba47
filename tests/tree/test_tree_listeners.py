"""The command's token goes only to our own programs. The kernel here says who listens."""

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from littlest.errors import NotReady
from littlest.machine.account_database import Account
from littlest.machine.machine import Machine
from littlest.system.hub import listeners
from littlest.system.hub.listeners import check_listener, find_listener

EVE = 12345


@pytest.fixture
def servers() -> Iterator[list[socket.socket]]:
    """Sockets that are closed again."""
    opened: list[socket.socket] = []
    yield opened
    for server in opened:
        server.close()


@pytest.mark.parametrize(
    ("listens", "asked"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "127.0.0.1"),
        ("::", "::1"),
        ("::1", "::1"),
        ("127.0.0.1", None),
    ],
)
def test_whose_socket_it_is(servers: list[socket.socket], listens: str, asked: str | None) -> None:
    family = socket.AF_INET6 if ":" in listens else socket.AF_INET
    servers.append(socket.create_server((listens, 0), family=family, dualstack_ipv6=listens == "::"))
    port = servers[0].getsockname()[1]
    # one that no connection to that address reaches is nobody's
    uid = find_listener(ip_address(asked or "127.0.0.2"), port)
    assert uid == (os.getuid() if asked else None)
    servers.pop().close()
    assert find_listener(ip_address(asked or "127.0.0.2"), port) is None


@pytest.mark.parametrize("ours", [0, 991, os.geteuid()])
def test_a_token_goes_to_systemd_and_our_own_programs(monkeypatch: pytest.MonkeyPatch, ours: int) -> None:
    proxy = Account("littlest-proxy", 991, 991, "", None)  # type: ignore[arg-type]
    monkeypatch.setattr(Machine, "read_account", lambda _machine, _name: proxy)
    monkeypatch.setattr(listeners, "find_listener", lambda *_: ours)
    check_listener(Machine(), "http://127.0.0.1:8080/hub/api/")


@pytest.mark.parametrize(("uid", "said"), [(None, "nothing listens on port 8080"), (EVE, f"of the account {EVE}")])
def test_a_token_goes_to_nobody_else(monkeypatch: pytest.MonkeyPatch, uid: int | None, said: str) -> None:
    monkeypatch.setattr(listeners, "find_listener", lambda *_: uid)
    with pytest.raises(NotReady, match=said):
        check_listener(Machine(), "http://127.0.0.1:8080/hub/api/")


@pytest.mark.parametrize(("url", "at"), [("http://127.0.0.1/", ("127.0.0.1", 80)), ("https://[::1]/x", ("::1", 443))])
def test_the_usual_ports_need_not_be_named(monkeypatch: pytest.MonkeyPatch, url: str, at: tuple[str, int]) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(listeners, "find_listener", lambda address, port: asked.append((str(address), port)) or 0)
    check_listener(Machine(), url)
    assert asked == [at]
