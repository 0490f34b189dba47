"""`littlest support-bundle`: one file with what somebody needs who helps you, and without secrets."""

import io
import json
import os
import platform
import tarfile
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from littlest import __version__, paths
from littlest.config.model import Config
from littlest.config.text.render import make_data, render_settings
from littlest.errors import CommandFailed, LittlestError, UsageError
from littlest.health.checks import find_findings
from littlest.health.finding import Examined
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.steps import Release
from littlest.report import Report
from littlest.system.apply_plan import Progress, ignore_progress
from littlest.system.config_checks import load_active_config
from littlest.system.record_file import read_record
from littlest.system.releases.current import read_current_release
from littlest.system.secrets.redaction import read_known_secrets, redact, redact_data
from littlest.system.settings.active import read_good_config
from littlest.system.settings.drop_in_copies import read_drop_ins

LINES = 500
"""Of each journal."""
_UNIT_PROPERTIES = "Id,LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,DropInPaths,MemoryCurrent"


def run_support_bundle(
    machine: Machine, folder: Path, *, release: Release | None = None, progress: Progress = ignore_progress
) -> Report:
    """Write the bundle into a folder: a .tar.gz that only its caller can read, also through sudo(8).

    Raises UsageError when the folder is none. What cannot be read is named in the bundle.
    """
    check_root(machine)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", "Name one with --to.")
    now = datetime.now(UTC)
    name = f"littlest-support-{now:%Y%m%dT%H%M%SZ}"
    secrets = read_known_secrets(machine, _read_configs(machine))
    files: dict[str, str] = {}
    for file, content in _collect(machine, release, progress):
        files[file] = redact(content, secrets) if isinstance(content, str) else _render_json(content, secrets)
    target = folder / f"{name}.tar.gz"
    owner = int(os.environ.get("SUDO_UID", "0"))
    machine.write_file(PurePosixPath(target.resolve()), _pack(name, files), mode=0o600, owner=owner)
    lines = (
        f"Written: {target}",
        f"To read it: tar xzf {target}",
        "The passwords and tokens that this server knows are not in it. It names your users: read it before sending.",
    )
    return Report(lines, {"file": str(target), "members": sorted(files)})


def _collect(machine: Machine, release: Release | None, progress: Progress) -> Iterator[tuple[str, object]]:
    """Yield each file of the bundle with its secrets: text, or data for JSON."""
    progress("look for what is wrong")
    examined = Examined(machine, read_record(machine), release or read_current_release(machine))
    yield "findings.json", [asdict(finding) for finding in find_findings(examined)]
    with suppress(LittlestError, OSError):
        yield "readings.json", asdict(examined.readings)
    yield "versions.txt", _describe_versions(machine)
    for number, config in enumerate(_read_configs(machine)):
        yield ("settings.yaml", "settings-last-good.yaml")[number], render_settings(make_data(config))
    yield (
        "drop-ins.txt",
        "".join(f"{name}: {len(content)} bytes\n" for name, content in read_drop_ins(machine).items()),
    )
    units = [unit for group in paths.LOGGED_UNITS.values() for unit in group]
    yield "units.txt", _run(machine, "systemctl", "show", f"--property={_UNIT_PROPERTIES}", "--", *units)
    yield "disks.txt", _run(machine, "df", "-h") + _run(machine, "df", "-i")
    yield "memory.txt", machine.read_text(PurePosixPath("/proc/meminfo")) or ""
    for what, names in paths.LOGGED_UNITS.items():
        progress(f"the journal of the {what}")
        wanted = [f"--unit={unit}" for unit in names]
        yield f"journal-{what}.txt", _run(machine, "journalctl", "--no-pager", "--quiet", f"--lines={LINES}", *wanted)
    for name in machine.list_directory(paths.LOG_DIR):
        yield f"logs/{name}", (machine.read_bytes(paths.LOG_DIR / name) or b"").decode(errors="replace")


def _render_json(data: object, secrets: Collection[str]) -> str:
    return json.dumps(redact_data(data, secrets), indent=1, default=str) + "\n"


def _describe_versions(machine: Machine) -> str:
    system = machine.read_text(PurePosixPath("/etc/os-release")) or ""
    uptime = machine.read_text(PurePosixPath("/proc/uptime")) or ""
    lines = (
        f"littlest {__version__}, Python {platform.python_version()}",
        f"kernel {platform.release()} {platform.machine()}, up for {uptime.partition('.')[0]} seconds",
        _run(machine, "systemctl", "--version").partition("\n")[0],
        f"time {time.strftime('%Y-%m-%d %H:%M:%S %z')}",
    )
    return "\n".join((*lines, "", system))


def _run(machine: Machine, *command: str) -> str:
    try:
        done = machine.run(command, check=False)
    except CommandFailed as error:
        return f"{error.message}\n"
    return done.stdout + done.stderr


def _read_configs(machine: Machine) -> tuple[Config, ...]:
    """Return the settings of config.yaml, if they are valid, and the last known good ones."""
    found: list[Config] = []
    with suppress(LittlestError):
        found.append(load_active_config(machine))
    good = read_good_config(machine)
    return (*found, *((good,) if good is not None else ()))


def _pack(name: str, files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as bundle:
        for file, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(f"{name}/{file}")
            member.size, member.mode, member.mtime = len(content), 0o600, int(time.time())
            bundle.addfile(member, io.BytesIO(content))
    return target.getvalue()
