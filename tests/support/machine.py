"""A disposable Debian server: systemd-nspawn over a copy-on-write layer, without a network of its own.

Works where systemd is process 1 and where it is not. Only the standard library is used.
"""

import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from signal import SIGKILL, SIGTERM
from subprocess import DEVNULL

from tests.support.debian import cache_dir, ensure_base, ensure_system_packages
from tests.support.processes import Background, start_background
from tests.support.state import State

MEDIA = "/media/littlest"
"""Where a machine sees, read-only, what lies in its `media` folder."""

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}

# Each machine gets control groups of its own: two systemds in one would end each other's processes. The layer is
# mounted in a mount namespace that ends with the machine, so no crash leaves a mount behind.
LAUNCH = r"""
set -eu
name=$1 lower=$2 folder=$3; shift 3
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ ! -d /run/systemd/system ] && [ -w "$hierarchy/cgroup.procs" ] || continue
    mkdir -p "$hierarchy/littlest-$name"
    echo $$ >"$hierarchy/littlest-$name/cgroup.procs"
done
layer="lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work"
[ -z "$lower" ] || mount -t overlay overlay -o "$layer" "$folder/root"
exec systemd-nspawn "$@"
"""


class CommandFailed(AssertionError):
    """A command in a machine ended otherwise than expected; the text says how, with what it printed."""


def can_layer(folder: Path) -> bool:
    """Say whether overlayfs works on this file system; where it does not (on another overlay), disks are copied."""
    options = f"lowerdir={folder / 'media'},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    mount = ["mount", "-t", "overlay", "overlay", "-o", options, str(folder / "root")]
    return subprocess.run(["unshare", "--mount", *mount], capture_output=True, check=False).returncode == 0


def machines_dir() -> Path:
    """Name the folder that holds the test machines: `LITTLEST_MACHINES`, else a folder in the cache."""
    given = os.environ.get("LITTLEST_MACHINES")
    return Path(given) if given else cache_dir() / "machines"


def list_machines() -> list["Machine"]:
    """List the machines that exist, running or not."""
    return [Machine(state.parent.name) for state in sorted(machines_dir().glob("[!.]*/state.json"))]


