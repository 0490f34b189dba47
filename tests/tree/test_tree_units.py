"""systemd itself has nothing to say against the units that apply writes."""

import re
import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest
from fake_root import RELEASE

from littlest import paths
from littlest.config.resolve import UserLimits
from littlest.config.text.load import load_config
from littlest.converge import converge
from littlest.hub.servers.sandbox import make_unit_properties
from littlest.machine.machine import Machine
from littlest.system.accounts.user_accounts import UserAccount


def verify(machine: Machine) -> str:
    """What systemd finds wrong with our units in this tree, among Debian's own."""
    shutil.copytree("/usr/lib/systemd/system", machine.root / "usr/lib/systemd/system", symlinks=True)
    for program in (f"{RELEASE.directory}/bin/python", f"{RELEASE.directory}/bin/node", "/bin/rm", "/usr/bin/rm"):
        file = machine.root / program[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    units = sorted(file.name for file in machine.path(paths.SYSTEMD_DIR).glob("[jr]u*"))
    assert len(units) == 7
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={machine.root}", *units],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http: {address: '2001:db8::1', port: 8443}\nbase_url: /jupyter/",
        "limits: {memory: null, cpu: 0.5}\nservices: {cull: {timeout: 86400, max_age: 90000}}",
    ],
)
def test_units_are_without_fault(machine: Machine, text: str) -> None:
    converge(machine, load_config(text, "config.yaml"), RELEASE)
    assert verify(machine) == ""


@pytest.mark.parametrize("line", ["Restrt=always", "ExecStartPre=/no/such/program", "MemoryMax=lots"])
def test_a_fault_would_be_seen(machine: Machine, line: str) -> None:
    converge(machine, load_config("", "config.yaml"), RELEASE)
    unit = Path(machine.path(paths.SYSTEMD_DIR / paths.HUB_UNIT))
    unit.write_text(unit.read_text().replace("[Service]", f"[Service]\n{line}"))
    assert verify(machine) != ""


def judge(unit: Path) -> float:
    """How exposed systemd-analyze(1) finds a unit, from 0.0 to 10.0."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return float(re.findall(r"exposure level for .*: (\d+\.\d)", done.stdout)[0])


@pytest.mark.parametrize(("sudo", "most"), [(False, 2.5), (True, 9.0)])
def test_how_exposed_a_users_server_is(tmp_path: Path, sudo: bool, most: float) -> None:
    # one with sudo has no more than what leaves it alone: docs/security.md says why
    account = UserAccount("jupyter-ada", 1001, 1001, PurePosixPath("/home/jupyter-ada"))
    limits = UserLimits(2**30, None, 1024, open_servers=1)
    properties = make_unit_properties("ada", account, sudo=sudo, limits=limits)
    of_the_unit = ("Description", "RequiresMountsFor", "CollectMode")
    text = "[Unit]\n" + "".join(f"{name}={properties.pop(name)}\n" for name in of_the_unit)
    text += "[Service]\nExecStart=/bin/true\n" + "".join(f"{name}={value}\n" for name, value in properties.items())
    unit = tmp_path / "jupyter-ada.service"
    unit.write_text(text)
    assert judge(unit) <= most
