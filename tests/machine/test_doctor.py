"""Each fault is made on a healthy server; `littlest doctor` names it, and its command mends it."""

import os
from typing import Any, NamedTuple

import pytest

from tests.support.server import Server

STATE = "/var/lib/littlest"
HUB = "jupyterhub.service"
USER = "doctor-user"


class Fault(NamedTuple):
    """A way to break a healthy server."""

    name: str
    command: str
    check: str
    """The check that must find it."""
    observed: str
    """A part of what it must have seen."""


FAULTS = (
    Fault("proxy stopped", "systemctl stop jupyterhub-proxy.service", "applied", "jupyterhub-proxy.service"),
    Fault(
        "hub masked",
        f"ln -sf /dev/null /etc/systemd/system/{HUB}; systemctl daemon-reload; systemctl stop {HUB} || true",
        "units-masked",
        "masked",
    ),
    Fault("hub disabled", f"systemctl disable --quiet {HUB}", "applied", HUB),
    Fault(
        "unit overridden",
        f"mkdir -p /etc/systemd/system/{HUB}.d && printf '[Service]\\nNice=5\\n' >/etc/systemd/system/{HUB}.d/a.conf"
        " && systemctl daemon-reload",
        "units-overridden",
        f"{HUB}.d/a.conf",
    ),
    Fault("unit changed", f"sed -i 's/^Type=notify/Type=simple/' /etc/systemd/system/{HUB}", "applied", HUB),
    Fault("unit removed", "rm /etc/systemd/system/littlest.slice", "applied", "littlest.slice"),
    Fault("command changed", "echo exit 0 >>/usr/bin/littlest", "applied", "/usr/bin/littlest"),
    Fault("sudo rule removed", "rm /etc/sudoers.d/littlest-admins", "applied", "/etc/sudoers.d/littlest-admins"),
    Fault("sudo file broken", "echo 'ada ALL=(ALL' >/etc/sudoers.d/local", "sudoers", "/etc/sudoers.d/local"),
    Fault("state folder open", f"chmod 755 {STATE}", "applied", STATE),
    Fault("token open", f"chmod 644 {STATE}/secrets/proxy-token", "secrets", "0644"),
    Fault("database open", f"chmod 644 {STATE}/jupyterhub.sqlite", "secrets", "0644"),
    Fault("home open", f"chmod 755 /home/jupyter-{USER}", "home-open", "0755"),
    Fault("home closed", f"chmod 000 /home/jupyter-{USER}", "home-owner", "0000"),
    Fault("home of root", f"chown root: /home/jupyter-{USER}", "home-owner", "root"),
    Fault("way closed", "chmod 700 /opt", "ways", "0700"),
    Fault("way open", "chmod 777 /opt", "ways", "0777"),
    Fault("tmp closed", "chmod 755 /tmp", "temporary", "0755"),
    Fault("no localhost", "sed -i '/localhost/d' /etc/hosts", "localhost", "nothing"),
    Fault("no journal", "rm -rf /var/log/journal", "journal", "no folder"),
    Fault(
        "interrupted install",
        "mkdir /opt/littlest/releases/9.9.9 && touch /opt/littlest/releases/9.9.9/.littlest-incomplete",
        "leftovers",
        "9.9.9",
    ),
    Fault(
        "canary left",
        "useradd --create-home --comment 'littlest littlest-canary' jupyter-littlest-canary",
        "leftovers",
        "canary",
    ),
    Fault(
        "server of nobody",
        "systemd-run --unit=jupyter-lost.service --slice=jupyterhub-users.slice"
        " --description='JupyterHub server of lost' sleep 600",
        "orphans",
        "jupyter-lost.service",
    ),
    Fault(
        "old process",
        "printf '[Service]\\nExecStart=\\nExecStart=/bin/sleep 600\\nType=simple\\n'"
        " >/run/culler.conf && mkdir -p /run/systemd/system/jupyterhub-idle-culler.service.d"
        " && mv /run/culler.conf /run/systemd/system/jupyterhub-idle-culler.service.d/"
        " && systemctl daemon-reload && systemctl restart jupyterhub-idle-culler.service"
        " && rm -r /run/systemd/system/jupyterhub-idle-culler.service.d && systemctl daemon-reload",
        "running-release",
        "sleep",
    ),
    Fault("read-only disk", "mount --bind /home /home && mount -o remount,bind,ro /home", "disk", ""),
    Fault("noexec", "mount --bind /home /home && mount -o remount,bind,noexec /home", "noexec", "noexec"),
    Fault("settings not applied", "littlest config set services.cull.timeout 4000", "settings", ""),
    Fault(
        "row without a name",
        '/opt/littlest/current/bin/python -c "import sqlite3; c=sqlite3.connect('
        f"'{STATE}/jupyterhub.sqlite'); c.execute('INSERT INTO users (name, admin, cookie_id) VALUES (NULL, 1, 1)');"
        f' c.commit()" && systemctl restart {HUB}',
        "database",
        "name is missing",
    ),
    Fault("culler stopped", "systemctl stop jupyterhub-idle-culler.service", "applied", "jupyterhub-idle-culler"),
    Fault("socket of the hub stopped", f"systemctl stop jupyterhub.socket {HUB}", "applied", "jupyterhub.socket"),
    Fault(
        "public port given up", "systemctl stop jupyterhub-proxy.socket jupyterhub-proxy", "applied", "proxy.socket"
    ),
    Fault(
        "culler disabled", "systemctl disable --quiet jupyterhub-idle-culler.service", "applied", "jupyterhub-idle"
    ),
    Fault("mount unit removed", "rm /etc/systemd/system/run-littlest-servers.mount", "applied", "littlest-servers"),
    Fault("sudo rule open", "chmod 666 /etc/sudoers.d/littlest-admins", "applied", "/etc/sudoers.d/littlest-admins"),
    Fault("settings folder open", "chmod 777 /etc/littlest", "applied", "/etc/littlest"),
    Fault("secrets open", f"chmod 755 {STATE}/secrets", "applied", f"{STATE}/secrets"),
    Fault("logs open", "chmod 777 /var/log/littlest", "applied", "/var/log/littlest"),
    Fault("state of the proxy given away", "chown nobody /var/lib/littlest-proxy", "applied", "littlest-proxy"),
    Fault("token of the proxy removed", f"rm {STATE}/secrets/proxy-token", "applied", "proxy-token"),
    Fault("cookie secret removed", f"rm {STATE}/secrets/cookie_secret", "applied", "cookie_secret"),
    Fault("token of the command removed", f"rm {STATE}/secrets/command-token", "applied", "command-token"),
    Fault("variables of the hub changed", f"echo A=1 >>{STATE}/secrets/hub.env", "applied", "hub.env"),
    Fault("packages link removed", "rm /opt/littlest/packages", "applied", "/opt/littlest/packages"),
    Fault("user environment removed", "rm -rf /opt/littlest/user", "applied", "/opt/littlest/user"),
    Fault("settings removed", "rm /etc/littlest/config.yaml", "settings", ""),
    Fault("token given away", f"chown nobody {STATE}/secrets/crypt-key", "secrets", "65534"),
    Fault("way to the homes closed", "chmod 700 /home", "ways", "0700"),
    Fault("homes open", "chmod 777 /home", "ways", "0777"),
    Fault("user environment closed", "chmod 750 /opt/littlest/user", "environment-rights", "2750"),
    Fault("tmp not sticky", "chmod 777 /var/tmp", "temporary", "0777"),
    Fault(
        "read-only state",
        f"mount --bind {STATE} {STATE} && mount -o remount,bind,ro {STATE}",
        "disk",
        "",
    ),
    Fault(
        "service that ends again and again",
        "for i in 1 2 3 4 5; do systemctl kill -s KILL jupyterhub-proxy.service; sleep 2; done",
        "restarts",
        "",
    ),
    Fault(
        "database gone",
        f"systemctl stop jupyterhub.socket {HUB}; rm {STATE}/jupyterhub.sqlite; systemctl start {HUB}",
        "database",
        "gone",
    ),
)


