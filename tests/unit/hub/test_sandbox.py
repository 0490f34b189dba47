"""What a user's server may use and do, as systemd properties."""

import pytest

from littlest.hub.sandbox import make_unit_properties

IMPLY_NO_NEW_PRIVILEGES = {
    *("NoNewPrivileges", "PrivateDevices", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs"),
    *("ProtectClock", "ProtectHostname", "LockPersonality", "RestrictSUIDSGID", "RestrictNamespaces"),
    *("RestrictRealtime", "MemoryDenyWriteExecute", "SystemCallArchitectures", "SystemCallFilter"),
    *("RestrictAddressFamilies", "PrivateUsers"),
}
"""Where one of these is set for a unit with User=, systemd 252 sets NoNewPrivileges: sudo then does nothing."""


def make(admin: bool = False, memory: int | None = 1024**3, cpu: float | None = None) -> dict[str, str]:
    return make_unit_properties("jupyter-ada.service", "jupyter-ada", admin=admin, memory=memory, cpu=cpu)


def test_an_admins_server_has_nothing_that_breaks_sudo() -> None:
    properties = make(admin=True)
    assert not IMPLY_NO_NEW_PRIVILEGES & set(properties)
    assert "CapabilityBoundingSet" not in properties
    # what one admin installs, another can change
    assert properties["UMask"] == "0002"


def test_a_student_cannot_become_somebody_else() -> None:
    properties = make()
    assert properties["NoNewPrivileges"] == "yes"
    assert properties["CapabilityBoundingSet"] == ""
    assert properties["RestrictSUIDSGID"] == "yes"


@pytest.mark.parametrize("admin", [False, True])
def test_everybody_has_a_private_tmp_and_sees_no_processes_of_others(admin: bool) -> None:
    properties = make(admin)
    assert properties["PrivateTmp"] == "yes"
    assert properties["ProtectProc"] == "invisible"


def test_memory_is_slowed_down_then_cut_and_never_swapped() -> None:
    properties = make(memory=1000)
    assert (properties["MemoryHigh"], properties["MemoryMax"], properties["MemorySwapMax"]) == ("900", "1000", "0")
    # the kernel that took too much dies, not its server, and not the hub
    assert properties["OOMPolicy"] == "continue"
    assert int(properties["OOMScoreAdjust"]) > 0


def test_no_limit_is_no_property() -> None:
    properties = make(memory=None)
    assert not {"MemoryMax", "MemoryHigh", "MemorySwapMax", "CPUQuota"} & set(properties)


@pytest.mark.parametrize(("cpu", "quota"), [(0.5, "50%"), (2, "200%"), (0.29, "29%"), (0.01, "1%")])
def test_cores_become_a_quota_that_is_never_zero(cpu: float, quota: str) -> None:
    # int(0.29 * 100) is 28, and a quota of 0% is refused by systemd
    assert make(cpu=cpu)["CPUQuota"] == quota


def test_units_are_in_one_slice_share_evenly_and_leave_nothing_behind() -> None:
    properties = make()
    assert properties["Slice"] == "jupyterhub-users.slice"
    assert properties["CPUWeight"] == "100"
    assert properties["TasksMax"] == "1024"
    assert properties["CollectMode"] == "inactive-or-failed"


def test_a_program_that_cannot_run_is_an_error_of_systemd_run() -> None:
    assert make()["Type"] == "exec"
