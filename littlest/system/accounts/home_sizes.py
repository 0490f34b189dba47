"""How much disk each user's home takes. Measured at night in the background, because homes have very many files."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from littlest import paths
from littlest.machine.machine import Machine
from littlest.system.accounts.user_accounts import find_user_accounts
from littlest.system.units.units import STOPPED_STATES, read_active_state

UNIT = "littlest-home-sizes.service"
NIGHT = range(1, 5)
"""Hours of the machine's clock in which homes are measured again."""
FRESH, OLD = timedelta(hours=20), timedelta(hours=44)
"""A size that is younger is kept; one that is older is measured at any hour, on a machine that is off at night."""
_ONE_HOME = 900
"""Seconds, after which a home with too many files is left out, and the next one is measured."""
# without --one-file-system: on an overlay, files may be on another one than their folder
_MEASURE = f'for home; do timeout {_ONE_HOME} du --summarize --block-size=1 -- "$home"; done'
_PROPERTIES = {
    # it takes what nobody else wants
    "CPUSchedulingPolicy": "idle",
    "CPUWeight": "1",
    "IOSchedulingClass": "idle",
    "IOWeight": "1",
    # what the kernel remembers of so many files counts as the memory of this unit
    "MemoryMax": "256M",
    "OOMScoreAdjust": "800",
    "RuntimeMaxSec": "6h",
    "CollectMode": "inactive-or-failed",
    "CapabilityBoundingSet": "CAP_DAC_READ_SEARCH",
    "NoNewPrivileges": "yes",
    "PrivateNetwork": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "read-only",
    "StandardOutput": f"file:{paths.HOME_SIZES_OUTPUT}",
    "StandardError": "null",
}


@dataclass(frozen=True, slots=True)
class HomeSize:
    """The size of a home."""

    tried: str
    """When it was last to be measured: ISO 8601, UTC."""
    bytes: int | None = None
    """None where that never came to an end."""
    measured: str | None = None
    """When these bytes were counted: ISO 8601, UTC."""


def read_home_sizes(machine: Machine) -> dict[str, HomeSize]:
    """Return the size of each home that was measured, by its path; none where the file is damaged."""
    try:
        found = json.loads(machine.read_text(paths.HOME_SIZES_FILE) or "{}")
        sizes = {str(home): HomeSize(**one) for home, one in found.items()}
        _ = [datetime.fromisoformat(size.tried).astimezone(UTC) + OLD for size in sizes.values()]
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
    return sizes


def list_homes(machine: Machine) -> tuple[str, ...]:
    """Return the homes of hub users: of accounts that were made for them, and of others that they use."""
    group = machine.read_group(paths.USERS_GROUP)
    others = filter(None, map(machine.read_account, group[1] if group else ()))
    homes = (str(account.home) for account in (*find_user_accounts(machine), *others))
    return tuple(dict.fromkeys(homes))


def list_due(homes: Iterable[str], sizes: Mapping[str, HomeSize], now: datetime) -> tuple[str, ...]:
    """Return the homes to measure now; `now` has the time zone of the machine. Pure."""
    most = FRESH if now.hour in NIGHT else OLD
    return tuple(
        home for home in homes if home not in sizes or now - datetime.fromisoformat(sizes[home].tried) > most
    )


def measure_homes(machine: Machine, now: datetime) -> None:
    """Keep what was measured, and start measuring the homes that are due; returns at once.

    Raises LittlestError when systemd does not start it, OSError when the sizes cannot be kept.
    """
    if read_active_state(machine, UNIT) not in STOPPED_STATES:
        return
    homes, before = list_homes(machine), read_home_sizes(machine)
    sizes = {home: size for home, size in before.items() if home in homes}
    moment = now.astimezone(UTC).isoformat(timespec="seconds")
    said = _parse((machine.read_bytes(paths.HOME_SIZES_OUTPUT) or b"").decode(errors="replace"))
    sizes |= {home: HomeSize(sizes[home].tried, size, moment) for home, size in said.items() if home in sizes}
    due = list_due(homes, sizes, now)
    sizes |= {home: replace(sizes.get(home, HomeSize(moment)), tried=moment) for home in due}
    if sizes != before:
        content = {home: asdict(size) for home, size in sizes.items()}
        machine.write_file(paths.HOME_SIZES_FILE, json.dumps(content, ensure_ascii=False), mode=0o600)
    machine.remove(paths.HOME_SIZES_OUTPUT)
    if due:
        words = [f"--property={name}={value}" for name, value in _PROPERTIES.items()]
        shell = ["/bin/sh", "-c", _MEASURE, "sh", *due]
        machine.run(["systemd-run", "--quiet", "--no-block", f"--unit={UNIT}", *words, "--", *shell])


def _parse(said: str) -> dict[str, int]:
    """Return the bytes of each home in what du(1) said: lines of bytes and path."""
    fields = (line.partition("\t") for line in said.splitlines())
    return {home: int(count) for count, _, home in fields if count.isdecimal()}
