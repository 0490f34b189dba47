"""The systemd properties of a user's server: its limits and its hardening. Pure."""

from littlest import paths
from littlest.config.resolve import UserLimits
from littlest.plan.account_names import make_server_description
from littlest.plan.limits import make_limit_properties
from littlest.system.accounts.user_accounts import UserAccount

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
    "RestrictRealtime": "yes",
    "CapabilityBoundingSet": "",
    "SystemCallArchitectures": "native",
    # without RestrictSUIDSGID: folders in a shared folder have the setgid bit, and copying one sets it. With
    # NoNewPrivileges, such bits give no rights here
    "ProtectSystem": "full",
}
COMMON_HARDENING = {
    "PrivateTmp": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
}


def make_unit_properties(
    unit: str, user: str, account: UserAccount, *, sudo: bool, limits: UserLimits
) -> dict[str, str]:
    """Return every property of the unit of a user's server.

    A server loses every right that systemd can take, unless its user may use sudo, which needs some of them.
    """
    hardening = COMMON_HARDENING | ({} if sudo else STUDENT_HARDENING)
    return {
        # `littlest apply` reads from it which user's limits a running server should have
        "Description": make_server_description(user),
        # systemd-run then fails when the program cannot be run
        "Type": "exec",
        "WorkingDirectory": str(account.home),
        # systemd adds the account's own groups; it would take a name of digits only for a number
        "User": str(account.uid) if account.name.isdecimal() else account.name,
        # the home, or what it links to, may be on a disk that is mounted late
        "RequiresMountsFor": str(account.home),
        "Slice": paths.USERS_SLICE,
        "CollectMode": "inactive-or-failed",
        "KillMode": "mixed",
        "TimeoutStopSec": "15",
        # a kernel that takes too much memory dies, and its server lives on
        "OOMPolicy": "continue",
        "OOMScoreAdjust": "500",
        "RuntimeDirectory": unit.removesuffix(".service"),
        "RuntimeDirectoryMode": "0700",
        "CPUWeight": "100",
        "MemoryAccounting": "yes",
        "TasksAccounting": "yes",
        **make_limit_properties(limits),
        # admins can change what other admins make in the shared environment, and a copy in a shared folder keeps the
        # rights of its original. It gives no rights away, because nobody else is in the account's group
        "UMask": "0002" if account.has_own_group else "0022",
        **hardening,
    }
