"""`littlest user list`: who may use the hub, and what is known of each."""

from collections.abc import Mapping
from typing import Any

from littlest.config.model import Config
from littlest.config.resolve import list_groups_of
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.report import Report
from littlest.system.hub.api import HubApi, find_hub_api
from littlest.system.hub.one_time_passwords import read_missing_passwords
from littlest.system.settings.active import read_good_config


def run_list(machine: Machine) -> Report:
    """Report every user of the hub. Raises LittlestError when the hub does not answer."""
    check_root(machine)
    api = find_hub_api(machine)
    passwords = _find_passwords(api)
    config = read_good_config(machine) or Config()
    users = [_describe(user, config, passwords) for user in api.list_users()]
    rows = [("name", "rights", "groups", "password", "server"), *(tuple(map(str, user.values())) for user in users)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return Report(tuple(lines), {"users": users})


def _find_passwords(api: HubApi) -> Mapping[str, str]:
    found = read_missing_passwords(api)
    return {
        **dict.fromkeys(found.unclaimed, "not chosen yet"),
        **dict.fromkeys(found.one_time, "one-time"),
        **dict.fromkeys(found.missing, "none"),
    }


def _describe(user: Mapping[str, Any], config: Config, passwords: Mapping[str, str]) -> dict[str, str]:
    name = str(user.get("name"))
    groups = {*map(str, user.get("groups", ())), *list_groups_of(config, name)}
    return {
        "name": name,
        "rights": "admin" if user.get("admin") else "user",
        "groups": ",".join(sorted(groups)) or "-",
        "password": passwords.get(name, "own"),
        "server": "running" if user.get("servers") else "-",
    }
