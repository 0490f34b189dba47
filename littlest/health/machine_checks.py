"""Checks of the machine itself: disks, clock, network, journal, and the way to our files."""

import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath as Path
from shlex import quote

from littlest import paths
from littlest.health.finding import Examined, Fault
from littlest.health.status_checks import LEAST_INODES
from littlest.machine.machine import Machine, PathKind
from littlest.plan.usage_words import render_size

SMALL_DISK = 100 * 2**20
"""Bytes free under which logs, temporary files and settings begin to get lost."""
CLOCK_SECONDS = 3600.0
"""By which the clock may be behind a file that we wrote."""
JOURNAL_DIR = Path("/var/log/journal")
_PLACES = {
    paths.ETC_DIR: "the settings",
    paths.OPT_DIR: "the release",
    paths.LOG_DIR: "the logs",
    Path("/tmp"): "temporary files",  # noqa: S108  # looked at, not written to
}
"""Folders whose disks `littlest status` does not look at."""
_STICKY = 0o1777
_OTHERS_WRITE = 0o002
_OTHERS_ENTER = 0o001


def _find_mount(machine: Machine, path: Path) -> str:
    """Return where the disk of a folder is mounted; empty where there is no such folder."""
    if not machine.is_live or not machine.path(path).exists():
        return ""
    shown = machine.run(["findmnt", "--noheadings", "--output=TARGET", f"--target={path}"]).stdout.split("\n")
    # of several, one over the other, the last one counts
    return [line for line in shown if line][-1]


def check_disks(examined: Examined) -> Iterator[Fault]:
    """On a full disk, programs lose what they try to save, often without a word."""
    found: dict[str, str] = {}
    for path, what in _PLACES.items():
        if mount := _find_mount(examined.machine, path):
            found.setdefault(mount, what)
    for mount, what in found.items():
        disk, name = os.statvfs(mount), quote(mount)
        free = disk.f_bavail * disk.f_frsize
        if free < SMALL_DISK:
            yield Fault(
                f"only {render_size(free)} are free at {mount}, with {what}; the command shows the largest folders",
                f"sudo du -xh --max-depth=2 {name} | sort -h | tail -n 20",
                render_size(free),
            )
        if disk.f_files and disk.f_favail < LEAST_INODES:
            yield Fault(
                f"only {disk.f_favail} more files fit at {mount}, with {what}; the command shows where",
                f"sudo du -x --inodes --max-depth=2 {name} | sort -n | tail -n 20",
                str(disk.f_favail),
            )


def check_noexec(examined: Examined) -> Iterator[Fault]:
    """Programs on a disk that is mounted with `noexec` do not start."""
    for path, what in (
        (paths.OPT_DIR, "hub and kernels do"),
        (Path(examined.config.users.homes), "users' packages do"),
    ):
        mount = _find_mount(examined.machine, path)
        if mount and os.statvfs(path).f_flag & os.ST_NOEXEC:
            fix = f"sudo mount -o remount,exec {quote(mount)}"
            yield Fault(f"the disk at {mount} is mounted with noexec: {what} not start from it", fix, "noexec")


def check_clock(examined: Examined) -> Iterator[Fault]:
    """With a wrong clock logins end at once, certificates are not valid, and the order of the logs is wrong."""
    written = [
        examined.machine.path(file).stat().st_mtime
        for file in (paths.RECORD_FILE, paths.DATABASE_NOTE_FILE, paths.LAST_GOOD_CONFIG_FILE)
        if examined.machine.read_state(file) is not None
    ]
    if written and max(written) > time.time() + CLOCK_SECONDS:
        newest, now = (
            f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}" for moment in (max(written), time.time())
        )
        yield Fault(
            f"the clock says {now} UTC, but something was saved here at {newest} UTC",
            "sudo timedatectl set-ntp true",
            now,
        )


def check_loopback(examined: Examined) -> Iterator[Fault]:
    """Hub, proxy and command talk to each other over the loopback interface."""
    if not examined.machine.is_live:
        return
    flags = examined.machine.read_text(Path("/sys/class/net/lo/flags"))
    if flags is not None and not int(flags, 16) & 1:
        yield Fault("the loopback interface is down", "sudo ip link set lo up", "down", is_safe=True)


def check_localhost(examined: Examined) -> Iterator[Fault]:
    """Notebooks and many programs reach this machine under the name `localhost`."""
    if not examined.machine.is_live:
        return
    try:
        found = {str(address[4][0]) for address in socket.getaddrinfo("localhost", None)}
    except OSError:
        found = set()
    if not found & {"127.0.0.1", "::1"}:
        seen = ", ".join(sorted(found)) or "nothing"
        fix = "echo '127.0.0.1 localhost' | sudo tee -a /etc/hosts"
        yield Fault(f"the name localhost leads to {seen}, not to this machine", fix, seen, is_safe=True)


def check_ways(examined: Examined) -> Iterator[Fault]:
    """Every user's server must get to the release, the user environment and the homes; and nobody may change them."""
    wanted = (examined.release.directory, paths.USER_ENVIRONMENT_DIR.parent, Path(examined.config.users.homes))
    for folder in dict.fromkeys(one for path in wanted for one in (path, *path.parents)):
        if str(folder) in examined.record.paths:
            continue  # an apply gives it its mode
        state = examined.machine.read_state(folder)
        if state is None or state.kind is not PathKind.DIRECTORY:
            continue
        name = quote(str(folder))
        if not state.mode & _OTHERS_ENTER:
            fix = f"sudo chmod o+x {name}" if folder == wanted[2] else f"sudo chmod o+rx {name}"
            yield Fault(f"users cannot get through {folder}", fix, f"{state.mode:04o}", is_safe=True)
        if state.mode & _OTHERS_WRITE and not state.mode & 0o1000:
            fix = f"sudo chmod o-w {name}"
            yield Fault(f"everybody may change what is in {folder}", fix, f"{state.mode:04o}", is_safe=True)


def check_temporary(examined: Examined) -> Iterator[Fault]:
    """Kernels, pip and the hub write temporary files, and nobody may remove those of others."""
    for folder in (Path("/tmp"), Path("/var/tmp")):  # noqa: S108  # looked at, not written to
        state = examined.machine.read_state(folder)
        if (
            state is not None
            and state.kind is PathKind.DIRECTORY
            and state.mode != _STICKY
            and examined.machine.is_live
        ):
            yield Fault(
                f"{folder} has the mode {state.mode:04o}, and not {_STICKY:o}",
                f"sudo chmod {_STICKY:o} {folder}",
                f"{state.mode:04o}",
                is_safe=True,
            )


def check_journal(examined: Examined) -> Iterator[Fault]:
    """Without a folder for the journal, the logs of the hub are gone after a reboot."""
    if examined.machine.is_live and examined.machine.read_state(JOURNAL_DIR) is None:
        yield Fault(
            "the journal is not kept over a reboot",
            f"sudo mkdir -p {JOURNAL_DIR} && sudo systemd-tmpfiles --create --prefix {JOURNAL_DIR}"
            " && sudo journalctl --flush",
            "no folder",
            is_safe=True,
        )
