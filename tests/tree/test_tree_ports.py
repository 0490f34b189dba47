"""A port that another program has is refused with its name, before anybody is cut off. The kernel here answers."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from littlest import paths
from littlest.config.text.load import load_config, load_located_config
from littlest.errors import CommandFailed
from littlest.machine.account_database import Account
from littlest.machine.commands import CommandResult
from littlest.machine.machine import Machine
from littlest.system.network import ports


@pytest.fixture(autouse=True)
def applied(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The text of the last known good settings, which this machine has none of; under "text"."""
    good: dict[str, str] = {}
    monkeypatch.setattr(ports, "read_good_config", lambda _: load_config(good["text"], "x") if good else None)
    return good


@pytest.fixture
def busy() -> Iterator[int]:
    """A port of 127.0.0.1 on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def explain(text: str, machine: Machine | None = None) -> str:
    loaded = load_located_config(text, "config.yaml")
    return "\n".join(map(str, ports.find_port_problems(machine or Machine(), loaded)))


def test_a_port_that_another_program_has_is_refused_with_its_name(busy: int) -> None:
    name = Path(f"/proc/{os.getpid()}/comm").read_text().strip()
    said = explain(f"http:\n  port: {busy}\n")
    assert said.startswith(f"config.yaml:2: http.port: port {busy} is taken by {name}"), said
    assert said.endswith("; choose another port, or stop that program for good")


def test_the_unit_of_the_program_is_named(busy: int, machine: Machine) -> None:
    # a real ss, and a folder in which this process belongs to a unit
    machine.write_file(PurePosixPath(f"/proc/{os.getpid()}/cgroup"), "0::/system.slice/ssh.service\n")
    assert ports.find_holder(machine, busy).endswith(", of ssh.service")


def test_a_program_that_has_just_ended_is_named_without_its_unit(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_text(_machine: Machine, _path: PurePosixPath) -> None:
        raise ProcessLookupError(3, "No such process")

    monkeypatch.setattr(Machine, "read_text", read_text)
    name = Path(f"/proc/{os.getpid()}/comm").read_text().strip()
    assert ports.find_holder(Machine(), busy) == name


def test_without_ss_the_program_has_no_name(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_machine: Machine, argv: list[str], **_settings: object) -> None:
        raise CommandFailed(f"{argv[0]}: this command is not installed")

    monkeypatch.setattr(Machine, "run", run)
    assert f"port {busy} is taken by another program; " in explain(f"http: {{port: {busy}}}")


def test_our_own_proxy_is_no_other_program(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    line = 'LISTEN 0 511 *:80 *:* users:(("node",pid=1,fd=3)) uid:991 ino:1 sk:1 cgroup:/x <->\n'
    proxy = Account(paths.PROXY_USER, 991, 991, "", PurePosixPath("/"))
    monkeypatch.setattr(Machine, "read_account", lambda _machine, _name: proxy)
    monkeypatch.setattr(Machine, "run", lambda _machine, argv, **_: CommandResult(tuple(argv), 0, line, ""))
    # such as after a change of http.address
    assert explain(f"http: {{port: {busy}}}") == ""


@pytest.mark.parametrize(
    ("unit", "said"), [("ssh.socket", "is taken by systemd, of ssh.socket"), (paths.PROXY_SOCKET_UNIT, "")]
)
def test_a_port_that_systemd_holds_is_its_services(
    busy: int, monkeypatch: pytest.MonkeyPatch, unit: str, said: str
) -> None:
    shown = f"/run/initctl systemd-initctl.socket x\n127.0.0.1:{busy} {unit} x.service\n"
    monkeypatch.setattr(Machine, "run", lambda _machine, argv, **_: CommandResult(tuple(argv), 0, shown, ""))
    found = explain(f"http: {{port: {busy}}}")
    assert said in found
    assert bool(found) is bool(said)


@pytest.mark.parametrize("listens", ["127.0.0.1", "0.0.0.0", "::1", "::"])
@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.0.0.2", "::1", "0.0.0.0"])
def test_only_an_address_that_both_want_is_taken(listens: str, address: str) -> None:
    family = socket.AF_INET6 if ":" in listens else socket.AF_INET
    with socket.create_server((listens, 0), family=family, dualstack_ipv6=listens == "::") as server:
        text = f"http: {{address: '{address}', port: {server.getsockname()[1]}}}"
        everywhere = {"", "0.0.0.0", "::"}
        both = listens == address or address in {"", "0.0.0.0"} or listens == "::"
        both = both or (listens in everywhere and ":" not in address)
        assert bool(explain(text)) is both


def test_what_is_applied_is_not_checked(busy: int, applied: dict[str, str]) -> None:
    applied["text"] = f"http: {{port: {busy}}}"
    assert explain(f"http: {{port: {busy}}}\nannouncement: another thing\n") == ""
    # another program has the port on another address
    assert explain(f"http: {{address: 127.0.0.1, port: {busy}}}") != ""


def test_a_free_port_and_a_tree_that_does_not_run_are_fine(busy: int, machine: Machine) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert explain(f"http: {{port: {port}}}") == ""
    assert explain(f"http: {{port: {busy}}}", machine) == ""


def test_a_connection_is_nobody_who_listens(busy: int) -> None:
    with socket.create_connection(("127.0.0.1", busy)) as client:
        assert explain(f"http: {{address: 127.0.0.1, port: {client.getsockname()[1]}}}") == ""
