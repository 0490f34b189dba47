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
    # what only takes the kernel to code that nobody here needs; Docker's own profile refuses the same
    "RestrictNamespaces": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    # a list of what is refused, not of what is allowed: ptrace (debuggers), chown and setrlimit stay
    "SystemCallFilter": "~@clock @cpu-emulation @module @mount @obsolete @raw-io @reboot @swap"
    " bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register",
    "SystemCallErrorNumber": "EPERM",
    "PrivateMounts": "yes",
    "RemoveIPC": "yes",
    # over the system bus systemd tells everybody everybody's command lines, and polkit lets users have services that
    # run without a login. The folder, because a mount on the socket ends when dbus makes a new one
    "InaccessiblePaths": "-/run/dbus",
    # without RestrictSUIDSGID: folders in a shared folder have the setgid bit, and copying one sets it. With
    # NoNewPrivileges, such bits give no rights here
    "ProtectSystem": "full",
    # a folder that the admin opened to everybody there, such as the exchange of nbgrader, is open: its rights count
    "ReadWritePaths": "-/usr/local",
}
COMMON_HARDENING = {
    "PrivateTmp": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
    # shared memory of System V and message queues; with /dev/shm below, logind's RemoveIPC= reaches none of it when a
    # session of the same account ends
    "PrivateIPC": "yes",
}
KERNELS_SIZE = "16M"
"""Of the folder with the kernels' sockets, which is not in the host's /run: one user could fill that for all."""


def make_unit_properties(user: str, account: UserAccount, *, sudo: bool, limits: UserLimits) -> dict[str, str]:
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
        "TemporaryFileSystem": " ".join(_make_file_systems(account, limits)),
        "CPUWeight": "100",
        "MemoryAccounting": "yes",
        "TasksAccounting": "yes",
        **make_limit_properties(limits),
        # admins can change what other admins make in the shared environment, and a copy in a shared folder keeps the
        # rights of its original. It gives no rights away, because nobody else is in the account's group
        "UMask": "0002" if account.has_own_group else "0022",
        **hardening,
    }


def _make_file_systems(account: UserAccount, limits: UserLimits) -> tuple[str, ...]:
    """Return the file systems in memory that only this server sees, as systemd.exec(5) takes them.

    What is in them counts as the server's memory. Half of it, the kernel's own share for /dev/shm: a full one is then
    an error that a program sees, and does not end every program that starts.
    """
    size = "50%" if limits.memory is None else str(limits.memory // 2)
    return (
        f"/dev/shm:mode=1777,nosuid,nodev,size={size}",  # noqa: S108  # a file system, not a file
        f"{paths.KERNELS_RUNTIME_DIR}:mode=0700,uid={account.uid},gid={account.gid},nosuid,nodev,size={KERNELS_SIZE}",
    )
