"""A disposable server with a kernel of its own: QEMU, all in software, from the disk of a machine that was stopped.

What nspawn shares with the host is the machine's own here: its boot, its control groups (v2), memory that runs out.
It is about ten times slower. Commands go in through ssh; the whole of its network is QEMU, in a namespace that has
nothing but a loopback interface.
"""

import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from tests.support.debian import ensure_system_packages
from tests.support.machine import ENVIRONMENT, CommandFailed, Machine
from tests.support.processes import start_background

PACKAGES = ("initramfs-tools", "linux-image-cloud-amd64", "openssh-server")
"""Debian packages that a machine needs next to the usual ones, so that its disk boots in QEMU."""
NEEDED = ("e2fsprogs", "iproute2", "openssh-client", "qemu-system-x86", "util-linux")
"""Debian packages that the host needs."""
DISK_SIZE = "12G"
"""The disk is sparse: it takes as much as is written."""
NETWORK = """[Match]
Type=ether
[Network]
Address=10.0.2.15/24
LinkLocalAddressing=no
"""
# The folder of the switched-off machine is laid together in a mount namespace that ends with this script.
MAKE_DISK = r"""
set -eu
lower=$1 folder=$2 size=$3
layer="lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work"
[ -z "$lower" ] || mount -t overlay overlay -o "$layer" "$folder/root"
cp "$folder"/root/boot/vmlinuz-* "$folder/kernel"
cp "$folder"/root/boot/initrd.img-* "$folder/initrd"
mke2fs -q -t ext4 -d "$folder/root" "$folder/disk.img" "$size"
"""
LAUNCH = 'ip link set lo up && exec "$@"'


class VirtualMachine(Machine):
    """A clone of a machine made with `PACKAGES`, which boots in QEMU. The clone's name is its name."""

    def make_disk(self, files: Mapping[str, str] | None = None) -> "VirtualMachine":
        """Make the disk from what the clone holds, and more `files` by their paths (ten seconds)."""
        ensure_system_packages(*NEEDED)
        state = self.state.read()
        disk = Path(state["disk"])
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "key"], check=True)
        (disk / "root").mkdir(mode=0o700, exist_ok=True)
        written = {
            "/root/.ssh/authorized_keys": (self.folder / "key.pub").read_text(),
            "/etc/systemd/network/80-test.network": NETWORK,
            **(files or {}),
        }
        for path, content in written.items():
            file = disk / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        wanted = disk / "etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
        wanted.parent.mkdir(parents=True, exist_ok=True)
        wanted.symlink_to("/lib/systemd/system/systemd-networkd.service")
        script = ["unshare", "--mount", "--propagation=private", "sh", "-c", MAKE_DISK, "make-disk"]
        subprocess.run([*script, ":".join(state["layers"]), self.folder, DISK_SIZE], check=True)
        return self

    def boot(self, seconds: float = 300.0, tracer: Sequence[str] = (), memory: str = "2G") -> "VirtualMachine":
        """Start the machine from its disk and wait until systemd has started everything; raises TimeoutError."""
        command = [*tracer, "unshare", "--net", "sh", "-c", LAUNCH, "littlest-machine", *self._make_command(memory)]
        with self.console.open("a") as output:
            supervisor = start_background(command, output)
        self.state.write(**self.state.read() | {"supervisor": asdict(supervisor)})
        deadline = time.monotonic() + seconds
        while not (self.folder / "ssh").exists():
            if not supervisor.is_alive():
                raise RuntimeError(f"{self.name} did not boot:\n{self.console.read_text()[-1500:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} did not finish booting:\n{self.console.read_text()[-1500:]}")
            self._connect()
        said = self.run("systemctl is-system-running --wait", check=False, timeout=seconds).stdout.strip()
        if said not in {"running", "degraded"}:
            raise TimeoutError(f"{self.name} is {said}:\n{self.console.read_text()[-1500:]}")
        return self

    def _make_command(self, memory: str) -> list[str]:
        # /dev/kvm is there on some hosts and hangs: never used. No processor with AVX: QEMU 7.2 gets it wrong on some
        # hosts (with -cpu max mounts and network of a Debian fail at boot on an AMD EPYC), and nothing here needs it.
        command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"]
        command += ["-accel", "tcg,thread=multi", "-cpu", "Nehalem", "-smp", "2", "-m", memory]
        command += ["-kernel", f"{self.folder}/kernel", "-initrd", f"{self.folder}/initrd"]
        command += ["-append", "root=/dev/vda rw console=ttyS0"]
        command += ["-drive", f"file={self.folder}/disk.img,format=raw,if=virtio,cache=unsafe"]
        command += ["-device", "virtio-rng-pci", "-device", "virtio-net-pci,netdev=net,romfile="]
        # anyone who is in the namespace reaches two ports of the machine; the machine reaches nobody
        ports = ",".join(f"hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:{port}" for port in (22, 80))
        return [*command, "-netdev", f"user,id=net,restrict=on,ipv6=off,{ports}"]

    def _connect(self) -> None:
        """Try to open the one connection that all commands share; without it each would take seconds."""
        master = start_background([*self._ssh(), "-N", "-M"], subprocess.DEVNULL)
        for _ in range(40):
            if (self.folder / "ssh").exists():
                self.state.keep(master)
                return
            if not master.is_alive():
                time.sleep(0.5)
                return
            time.sleep(0.25)
        master.end()

    def _ssh(self) -> list[str]:
        options = {
            "BatchMode": "yes",
            "ControlPath": f"{self.folder}/ssh",
            "IdentityFile": f"{self.folder}/key",
            "LogLevel": "ERROR",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
        }
        words = [f"-o{name}={value}" for name, value in options.items()]
        return ["nsenter", "-t", str(self.leader), "-n", "ssh", "-F", "none", "-T", *words, "root@127.0.0.1"]

    @property
    def leader(self) -> int:
        """The number of QEMU's process, in whose network the machine is; raises RuntimeError when it is off."""
        supervisor = self.state.supervisor()
        if supervisor is None:
            raise RuntimeError(f"the machine {self.name} is not running")
        return supervisor.pid

    def inside(self, command: str | Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
        """Give the command line that runs `command` in the machine as root; a string is given to sh."""
        words = ["sh", "-c", command] if isinstance(command, str) else list(command)
        variables = [f"{key}={value}" for key, value in (ENVIRONMENT if env is None else env).items()]
        return [*self._ssh(), shlex.join(["env", "-i", *variables, *words])]

    def power_off(self, seconds: float = 120.0) -> None:
        """Shut the machine down in good order."""
        supervisor = self.state.supervisor()
        with suppress(CommandFailed):  # the connection ends with the machine
            self.run("systemctl poweroff", timeout=seconds)
        deadline = time.monotonic() + seconds
        while supervisor and supervisor.is_alive() and time.monotonic() < deadline:
            time.sleep(0.2)
        self.stop()
