"""The units' texts, and what makes which of them restart."""

from pathlib import PurePosixPath as Path

import pytest

from littlest import paths
from littlest.config.text.load import load_config
from littlest.plan.https import make_certificate_steps
from littlest.plan.steps import CopyCertificate, EnableUnit, Release, RunUnit, WriteFile
from littlest.plan.unit_files import make_probe_address, make_unit_steps, render_units

RELEASE = Release("1.0", Path("/opt/littlest/releases/1.0"))


def render(text: str = "") -> dict[str, str]:
    return render_units(load_config(text, "config.yaml"))


def find_restarted(before: str, after: str, release: Release = RELEASE) -> set[str]:
    """Units that would restart: their RunUnit changed, or a file that it names among its inputs."""

    def read(text: str, release: Release) -> dict[str, object]:
        steps = make_unit_steps(load_config(text, "config.yaml"), release)
        files = {step.path: step.content for step in steps if isinstance(step, WriteFile)}
        return {
            step.unit: (step, tuple(files.get(path) for path in step.inputs))
            for step in steps
            if isinstance(step, RunUnit)
        }

    old, new = read(before, RELEASE), read(after, release)
    return {unit for unit in old if old[unit] != new.get(unit)}


@pytest.mark.parametrize(
    ("change", "restarted"),
    [
        ("services: {cull: {timeout: 7200}}", {paths.CULLER_UNIT}),
        ("services: {cull: {enabled: false}}", {paths.CULLER_UNIT}),
        ("http: {port: 8000}", {paths.PROXY_SOCKET_UNIT, paths.PROXY_UNIT, paths.HUB_UNIT}),
        ("http: {address: 192.0.2.10}", {paths.PROXY_SOCKET_UNIT, paths.PROXY_UNIT, paths.HUB_UNIT}),
        ("limits: {memory: 2G}", set()),
        ("users: {allowed: [ada]}", set()),
        ("base_url: /jupyter/", {paths.HUB_UNIT, paths.CULLER_UNIT}),
        ("", set()),
    ],
)
def test_a_setting_restarts_what_depends_on_it_and_nothing_else(change: str, restarted: set[str]) -> None:
    assert find_restarted("", change) == restarted


def test_a_site_that_may_frame_the_hub_restarts_only_the_proxy() -> None:
    before = "https: {enabled: true, certificate: /a.pem, key: /b.pem}\n"
    after = f"{before}frame_ancestors: [https://Moodle.example:443/, https://b.example]"
    assert find_restarted(before, after) == {paths.PROXY_UNIT}
    line = 'Environment="LITTLEST_FRAME_ANCESTORS=https://moodle.example https://b.example"'
    assert line in render(after)[paths.PROXY_UNIT]


def test_another_release_restarts_everything_but_the_sockets_in_which_requests_wait() -> None:
    other = Release("1.1", Path("/opt/littlest/releases/1.1"))
    assert find_restarted("", "", other) == {paths.PROXY_UNIT, paths.HUB_UNIT, paths.CULLER_UNIT}


def test_the_hub_depends_on_its_drop_ins() -> None:
    steps = make_unit_steps(load_config("", "config.yaml"), RELEASE)
    hub = next(step for step in steps if isinstance(step, RunUnit) and step.unit == paths.HUB_UNIT)
    assert paths.DROP_IN_DIR in hub.inputs


def test_the_proxys_ports_are_first_and_the_culler_last() -> None:
    steps = make_unit_steps(load_config("", "config.yaml"), RELEASE)
    order = [paths.PROXY_SOCKET_UNIT, paths.PROXY_UNIT, paths.HUB_SOCKET_UNIT, paths.HUB_UNIT, paths.CULLER_UNIT]
    assert [step.unit for step in steps if isinstance(step, RunUnit)] == order
    assert [step.unit for step in steps if isinstance(step, EnableUnit)] == order


def test_without_culling_there_is_no_culler() -> None:
    assert paths.CULLER_UNIT not in render("services: {cull: {enabled: false}}")


