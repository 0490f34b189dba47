"""How many servers one user may have open at once."""

from dataclasses import dataclass, field

import pytest
from jupyterhub.spawner import SpawnException

from littlest.hub.servers.open_servers import check_open_servers


@dataclass(eq=False)
class Server:
    """What JupyterHub knows of a server."""

    name: str = ""
    pending: str | None = None
    active: bool = True
    is_admitted: bool = True


@dataclass
class Person:
    """A user with servers."""

    spawners: dict[str, Server] = field(default_factory=dict)

    def own(self, *servers: Server) -> "Person":
        self.spawners = {server.name: server for server in servers}
        return self


def make_starting(name: str = "") -> Server:
    return Server(name, pending="spawn", is_admitted=False)


def test_the_only_server_may_be_started_again() -> None:
    server = make_starting()
    check_open_servers(Person().own(server), server, 1)


def test_with_one_server_nobody_names_another_even_when_none_is_open() -> None:
    server = make_starting("lab")
    with pytest.raises(SpawnException, match="the one without a name") as refused:
        check_open_servers(Person().own(server), server, 1)
    assert refused.value.status_code == 403


def test_one_more_than_the_limit_is_refused_and_those_that_are_open_are_named() -> None:
    server = make_starting("third")
    with pytest.raises(
        SpawnException, match=r"2 servers open at once.*open: second, the one without a name"
    ) as refused:
        check_open_servers(Person().own(Server(), Server("second"), server), server, 2)
    assert refused.value.status_code == 429


def test_after_the_limit_was_lowered_the_usual_server_waits_for_the_named_one() -> None:
    server = make_starting()
    with pytest.raises(SpawnException, match="one server open at once"):
        check_open_servers(Person().own(Server("lab"), server), server, 1)


@pytest.mark.parametrize(
    "other", [Server("done", active=False), Server("going", pending="stop"), make_starting("asking-too")]
)
def test_what_is_not_open_does_not_count(other: Server) -> None:
    server = make_starting("next")
    check_open_servers(Person().own(other, server), server, 2)
    check_open_servers(Person().own(other, Server(), Server("more"), server), server, 3)


def test_a_start_that_was_let_in_counts_and_so_does_one_that_the_hub_still_looks_at() -> None:
    server = make_starting("next")
    for other in (Server(pending="spawn"), Server(pending="check", is_admitted=False)):
        with pytest.raises(SpawnException):
            check_open_servers(Person().own(other, Server("more"), server), server, 2)


def test_no_limit_is_none() -> None:
    server = make_starting("next")
    check_open_servers(Person().own(*(Server(f"n{number}") for number in range(50)), server), server, None)
