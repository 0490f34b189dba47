"""Ports that another program has are refused with its name, before anything is cut off for them."""

from pathlib import PurePosixPath as Path

import pytest

from littlest import paths
from littlest.config.text.problems import InvalidConfig
from littlest.machine.machine import Machine
from littlest.system.config_checks import load_checked_config
from littlest.system.network.ports import list_listeners

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
SOCKET = "   0: {address}:{port:04X} {rest} {state} 00000000:00000000 00:00000000 00000000 {uid} 0 {inode} 1\n"
PROXY_UID = 991


@pytest.fixture
def busy(machine: Machine) -> Machine:
    """A machine on which sshd has port 22, a database 5432 on loopback, and our own proxy 80."""
    write_tables(machine, ("00000000", 22, 0, 1001), ("0100007F", 5432, 105, 1002), ("00000000", 80, PROXY_UID, 1003))
    machine.write_file(Path("/proc/614/comm"), "sshd\n")
    machine.write_file(Path("/proc/614/cgroup"), "0::/system.slice/ssh.service\n")
    machine.make_directory(Path("/proc/614/fd"))
    machine.path(Path("/proc/614/fd/3")).symlink_to("socket:[1001]")
    with machine.path(Path("/etc/passwd")).open("a") as accounts:
        accounts.write(f"{paths.PROXY_USER}:x:{PROXY_UID}:{PROXY_UID}::/:/usr/sbin/nologin\n")
    return machine


def write_tables(machine: Machine, *listeners: tuple[str, int, int, int], state: str = "0A") -> None:
    for table, width in (("tcp", 8), ("tcp6", 32)):
        lines = (
            SOCKET.format(address=address, port=port, rest="0" * width + ":0000", state=state, uid=uid, inode=inode)
            for address, port, uid, inode in listeners
            if len(address) == width
        )
        machine.write_file(Path(f"/proc/net/{table}"), HEAD + "".join(lines))


def explain(machine: Machine, text: str) -> str:
    try:
        load_checked_config(machine, text, "config.yaml")
    except InvalidConfig as error:
        return error.message
    return ""


def test_a_port_that_another_program_has_is_refused_with_its_name(busy: Machine) -> None:
    said = "config.yaml:2: http.port: port 22 is taken by sshd, of ssh.service; choose another port"
    assert explain(busy, "http:\n  port: 22\n").startswith(said)
    assert "port 5432 is taken by another program" in explain(busy, "http: {port: 5432}")


@pytest.mark.parametrize("text", ["", "http: {port: 8080}", "http: {address: 192.0.2.1, port: 5432}"])
def test_a_port_that_is_free_or_the_proxys_own_is_fine(busy: Machine, text: str) -> None:
    assert explain(busy, text) == ""


def test_what_is_in_force_is_not_asked_about(busy: Machine) -> None:
    busy.write_file(paths.LAST_GOOD_CONFIG_FILE, "http: {port: 22}\n")
    assert explain(busy, "http: {port: 22}\nannouncement: another thing\n") == ""
    assert explain(busy, "http: {port: 5432}") != ""


@pytest.mark.parametrize("kept", ["\xff", "http: [", "http: {prot: 1}"])
def test_settings_that_nobody_can_read_are_not_in_force(busy: Machine, kept: str) -> None:
    busy.write_file(paths.LAST_GOOD_CONFIG_FILE, kept.encode("latin-1"))
    assert explain(busy, "http: {port: 22}") != ""


@pytest.mark.parametrize(
    ("address", "listens", "taken"),
    [
        ("", "00000000000000000000000000000000", True),
        ("", "0100007F", True),
        ("127.0.0.1", "0100007F", True),
        ("192.0.2.1", "00000000", True),
        ("192.0.2.1", "0100007F", False),
        ("2001:db8::1", "B80D0120000000000000000001000000", True),
        ("2001:db8::2", "B80D0120000000000000000001000000", False),
        ("0.0.0.0", "0100007F", True),
    ],
)
def test_only_an_address_that_both_want_is_taken(machine: Machine, address: str, listens: str, taken: bool) -> None:
    write_tables(machine, (listens, 9000, 0, 1))
    assert bool(explain(machine, f"http: {{address: '{address}', port: 9000}}")) is taken


def test_a_connection_is_nobody_who_listens(machine: Machine) -> None:
    write_tables(machine, ("00000000", 9000, 0, 1), state="01")
    assert list_listeners(machine) == ()
    assert explain(machine, "http: {port: 9000}") == ""


def test_this_very_machine_tells_who_listens() -> None:
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as server:
        found = {(one.address, one.port) for one in list_listeners(Machine())}
        assert ("127.0.0.1", server.getsockname()[1]) in found
