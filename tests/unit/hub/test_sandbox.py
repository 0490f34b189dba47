"""What a user's server may use and do, as systemd properties."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from littlest.config.resolve import UserLimits
from littlest.hub.servers.sandbox import make_unit_properties
from littlest.system.accounts.user_accounts import UserAccount

IMPLY_NO_NEW_PRIVILEGES = {
    *("NoNewPrivileges", "PrivateDevices", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs"),
    *("ProtectClock", "ProtectHostname", "LockPersonality", "RestrictSUIDSGID", "RestrictNamespaces"),
    *("RestrictRealtime", "MemoryDenyWriteExecute", "SystemCallArchitectures", "SystemCallFilter"),
    *("RestrictAddressFamilies", "PrivateUsers"),
}
"""Where one of these is set for a unit with User=, systemd 252 sets NoNewPrivileges: sudo then does nothing."""

ACCOUNT = UserAccount("jupyter-ada", 1001, 1001, PurePosixPath("/home/jupyter-ada"))


def make(
    sudo: bool = False,
    memory: int | None = 1024**3,
    cpu: float | None = None,
    processes: int | None = 1024,
    account: UserAccount = ACCOUNT,
) -> dict[str, str]:
    limits = UserLimits(memory, cpu, processes, open_servers=1)
    return make_unit_properties("ada", account, sudo=sudo, limits=limits)


def test_an_admins_server_has_nothing_that_breaks_sudo() -> None:
    properties = make(sudo=True)
    assert not IMPLY_NO_NEW_PRIVILEGES & set(properties)
    assert "CapabilityBoundingSet" not in properties
    # what one admin installs, another can change
    assert properties["UMask"] == "0002"


@pytest.mark.parametrize("sudo", [False, True])
def test_new_files_are_the_groups_only_where_nobody_else_is_in_it(sudo: bool) -> None:
    assert make(sudo)["UMask"] == "0002"
    # an account that was there before may have a group that all have
    assert make(sudo, account=replace(ACCOUNT, has_own_group=False))["UMask"] == "0022"
    assert "Group" not in make(sudo)


def test_an_account_whose_name_is_a_number_is_told_by_its_own_number() -> None:
    assert make(account=replace(ACCOUNT, name="20261123"))["User"] == "1001"


def test_a_student_cannot_become_somebody_else() -> None:
    properties = make()
    assert properties["NoNewPrivileges"] == "yes"
    assert properties["CapabilityBoundingSet"] == ""
    assert properties["RestrictRealtime"] == "yes"


def test_who_copies_a_folder_of_a_shared_one_may_set_its_bits() -> None:
    # else cp -r and Python's shutil.copytree fail on the setgid bit that such folders inherit
    assert "RestrictSUIDSGID" not in make()


@pytest.mark.parametrize("sudo", [False, True])
def test_everybody_has_a_private_tmp_and_sees_no_processes_of_others(sudo: bool) -> None:
    properties = make(sudo)
    assert properties["PrivateTmp"] == "yes"
    assert properties["ProtectProc"] == "invisible"


def test_memory_is_cut_at_the_limit_without_a_crawl_before_it_and_never_swapped() -> None:
    properties = make(memory=1000)
    assert (properties["MemoryHigh"], properties["MemoryMax"], properties["MemorySwapMax"]) == (
        "infinity",
        "1000",
        "0",
    )
    # the kernel that took too much dies, not its server, and not the hub
    assert properties["OOMPolicy"] == "continue"
    assert int(properties["OOMScoreAdjust"]) > 0


def test_no_limit_is_said_because_systemd_has_one_of_its_own_for_processes() -> None:
    properties = make(memory=None, processes=None)
    assert {properties[name] for name in ("MemoryMax", "MemoryHigh", "MemorySwapMax", "TasksMax")} == {"infinity"}
    assert properties["CPUQuota"] == ""


@pytest.mark.parametrize(("cpu", "quota"), [(0.5, "50%"), (2, "200%"), (0.29, "29%"), (0.01, "1%")])
def test_cores_become_a_quota_that_is_never_zero(cpu: float, quota: str) -> None:
    # int(0.29 * 100) is 28, and a quota of 0% is refused by systemd
    assert make(cpu=cpu)["CPUQuota"] == quota


def test_units_are_in_one_slice_share_evenly_and_leave_nothing_behind() -> None:
    properties = make()
    assert properties["Slice"] == "jupyterhub-users.slice"
    assert properties["CPUWeight"] == "100"
    assert make(processes=77)["TasksMax"] == "77"
    assert properties["CollectMode"] == "inactive-or-failed"


def test_a_program_that_cannot_run_is_an_error_of_systemd_run() -> None:
    assert make()["Type"] == "exec"


def test_a_unit_says_whose_server_it_is() -> None:
    assert make()["Description"] == "JupyterHub server of ada"


@pytest.mark.parametrize("admin", [False, True])
def test_what_is_in_memory_is_a_servers_own_and_has_bounds(admin: bool) -> None:
    shared, kernels = make(admin, memory=1000)["TemporaryFileSystem"].split()
    # half, as the kernel's own /dev/shm: a full one does not end all programs
    assert shared.startswith("/dev/shm:mode=1777,")
    assert shared.endswith(",size=500")
    assert kernels.startswith("/run/littlest-kernels:mode=0700,uid=1001,gid=1001,")
    assert ",size=" in kernels
    assert make(admin, memory=None)["TemporaryFileSystem"].split()[0].endswith("size=50%")
    assert make(admin)["PrivateIPC"] == "yes"


def test_a_student_has_no_system_bus_and_who_may_use_sudo_has() -> None:
    # a folder: one that dbus makes anew would be there again
    assert make()["InaccessiblePaths"] == "-/run/dbus"
    assert "InaccessiblePaths" not in make(True)


def test_a_folder_that_the_admin_opened_in_usr_local_is_open() -> None:
    assert make()["ProtectSystem"] == "full"
    assert make()["ReadWritePaths"] == "-/usr/local"


def test_what_is_refused_is_an_error_of_the_call_and_ends_no_program() -> None:
    properties = make()
    assert properties["SystemCallErrorNumber"] == "EPERM"
    words = properties["SystemCallFilter"].removeprefix("~").split()
    assert {"@mount", "@module", "bpf", "io_uring_setup"} <= set(words)
    # debuggers, archives with owners, and programs that set their own limits
    assert not {"@debug", "@privileged", "@resources", "@chown"} & set(words)