EVERY = "LITTLEST_EVERY_FAULT" in os.environ
"""All of them take minutes; without this variable, some are made."""
CHOSEN = FAULTS if EVERY else FAULTS[::6]


def look(server: Server, *words: str) -> list[dict[str, Any]]:
    answer = server.littlest("doctor", *words, check=False)
    assert "findings" in answer, answer
    findings: list[dict[str, Any]] = answer["findings"]
    # a host with cgroup v1 gives its machines no limits of memory
    return [finding for finding in findings if finding["check"] != "memory-limits"]


@pytest.fixture(scope="module")
def patient(server: Server) -> Server:
    server.add_users([USER])
    server.use(USER)
    server.stop_servers()
    assert look(server) == []
    return server


@pytest.mark.parametrize("fault", CHOSEN, ids=[fault.name for fault in CHOSEN])
def test_doctor_names_the_fault_and_the_command_that_mends_it(patient: Server, fault: Fault) -> None:
    patient.machine.run(fault.command)
    found = look(patient)
    ours = [one for one in found if one["check"] == fault.check and fault.observed in f"{one['observed']}"]
    assert ours, found
    # on a terminal, as a person would paste it, and say yes
    patient.machine.run(["script", "-qec", ours[0]["fix"], "/dev/null"], stdin="y\n")
    patient.wait_until_ready()
    assert look(patient) == []