def test_the_hub_wants_the_proxy_and_does_not_require_it() -> None:
    # TLJH's Requires= restarts the hub with its proxy
    hub = render()[paths.HUB_UNIT]
    assert "Wants=jupyterhub-proxy.service" in hub
    assert "Requires=jupyterhub-proxy" not in hub
    assert "PartOf=" not in hub


def test_the_hub_comes_back_whatever_happens_and_its_database_is_not_readable() -> None:
    hub = render()[paths.HUB_UNIT].splitlines()
    assert {"Restart=always", "RestartSec=1", "StartLimitIntervalSec=0", "UMask=0077"} <= set(hub)
    assert {"WatchdogSec=300", "LimitCORE=1"} <= set(hub)


def test_the_proxy_is_probed_and_a_stale_socket_of_it_removed() -> None:
    # it does not end when it cannot listen, and leaves its socket behind
    proxy = render()[paths.PROXY_UNIT]
    assert "ExecStartPre=/bin/rm -f /run/littlest-proxy/api.sock" in proxy
    assert "/probe.cjs /run/littlest-proxy/api.sock 127.0.0.1 80" in proxy
    assert "SuccessExitStatus=2" in proxy
    assert "--keep-alive-timeout 75000" in proxy
    assert "User=littlest-proxy" in proxy
    # systemd opens its ports
    assert "CapabilityBoundingSet=" in proxy.splitlines()
    assert "AmbientCapabilities" not in proxy


@pytest.mark.parametrize(
    ("text", "words"),
    [("", " --port 80 "), ("http: {address: 192.0.2.10, port: 8000}", " --ip 192.0.2.10 --port 8000 ")],
)
def test_the_proxy_listens_where_it_is_told(text: str, words: str) -> None:
    assert words in render(text)[paths.PROXY_UNIT]


@pytest.mark.parametrize(
    ("text", "streams"),
    [
        ("", ["80"]),
        ("http: {address: 0.0.0.0, port: 8000}", ["0.0.0.0:8000"]),
        ("http: {address: '2001:db8::1', port: 8000}", ["[2001:db8::1]:8000"]),
        ("https: {enabled: true, certificate: /c, key: /k, port: 8443}", ["8443", "80"]),
        ("https: {enabled: true, certificate: /c, key: /k, redirect: false}", ["443"]),
    ],
)
def test_systemd_holds_the_ports_of_the_proxy(text: str, streams: list[str]) -> None:
    units = render(text)
    lines = units[paths.PROXY_SOCKET_UNIT].splitlines()
    assert [line.partition("=")[2] for line in lines if line.startswith("ListenStream=")] == streams
    # else systemd closes the socket of a proxy that ends too often, and anybody could listen there
    assert {"TriggerLimitIntervalSec=0", "StartLimitIntervalSec=0", "BindIPv6Only=both"} <= set(lines)
    # the proxy takes the sockets in this order, and starts again until it gets them
    ports = " ".join(stream.rpartition(":")[2] for stream in streams)
    proxy = units[paths.PROXY_UNIT].splitlines()
    assert {f'Environment="LITTLEST_PORTS={ports}"', "Wants=jupyterhub-proxy.socket"} <= set(proxy)
    assert "Requires=jupyterhub-proxy.socket" not in proxy


