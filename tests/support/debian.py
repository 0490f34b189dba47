"""The fresh Debian 12 server that every test machine is a copy of: made once by mmdebstrap and kept in the cache.

Only the standard library is used, so that `scripts/machine` and `scripts/quickstart` run on a bare system Python.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SUITE = "bookworm"
SUITES = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
PACKAGES = (
    # what a small server of a hosting company has; no Python on purpose: the installer must bring its own
    "bash-completion",
    "ca-certificates",
    "cron",
    "dbus",
    "file",
    "iproute2",
    "kmod",
    "less",
    "libpam-systemd",
    "locales",
    "login",
    "logrotate",
    "nano",
    "netbase",
    "openssh-client",
    "passwd",
    "procps",
    "sudo",
    "systemd",
    "systemd-sysv",
    "systemd-timesyncd",
    "tzdata",
    "udev",
    "util-linux",
    "vim-tiny",
    "xz-utils",
)
NEEDED = ("mmdebstrap", "systemd-container", "util-linux")
"""Debian packages that the host needs."""
MAKING = "2"
"""Counted up when the steps below change, so that cached trees are made again."""

REPOSITORY = Path(__file__).resolve().parents[2]
NOWHERE = "192.0.2.53"
"""A name server that nobody has (RFC 5737): a look-up inside the machine becomes a visible attempt to connect."""


def cache_dir() -> Path:
    """Name the folder that survives between runs: `LITTLEST_CACHE`, else `~/.cache/littlest`."""
    given = os.environ.get("LITTLEST_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "littlest"


def ensure_system_packages(*packages: str) -> None:
    """Install the Debian packages that are missing; raises CalledProcessError when that fails."""
    subprocess.run([REPOSITORY / "scripts/system-packages", *packages], check=True)


def ensure_base(more: Sequence[str] = ()) -> Path:
    """Give the folder of the base tree, making it first where it lacks (half a minute, needs root and a mirror).

    `more` are Debian packages next to the usual ones; each selection has a tree of its own.
    """
    packages = (*PACKAGES, *more)
    digest = hashlib.sha256(repr((SUITES, packages, MAKING)).encode()).hexdigest()[:16]
    base = cache_dir() / "debian" / f"{SUITE}-{digest}"
    if base.is_dir():
        return base
    base.parent.mkdir(parents=True, exist_ok=True)
    with (base.parent / f"{base.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once: the second waits and finds it done
        if base.is_dir():
            return base
        ensure_system_packages(*NEEDED)
        print("Making a fresh Debian 12 system to test on (half a minute, kept for next time)", file=sys.stderr)
        partial = base.with_name(base.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        make_tree(partial, packages)
        partial.rename(base)
    return base


def make_tree(target: Path, packages: Sequence[str] = PACKAGES) -> None:
    """Unpack Debian into `target`; raises RuntimeError with mmdebstrap's last words when that fails."""
    made = subprocess.run(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={','.join(packages)}",
            SUITE,
            target,
            *read_mirrors(),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise RuntimeError(f"mmdebstrap could not make a Debian system:\n{made.stderr[-2000:]}")
    (target / "etc/hostname").write_text("littlest-test\n")
    (target / "etc/hosts").write_text("127.0.0.1 localhost littlest-test\n::1 localhost\n")
    (target / "etc/resolv.conf").unlink(missing_ok=True)
    (target / "etc/resolv.conf").write_text(f"nameserver {NOWHERE}\n")
    (target / "etc/resolv.conf").chmod(0o644)


def read_mirrors() -> list[str]:
    """Take the mirrors of Debian 12 from this machine's own apt configuration, as lines of a sources.list.

    `LITTLEST_DEBIAN_MIRROR`, an address as in sources.list, replaces them on a host of another kind.
    """
    given = os.environ.get("LITTLEST_DEBIAN_MIRROR")
    if given:
        return [f"deb {given} {SUITE} main"]
    lines = list_targets()
    if not lines:
        subprocess.run(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", "update"], check=False)
        lines = list_targets()
    if not lines:
        raise RuntimeError(
            f"This machine's apt knows no mirror of Debian {SUITE}. "
            "Set LITTLEST_DEBIAN_MIRROR to the address of one, as it would stand in sources.list."
        )
    return lines


def list_targets() -> list[str]:
    """List what apt would read packages from, as `deb ADDRESS RELEASE main`, Debian's own suites only."""
    form = "$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)"
    try:
        targets = subprocess.run(
            ["apt-get", "indextargets", "--format", form, "Created-By: Packages"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except FileNotFoundError:
        sys.exit("This needs a Debian-like host: apt-get is not here.")
    rows = [line.split("|") for line in targets.splitlines()]
    return [
        f"deb {uri} {release} main"
        for origin, release, component, uri in rows
        if origin == "Debian" and release in SUITES and component == "main"
    ]