class Machine:
    """One test machine, known by its name. What it keeps is in one folder; `remove` removes all of it."""

    def __init__(self, name: str) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", name):
            raise ValueError(f"{name!r} is no name for a machine: lower-case letters, digits and dashes only")
        self.name = name
        self.folder = machines_dir() / name
        self.media = self.folder / "media"
        self.state = State(self.folder / "state.json")
        self._leader: int | None = None

    # ---- life -------------------------------------------------------------------------------------------------

    def create(
        self, lowers: Sequence[Path] = (), packages: Sequence[str] = (), owner: int | None = None
    ) -> "Machine":
        """Make the machine, a fresh Debian 12 with more `packages`, or a copy of one that has `lowers` as layers.

        It may be removed when the process `owner`, this one where none is given, has ended.
        """
        if self.exists():
            raise FileExistsError(f"there is a machine called {self.name} already")
        shutil.rmtree(self.folder, ignore_errors=True)
        layers = list(lowers) or [ensure_base(packages)]
        for part in ("upper", "work", "root", "media"):
            (self.folder / part).mkdir(parents=True)
        self.folder.chmod(0o711)
        disk = self.folder / "upper"
        if not can_layer(self.folder):
            disk = self.folder / "root"
            subprocess.run(["cp", "-a", "--reflink=auto", f"{layers[0]}/.", disk], check=True)
            layers = []
        if not lowers:
            (disk / "etc").mkdir(exist_ok=True)
            (disk / "etc/machine-id").write_text(secrets.token_hex(16) + "\n")
        self.state.write(disk=str(disk), layers=[str(layer) for layer in layers], owner=owner or os.getpid())
        return self

    def clone(self, name: str) -> "Machine":
        """Make another machine that starts from this one's disk. This one must be stopped, and stay so."""
        if self.is_running():
            raise RuntimeError(f"{self.name} is running: stop it before it is copied")
        state = self.state.read()
        layers = [Path(state["disk"]), *map(Path, state["layers"])]
        copy = Machine(name).create(layers)
        for medium in self.media.iterdir():
            copy.insert(medium)
        return copy

    def boot(self, seconds: float = 60.0, tracer: Sequence[str] = ()) -> "Machine":
        """Start the machine and wait until systemd has started everything; raises TimeoutError.

        `tracer` is a command, such as strace with its options, that watches the machine's every process.
        """
        if not shutil.which("systemd-nspawn"):
            ensure_system_packages("systemd-container")
        state = self.state.read()
        nspawn = ["--quiet", "--register=no", "--keep-unit", "--private-network", "--boot", "--console=pipe"]
        nspawn += ["--link-journal=no", "--resolv-conf=off", "--timezone=off", f"--machine={self.name}"]
        nspawn += [f"--bind-ro={self.media}:{MEDIA}", f"--directory={self.folder / 'root'}"]
        command = [*tracer, "unshare", "--mount", "--propagation=private", "sh", "-c", LAUNCH, "littlest-machine"]
        command += [self.name, ":".join(state["layers"]), str(self.folder), *nspawn]
        if Path("/run/systemd/system").is_dir():
            scope = f"--unit=littlest-machine-{self.name}-{secrets.token_hex(3)}"
            command = [
                "systemd-run",
                "--quiet",
                "--scope",
                "--property=Delegate=yes",
                f"--description=Test machine {self.name}",
                scope,
                *command,
            ]
        with self.console.open("a") as output:
            supervisor = start_background(command, output)
        self.state.write(**state | {"supervisor": asdict(supervisor)})
        self._wait_for_systemd(supervisor, time.monotonic() + seconds)
        return self

    def _wait_for_systemd(self, supervisor: Background, deadline: float) -> None:
        while time.monotonic() < deadline:
            if not supervisor.is_alive():
                raise RuntimeError(f"{self.name} did not boot:\n{self.console.read_text()[-1500:]}")
            self._leader = self.state.leader()
            if self._leader:
                said = self.run("systemctl is-system-running --wait", check=False, timeout=60).stdout.strip()
                if said in {"running", "degraded"}:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"{self.name} did not finish booting:\n{self.console.read_text()[-1500:]}")

    def power_off(self, seconds: float = 60.0) -> None:
        """Shut the machine down in good order, as its power button would."""
        supervisor = self.state.supervisor()
        if supervisor:
            supervisor.end(SIGTERM, seconds)
        self._forget_processes()

    def stop(self) -> None:
        """Cut the machine's power: all its processes end at once, its disk stays."""
        leader, supervisor = self.state.leader(), self.state.supervisor()
        if leader:
            with suppress(ProcessLookupError):
                os.kill(leader, SIGKILL)
        if supervisor:
            supervisor.end(SIGTERM, 10)
        self._forget_processes()

    def _forget_processes(self) -> None:
        self.state.end_extras()
        self._leader = None
        for hierarchy in ("systemd", "unified", "."):
            group = Path("/sys/fs/cgroup", hierarchy, f"littlest-{self.name}")
            for folder in sorted(group.glob("**/"), reverse=True):
                with suppress(OSError):
                    folder.rmdir()

    def remove(self) -> None:
        """Remove the machine and everything that it holds."""
        if self.exists():
            self.stop()
        if self.folder.exists():
            # freeing a disk of many files takes minutes on some hosts, and nobody need wait for it
            rubbish = self.folder.with_name(f".rubbish-{secrets.token_hex(6)}")
            self.folder.rename(rubbish)
            # one that others were quicker than has ended already
            with suppress(RuntimeError):
                start_background(["nice", "sh", "-c", 'rm -rf "$1"/.rubbish-*', "rm", str(rubbish.parent)], DEVNULL)

    def exists(self) -> bool:
        """Say whether the machine was created and not removed."""
        return self.state.file.exists()

    def is_running(self) -> bool:
        """Say whether the machine is switched on."""
        return self.exists() and self.state.supervisor() is not None

    # ---- doing something in it --------------------------------------------------------------------------------

    @property
    def leader(self) -> int:
        """The number, outside, of the machine's process 1; raises RuntimeError when it is off."""
        leader = self._leader or self.state.leader()
        if leader is None:
            raise RuntimeError(f"the machine {self.name} is not running")
        return leader

    def inside(self, command: str | Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
        """Give the command line that runs `command` in the machine as root; a string is given to sh."""
        words = ["sh", "-c", command] if isinstance(command, str) else list(command)
        variables = [f"{key}={value}" for key, value in (ENVIRONMENT if env is None else env).items()]
        return ["nsenter", "-t", str(self.leader), "-a", "env", "-i", *variables, *words]

    def run(
        self,
        command: str | Sequence[str],
        *,
        check: bool = True,
        timeout: float = 120.0,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine as root; raises CommandFailed when it fails and `check` holds, or hangs."""
        started = self.start(command, env=env)
        given = stdin.encode() if isinstance(stdin, str) else stdin
        try:
            out, err = started.communicate(given, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, SIGKILL)
            out, err = started.communicate()
            raise CommandFailed(f"{command} took over {timeout:.0f} s\n{out.decode()}\n{err.decode()}") from None
        done = subprocess.CompletedProcess(
            command, started.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
        )
        if check and done.returncode:
            raise CommandFailed(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}".rstrip())
        return done

    def start(self, command: str | Sequence[str], *, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a command in the machine as root and give its process; what it prints is kept in pipes."""
        pipe = subprocess.PIPE
        line = self.inside(command, env)
        return subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)

    def run_as(
        self, account: str, command: str, *, check: bool = True, timeout: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the machine as that account, in its home."""
        return self.run(["runuser", "-l", account, "-c", command], check=check, timeout=timeout)

    def read(self, path: str) -> str:
        """Read a file of the machine."""
        return self.run(["cat", path]).stdout

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file of the machine, making its folder where it lacks."""
        self.run(["install", "-D", f"-m{mode:04o}", "/dev/stdin", path], stdin=content)

    def copy_in(self, source: Path, path: str) -> None:
        """Copy a file of the host to a path in the machine."""
        self.write(path, source.read_bytes(), source.stat().st_mode & 0o777)

    def insert(self, file: Path, name: str | None = None) -> str:
        """Put a file on the read-only medium of the machine, as into a drive; give the path it has there."""
        name = name or file.name
        target = self.media / name
        # the installer refuses a file that others than the machine's root may change
        is_roots = file.stat().st_uid == 0 and not file.stat().st_mode & 0o022
        try:
            if not is_roots:
                raise PermissionError
            os.link(file, target)
        except OSError:  # another file system, perhaps
            shutil.copyfile(file, target)
        return f"{MEDIA}/{name}"

    def journal(self, *arguments: str) -> str:
        """Read the machine's journal, as journalctl(1) shows it with these arguments."""
        return self.run(["journalctl", "--no-pager", "-o", "short-precise", *arguments]).stdout

    # ---- what is kept -----------------------------------------------------------------------------------------

    @property
    def console(self) -> Path:
        """What the machine printed on its console."""
        return self.folder / "console.log"

    def save_evidence(self, folder: Path) -> None:
        """Keep the journal, the console and the install logs, for whoever looks into a failure."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.console.exists():
            shutil.copyfile(self.console, folder / f"{self.name}.console.log")
        if not self.is_running():
            return
        # a machine that does not answer is evidence, too: the console says why
        journal = self.run("journalctl --no-pager -o short-precise -b", check=False)
        (folder / f"{self.name}.journal.txt").write_text(journal.stdout + journal.stderr)
        logs = self.run(
            "tail -n +1 /var/log/littlest/* 2>/dev/null; systemctl --failed --no-pager; ss -ltnp", check=False
        )
        (folder / f"{self.name}.install.txt").write_text(logs.stdout)
