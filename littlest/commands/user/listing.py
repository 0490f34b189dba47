"""`littlest user list`: who may use the hub, and what is known of each."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from littlest import paths
from littlest.config.model import Config
from littlest.config.resolve import list_groups_of
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.usage_words import render_ago, render_size_of
from littlest.report import Report
from littlest.system.hub.api import find_hub_api
from littlest.system.hub.one_time_passwords import UsersPasswords, read_users_passwords
from littlest.system.servers.usage import UserUse, look_at_servers, read_user_uses
from littlest.system.settings.active import read_good_config


def run_list(machine: Machine) -> Report:
    """Report every user of the hub. Raises LittlestError when the hub does not answer."""
    check_root(machine)
    first = look_at_servers(machine)
    api = find_hub_api(machine)
    answered = read_users_passwords(api)
    passwords = _name_passwords(machine, answered)
    config = read_good_config(machine) or Config()
    found = api.list_users()
    activity = {str(user.get("name")): user.get("last_activity") for user in found}
    uses = {use.name: use for use in read_user_uses(machine, first, activity, config.users.unix_name)}
    users = [_describe(user, config, passwords, uses, answered.removed) for user in found]
    return Report(_render(users), {"users": users})


def _render(users: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    now = datetime.now(UTC)
    rows: list[tuple[str, ...]] = [("name", "rights", "groups", "password", "server", "memory", "last activity")]
    for user in users:
        used = render_size_of(user["memory_bytes"], user["memory_limit_bytes"]) if user["server"] else None
        cells = (user["name"], user["rights"], ",".join(user["groups"]), user["password"], user["server"], used)
        rows.append((*(cell or "-" for cell in cells), render_ago(user["last_activity"], now)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return tuple("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _name_passwords(machine: Machine, found: UsersPasswords) -> Mapping[str, str]:
    # the file goes when the admin chooses another one
    generated = set(machine.list_directory(paths.INITIAL_PASSWORD_DIR))
    return {
        **{name: "generated" if name in generated else "own" for name in found.own},
        **dict.fromkeys(found.unclaimed, "not chosen yet"),
        **dict.fromkeys(found.one_time, "one-time"),
        **dict.fromkeys(found.missing, "none"),
    }


def _describe(
    user: Mapping[str, Any],
    config: Config,
    passwords: Mapping[str, str],
    uses: Mapping[str, UserUse],
    removed: Collection[str],
) -> dict[str, Any]:
    name = str(user.get("name"))
    groups = {*map(str, user.get("groups", ())), *list_groups_of(config, name)}
    return {
        "name": name,
        "rights": "removed" if name in removed else "admin" if user.get("admin") else "user",
        "groups": sorted(groups),
        "password": passwords.get(name),
        "server": "running" if user.get("servers") else None,
        "memory_bytes": uses[name].memory_bytes,
        "memory_limit_bytes": uses[name].memory_limit_bytes,
        "last_activity": uses[name].last_activity,
    }
