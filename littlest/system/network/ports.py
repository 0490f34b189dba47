"""Whether the ports on which the proxy is to listen are free: it would be started in vain, with everybody cut off."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.base import Place
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.machine.machine import Machine
from littlest.system.settings.active import read_good_config

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING = "0A"
_FREE_IT = "choose another port, or stop that program for good"


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket on which something waits for connections."""

    address: str
    """Empty for every address of the machine."""
    port: int
    uid: int
    inode: str


def find_port_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """Which port of the settings another program has; not of those that are applied, which are the proxy's."""
    before = _read_ports_in_force(machine)
    wanted = {place: port for place, port in list_ports(loaded.config).items() if port not in before}
    listeners = list_listeners(machine) if wanted else ()
    proxy = machine.read_account(paths.PROXY_USER)
    problems = []
    for place, (address, port) in wanted.items():
        for other in listeners:
            if other.port == port and _meets(address, other.address) and (proxy is None or other.uid != proxy.uid):
                problem = f"port {port} is taken by {find_holder(machine, other)}"
                problems.append(loaded.make_problem(place, problem, _FREE_IT))
                break
    return tuple(problems)


def list_ports(config: Config) -> dict[Place, tuple[str, int]]:
    """Address and port of everything on which the proxy listens with these settings, by the key that tells it."""
    address = "" if config.http.address in ("0.0.0.0", "::") else config.http.address  # noqa: S104  # only compared
    http: dict[Place, tuple[str, int]] = {("http", "port"): (address, config.http.port)}
    if not config.https.enabled:
        return http
    return {("https", "port"): (address, config.https.port), **(http if config.https.redirect else {})}


def list_listeners(machine: Machine) -> tuple[Listener, ...]:
    """Everything that waits for connections on this machine, as proc(5) tells; nothing where it does not."""
    return tuple(found for table in _TABLES for found in _parse_table(machine.read_text(table) or ""))


def find_holder(machine: Machine, listener: Listener) -> str:
    """The program to which a socket belongs, and its unit; root alone can know."""
    for name in machine.list_directory(Path("/proc")):
        folder = Path("/proc") / name
        if name.isdigit() and _holds(machine, folder, listener.inode):
            program = _read(machine, folder / "comm").strip() or f"process {name}"
            groups = _read(machine, folder / "cgroup").split()
            units = [group.rpartition("/")[2] for group in groups if group.endswith((".service", ".scope"))]
            return f"{program}, of {units[0]}" if units else program
    return "another program" if machine.can_chown() else "a program that only root can name"


def _read(machine: Machine, path: Path) -> str:
    try:
        return machine.read_text(path) or ""
    except OSError:
        # the process has just ended
        return ""


def _holds(machine: Machine, folder: Path, inode: str) -> bool:
    try:
        descriptors = machine.list_directory(folder / "fd")
    except OSError:
        # it ended, or is somebody else's
        return False
    return any(str(machine.read_link(folder / "fd" / one)) == f"socket:[{inode}]" for one in descriptors)


def _read_ports_in_force(machine: Machine) -> tuple[tuple[str, int], ...]:
    good = read_good_config(machine)
    return () if good is None else tuple(list_ports(good).values())


def _meets(one: str, other: str) -> bool:
    """Whether two programs cannot listen on the same port of these addresses."""
    return "" in (one, other) or ipaddress.ip_address(one) == ipaddress.ip_address(other)


def _parse_table(text: str) -> Iterator[Listener]:
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTENING:  # up to the inode
            address, _, port = fields[1].partition(":")
            yield Listener(_parse_address(address), int(port, 16), int(fields[7]), fields[9])


def _parse_address(digits: str) -> str:
    """An address as the kernel writes it: words of four bytes, the last byte first."""
    data = bytes.fromhex(digits)
    address = ipaddress.ip_address(b"".join(data[start : start + 4][::-1] for start in range(0, len(data), 4)))
    return "" if address.is_unspecified else str(address)
