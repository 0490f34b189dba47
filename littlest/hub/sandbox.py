"""The systemd properties of a user's server: its limits, and what it cannot do. Pure."""

from littlest import paths

STUDENT_HARDENING = {
    # each of these makes systemd set NoNewPrivileges, so sudo does nothing
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "LockPersonality": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictRealtime": "yes",
    "CapabilityBoundingSet": "",
    "SystemCallArchitectures": "native",
    "ProtectSystem": "full",
    "UMask": "0022",
}
ADMIN_HARDENING = {
    # what an admin makes in the shared environment, other admins can change
    "UMask": "0002",
}
COMMON_HARDENING = {
    "PrivateTmp": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
}


def make_unit_properties(
    unit: str, account: str, *, admin: bool, memory: int | None, cpu: float | None
) -> dict[str, str]:
    """Every property of the unit of a user's server.

    `memory` is in bytes and `cpu` in cores; None is no limit. From a student's server everything is taken that
    systemd can take; from an admin's only what leaves sudo usable.
    """
    hardening = COMMON_HARDENING | (ADMIN_HARDENING if admin else STUDENT_HARDENING)
    return {
        "Description": "JupyterHub server",
        # systemd-run then says when the program cannot be run
        "Type": "exec",
        "User": account,
        "Group": account,
        "Slice": paths.USERS_SLICE,
        "CollectMode": "inactive-or-failed",
        "KillMode": "mixed",
        "TimeoutStopSec": "15",
        # a kernel that takes too much memory dies, and its server lives on
        "OOMPolicy": "continue",
        "OOMScoreAdjust": "500",
        "RuntimeDirectory": unit.removesuffix(".service"),
        "RuntimeDirectoryMode": "0700",
        "TasksMax": "1024",
        "CPUWeight": "100",
        **_make_limits(memory, cpu),
        **hardening,
    }


def _make_limits(memory: int | None, cpu: float | None) -> dict[str, str]:
    limits = {"MemoryAccounting": "yes", "CPUAccounting": "yes", "TasksAccounting": "yes"}
    if memory is not None:
        # slowed down first, killed after; and never into swap, where the whole machine would crawl
        limits |= {"MemoryHigh": str(memory * 9 // 10), "MemoryMax": str(memory), "MemorySwapMax": "0"}
    if cpu is not None:
        limits["CPUQuota"] = f"{max(1, round(cpu * 100))}%"
    return limits
