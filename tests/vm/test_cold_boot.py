"""A server that was installed, switched off and is switched on again comes up by itself, on a kernel of its own."""

from tests.support.server import Server

PARTS = ("jupyterhub.service", "jupyterhub-proxy.service", "jupyterhub-idle-culler.service", "jupyterhub.socket")


def test_after_a_cold_boot_everything_runs_and_nothing_failed(server: Server) -> None:
    machine = server.machine
    assert machine.run("systemctl --failed --plain --no-legend").stdout == ""
    for unit in PARTS:
        assert server.unit_property(unit, "ActiveState") == "active", unit
    assert server.unit_property("jupyterhub.service", "NRestarts") == "0"
    status = server.littlest("status")
    assert status["problems"] == []
    assert server.littlest("apply")["changed"] is False


def test_what_is_kept_for_the_hub_has_reached_the_kernel(server: Server) -> None:
    """Nothing below shows anything on a host whose control groups are of version 1."""
    machine = server.machine
    assert machine.run("stat -f -c %T /sys/fs/cgroup").stdout.strip() == "cgroup2fs"
    assert int(machine.read("/sys/fs/cgroup/littlest.slice/memory.low")) >= 448 * 2**20
    assert machine.read("/sys/fs/cgroup/littlest.slice/cpu.weight").strip() == "400"
    for unit, least in (("jupyterhub", 256), ("jupyterhub-proxy", 128), ("jupyterhub-idle-culler", 64)):
        assert int(machine.read(f"/sys/fs/cgroup/littlest.slice/{unit}.service/memory.low")) == least * 2**20
        pid = server.unit_property(f"{unit}.service", "MainPID")
        assert machine.read(f"/proc/{pid}/oom_score_adj").strip() == "-500"
