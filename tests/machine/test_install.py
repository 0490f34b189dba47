"""What installing the built file on a fresh server without a network leaves behind."""

import re
import stat
from pathlib import Path

from tests.machine.conftest import Installation
from tests.support.machine import Machine
from tests.support.server import ADMIN, Server
from tests.support.traces import compare, take_inventory

OURS = ["jupyterhub.service", "jupyterhub-proxy.service", "jupyterhub-idle-culler.service"]


def test_the_hub_answers_within_a_minute_of_the_command(installation: Installation) -> None:
    assert installation.seconds < 60, installation.output


def test_the_machine_had_no_network_while_it_was_installed(server: Server) -> None:
    assert [line.split(":")[1].strip() for line in server.machine.run("ip -o link").stdout.splitlines()] == ["lo"]


def test_the_installer_says_where_the_hub_is_how_to_log_in_and_where_the_log_is(installation: Installation) -> None:
    said = installation.output
    assert "http://" in said
    assert f"/var/lib/littlest/secrets/initial-passwords/{ADMIN}" in said
    assert "/var/log/littlest/" in said


def test_no_secret_is_printed_or_logged(installation: Installation, server: Server) -> None:
    secrets = server.machine.run(
        "cd /var/lib/littlest/secrets && cat initial-passwords/* *-token crypt-key cookie_secret"
    ).stdout.split()
    assert len(secrets) >= 4
    journal = server.machine.journal()
    for secret in secrets:
        assert secret not in installation.output
        assert secret not in installation.log
        assert secret not in journal


def test_the_admin_logs_in_with_the_first_password_and_runs_code(server: Server) -> None:
    assert server.use_as_admin() == "42"


def test_after_a_reboot_everything_runs_and_nothing_has_failed(server: Server) -> None:
    for unit in [*OURS, "jupyterhub.socket"]:
        assert server.unit_property(unit, "ActiveState") == "active", unit
        assert server.unit_property(unit, "UnitFileState") == "enabled", unit
    assert server.machine.run("systemctl --failed --plain --no-legend").stdout == ""


def test_the_services_start_without_an_error_in_the_journal(server: Server) -> None:
    for unit in OURS:
        assert server.machine.run(f"journalctl -b -q --no-pager -p err -u {unit}").stdout == ""
        said = server.machine.journal("-b", "-q", "-u", unit)
        assert "Traceback" not in said
        assert not re.search(r"\[E \d{4}-", said), said


def test_the_release_can_be_read_by_all_and_written_by_root_only(server: Server) -> None:
    find = "find /opt/littlest/releases"
    assert server.machine.run(f"{find} ! -type l -perm /022").stdout == ""
    assert server.machine.run(f"{find} -type f ! -perm -o=r").stdout == ""
    assert server.machine.run(f"{find} -type d ! -perm -o=rx").stdout == ""
    assert server.machine.run(f"{find} ! -user root -o ! -group root").stdout == ""
    assert server.machine.run(f"{find} -perm /6000").stdout == ""


def test_the_user_environment_belongs_to_the_admins(server: Server) -> None:
    find = "find /opt/littlest/user"
    assert server.machine.run("stat -c '%U:%G' /opt/littlest/user").stdout.strip() == "root:littlest-admins"
    assert server.machine.run(f"{find} -type d ! -perm -2070").stdout == ""
    assert server.machine.run(f"{find} ! -type l ! -perm -g=w").stdout == ""
    assert server.machine.run(f"{find} ! -type l -perm /o=w").stdout == ""
    assert server.machine.run(f"{find} -type f ! -perm -o=r").stdout == ""
    assert server.machine.run(f"{find} ! -group littlest-admins").stdout == ""


def test_secrets_and_data_are_for_root_only(server: Server) -> None:
    found = server.machine.run("find /var/lib/littlest -printf '%m %u %y %p\\n'").stdout.splitlines()
    assert found
    for line in found:
        mode, owner, _kind, path = line.split(" ", 3)
        assert owner == "root", line
        if "/secrets" in path or path.endswith(".sqlite"):
            assert stat.S_IMODE(int(mode, 8)) & 0o077 == 0, line
    assert server.machine.run("stat -c '%a %U' /etc/littlest/config.yaml").stdout.split() == ["640", "root"]


def test_the_settings_file_explains_every_setting(server: Server) -> None:
    text = server.machine.read("/etc/littlest/config.yaml")
    for key in ("port", "address", "base_url", "allowed", "admin", "banned", "memory", "cpu", "cull", "default_app"):
        assert re.search(rf"(?m)^\s*(#\s*)?{key}:", text), key


def test_only_the_public_port_is_open_to_the_network(server: Server) -> None:
    server.add_users(["listening"])
    assert server.use("listening") == "42"
    rows = [line.split() for line in server.machine.run("ss -Hltnp").stdout.splitlines()]
    public = {row[3].rpartition(":")[2] for row in rows if not re.match(r"127\.|\[::1\]", row[3])}
    assert public == {"80"}, rows
    assert server.machine.run("ss -Hlunp").stdout == ""
    server.stop_servers()


def test_the_command_works_and_says_its_version(server: Server, installer: Path) -> None:
    version = server.littlest("--version")["version"]
    assert installer.name == f"Littlest-{version}-Linux-x86_64.sh"
    status = server.machine.run("littlest status", check=False)
    assert "jupyterhub" in status.stdout.lower()


def test_the_proxy_is_hardened(server: Server) -> None:
    shown = server.machine.run("systemd-analyze security jupyterhub-proxy.service --no-pager | tail -1", check=False)
    exposure = float(re.findall(r"\d+\.\d", shown.stdout)[0])
    assert exposure <= 2.0, shown.stdout
    assert server.unit_property("jupyterhub-proxy.service", "User") == "littlest-proxy"
    assert server.unit_property("jupyterhub-proxy.service", "CapabilityBoundingSet") == ""


def test_the_same_installer_again_changes_nothing_and_restarts_nothing(server: Server) -> None:
    machine = server.machine
    server.machine.insert(Path(machine.media / "littlest.sh"), "again.sh")
    before = take_inventory(machine)
    ids = [server.unit_property(unit, "InvocationID") for unit in OURS]
    done = machine.run("bash /media/littlest/again.sh 2>&1", timeout=200)
    assert "installed" in done.stdout
    assert [server.unit_property(unit, "InvocationID") for unit in OURS] == ids
    assert compare(before, take_inventory(machine)) == []


def test_uninstalling_keeps_the_settings_and_purging_leaves_nothing(
    installation: Installation, own_server: Server
) -> None:
    machine: Machine = own_server.machine
    machine.run("littlest uninstall --yes", timeout=200)
    left = compare(installation.before, take_inventory(machine))
    assert any("/etc/littlest/config.yaml" in line for line in left)
    assert any("/var/lib/littlest/jupyterhub.sqlite" in line for line in left)
    assert not [
        line for line in left if re.search(r"/opt/littlest/releases|unit: |process: |/usr/bin/littlest", line)
    ]
    # and again, from what is left: the installer gives the same settings a hub, and then everything goes
    machine.run("bash /media/littlest/littlest.sh 2>&1", timeout=300)
    own_server.wait_until_ready()
    assert own_server.use_as_admin() == "42"
    own_server.stop_servers()
    machine.run("littlest uninstall --purge --yes", timeout=200)
    assert compare(installation.before, take_inventory(machine)) == []