@pytest.mark.parametrize(
    ("address", "probed"),
    [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.10", "192.0.2.10")],
)
def test_the_probe_asks_an_address_that_can_be_asked(address: str, probed: str) -> None:
    assert make_probe_address(address) == probed


def test_a_user_who_fills_the_folder_of_sockets_fills_nothing_else() -> None:
    units = render()
    mount = units[paths.SERVERS_MOUNT_UNIT].splitlines()
    assert f"Where={paths.SERVERS_RUNTIME_DIR}" in mount
    # systemd takes a mount unit only by the name of its place
    assert str(paths.SERVERS_RUNTIME_DIR)[1:].replace("/", "-") + ".mount" == paths.SERVERS_MOUNT_UNIT
    # without a limit of inodes: a folder full of files leaves others room for their sockets
    assert {"nr_inodes=0", "size=64k"} <= set(
        next(line for line in mount if "size=" in line).partition("=")[2].split(",")
    )
    # a machine where it cannot be mounted still has a hub
    wants = [line for line in units[paths.HUB_UNIT].splitlines() if line.startswith("Wants=")]
    assert paths.SERVERS_MOUNT_UNIT in wants[0]


def test_connections_wait_in_the_kernel_while_the_hub_restarts() -> None:
    socket = render()[paths.HUB_SOCKET_UNIT]
    assert "ListenStream=127.0.0.1:15081" in socket
    assert "Backlog=4096" in socket


HTTPS = "https: {enabled: true, certificate: /etc/ssl/hub.pem, key: /etc/ssl/key.pem}\n"


def test_with_https_systemd_hands_the_certificate_to_the_proxy_and_http_leads_on() -> None:
    proxy = render(HTTPS)[paths.PROXY_UNIT]
    given = "${CREDENTIALS_DIRECTORY}/https.pem"
    assert f"--port 443 --ssl-cert {given} --ssl-key {given}" in proxy
    # a unit does not start where such a file is gone: it is one of ours, and not the admin's
    assert "LoadCredential=https.pem:/var/lib/littlest/secrets/https.pem" in proxy
    assert [line[0] for line in proxy.splitlines() if "/etc/ssl" in line] == ["#"]
    assert "/redirect.cjs" in proxy
    assert "Environment=LITTLEST_REDIRECT_FROM=80" in proxy
    assert "redirect" not in render(HTTPS.replace("}", ", redirect: false}"))[paths.PROXY_UNIT].lower()
    assert "LoadCredential" not in render()[paths.PROXY_UNIT]


def test_a_renewed_certificate_restarts_the_proxy() -> None:
    steps = make_unit_steps(load_config(HTTPS, "config.yaml"), RELEASE)
    proxy = next(step for step in steps if isinstance(step, RunUnit) and step.unit == paths.PROXY_UNIT)
    assert paths.HTTPS_FILE in proxy.inputs
    (copy,) = make_certificate_steps(load_config(HTTPS, "config.yaml"))
    assert copy == CopyCertificate(Path("/etc/ssl/hub.pem"), Path("/etc/ssl/key.pem"), paths.HTTPS_FILE)


@pytest.mark.parametrize(
    ("limits", "line"),
    [("{}", "MemoryMax=90%"), ("{total_memory: 80%}", "MemoryMax=80%"), ("{reserve: 1G}", f"MemoryMax={7 * 2**30}")],
)
def test_all_servers_together_leave_the_reserve(limits: str, line: str) -> None:
    units = render_units(load_config(f"limits: {limits}", "config.yaml"), machine_memory=8 * 2**30)
    assert line in units[paths.USERS_SLICE].splitlines()


@pytest.mark.parametrize("unit", [paths.HUB_UNIT, paths.PROXY_UNIT, paths.CULLER_UNIT])
def test_what_keeps_the_hub_alive_is_in_a_slice_that_keeps_memory_for_it(unit: str) -> None:
    units = render()
    # a unit's MemoryLow counts only up to its slice's, and a slice with a dash would be in another slice
    assert f"Slice={paths.HUB_SLICE}" in units[unit].splitlines()
    assert "-" not in paths.HUB_SLICE

    def read_megabytes(name: str) -> int:
        [line] = [line for line in units[name].splitlines() if line.startswith("MemoryLow=")]
        return int(line.removeprefix("MemoryLow=").removesuffix("M"))

    started = (paths.HUB_UNIT, paths.PROXY_UNIT, paths.CULLER_UNIT)
    assert read_megabytes(paths.HUB_SLICE) >= sum(read_megabytes(name) for name in started)
    assert "OOMScoreAdjust=-500" in units[unit]
