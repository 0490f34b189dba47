"""When programs in users' servers were last ended because there was no memory left, as the journal has it.

systemd's own message tells it with cgroup v2, the kernel's with v1 and where the whole machine was full. Both stay
when the server has ended.
"""

import json
import re
from datetime import UTC, datetime

from littlest.errors import CommandFailed
from littlest.machine.machine import Machine

DAYS = 30
"""How far back to look."""
_UNIT_OUT_OF_MEMORY = "fe6faa94e7774663a0da52717891d8ef"
"""MESSAGE_ID of systemd's message, SD_MESSAGE_UNIT_OUT_OF_MEMORY of sd-messages.h."""
_INFORMATION = "6"
"""The priority of the kernel's message, which few others have."""
_KERNEL_MESSAGE = r"task_memcg=[^,]*/(jupyter-[^,/]+\.service)"
_MOST = 2000
"""Messages."""
_SECONDS = 10.0


def read_out_of_memory(machine: Machine) -> dict[str, datetime]:
    """Return when each unit of a user's server was last short of memory; none where there is no journal."""
    if not machine.is_live or not machine.has_command("journalctl"):
        return {}
    # every user may write into the journal, but not as process 1 or as the kernel
    where = (f"MESSAGE_ID={_UNIT_OUT_OF_MEMORY}", "_PID=1", "+", "_TRANSPORT=kernel", f"PRIORITY={_INFORMATION}")
    options = ("--no-pager", "--quiet", "--reverse", f"--lines={_MOST}", f"--since=-{DAYS}d", "--output=json")
    pattern = f"--grep=killed by the OOM killer|{_KERNEL_MESSAGE}"
    try:
        said = machine.run(
            ["journalctl", *options, "--output-fields=UNIT,MESSAGE", pattern, *where], check=False, timeout=_SECONDS
        ).stdout
    except CommandFailed:
        return {}
    return parse_out_of_memory(said)


def parse_out_of_memory(said: str) -> dict[str, datetime]:
    """Return the last time for each unit, from messages as `journalctl --output=json` gives them. Pure."""
    found: dict[str, datetime] = {}
    for line in said.splitlines():
        try:
            entry = json.loads(line)
            when = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
        except (ValueError, KeyError, TypeError):
            continue
        kernels = re.search(_KERNEL_MESSAGE, str(entry.get("MESSAGE")))
        unit = entry.get("UNIT") or (kernels and kernels[1])
        if isinstance(unit, str) and when > found.get(unit, datetime.min.replace(tzinfo=UTC)):
            found[unit] = when
    return found
