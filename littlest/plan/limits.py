"""The limits in systemd's words: of one user's server, and of all servers together. Pure."""

from collections.abc import Mapping

from littlest.config.model import Config
from littlest.config.resolve import UserLimits, resolve_limits
from littlest.config.sections.values import LEAST_MEMORY, parse_bytes
from littlest.plan.account_names import make_server_description
from littlest.plan.steps import SetServerLimits
from littlest.plan.usage_words import render_size

NOT_A_USER = ""
"""A name that no hub user has: its limits are everybody's."""
MOST_USERS = 5
"""How many users a sentence names."""
INFINITY = "infinity"
LEAST_TOTAL = parse_bytes(LEAST_MEMORY)
"""The least memory in which one server starts."""


def make_limit_properties(limits: UserLimits) -> dict[str, str]:
    """Return every limit of a server as systemd-run(1) and systemctl(1) take it, unlimited ones included."""
    memory = limits.memory
    return {
        # no MemoryHigh below the limit: the kernel holds up what grows past it so much that a program which needs too
        # much hangs for many minutes before it is ended; and never into swap, where the whole machine would crawl
        "MemoryHigh": INFINITY,
        "MemoryMax": INFINITY if memory is None else str(memory),
        "MemorySwapMax": INFINITY if memory is None else "0",
        # an empty value is no quota; systemd refuses 0%
        "CPUQuota": "" if limits.cpu is None else f"{max(1, round(limits.cpu * 100))}%",
        "TasksMax": INFINITY if limits.processes is None else str(limits.processes),
    }


def make_server_limits_step(config: Config) -> SetServerLimits:
    """Return the limits of every server that may be running; users without limits of their own are not named."""
    everybody = resolve_limits(config, NOT_A_USER)
    members = (name for group in config.users.groups.values() for name in group.members)
    special = {name: resolve_limits(config, name) for name in (*config.limits.users, *members)}
    return SetServerLimits(
        everybody,
        tuple((make_server_description(name), own) for name, own in special.items() if own != everybody),
    )


def make_total_memory(config: Config, machine_memory: int) -> str:
    """Return what all servers together may use, as systemd's MemoryMax= takes it: bytes, or a share of the machine.

    It is the smaller of `limits.total_memory` and what `limits.reserve` leaves. Shares stay shares, which follow a
    machine that gets more memory. `machine_memory` is in bytes; if it is 0, unknown, only `total_memory` counts.
    """
    reserve, total = config.limits.reserve, config.limits.total_memory or "100%"
    if reserve.endswith("%") and total.endswith("%"):
        # systemd takes no more than two digits after the point
        return f"{min(round(float(total[:-1]), 2), round(100 - float(reserve[:-1]), 2)):g}%"
    if not machine_memory:
        return total
    return str(max(0, min(_count(total, machine_memory), machine_memory - _count(reserve, machine_memory))))


def count_total_memory(config: Config, machine_memory: int) -> int:
    """Return what all servers together may use on a machine with this much memory, in bytes."""
    return _count(make_total_memory(config, machine_memory), machine_memory)


def find_memory_warnings(config: Config, machine_memory: int) -> tuple[str, ...]:
    """Return a sentence when all servers together may use less than one; none if `machine_memory` is 0, unknown."""
    total, one = count_total_memory(config, machine_memory), resolve_limits(config, NOT_A_USER).memory
    if not machine_memory or one is None or one <= total:
        return ()
    return (
        f"Note: all servers together may use {render_size(total)} (limits.total_memory, limits.reserve), which is"
        f" less than one of them may use by itself (limits.memory: {config.limits.memory}).",
    )


def render_total_exceeded(config: Config, machine_memory: int, used: Mapping[str, int]) -> tuple[str, ...]:
    """Return a sentence when the running servers use more than these settings allow for all of them.

    `used` has the bytes of each user's servers; `machine_memory` is in bytes, 0 where it is not known.
    """
    total = count_total_memory(config, machine_memory)
    if not machine_memory or not total or sum(used.values()) <= total:
        return ()
    most = sorted(used, key=lambda user: used[user], reverse=True)[:MOST_USERS]
    return (
        f"Note: the servers that run use {render_size(sum(used.values()))} of memory, more than the"
        f" {render_size(total)} that these settings allow for all of them (limits.total_memory, limits.reserve). Once"
        " they are applied, the kernel ends programs in these servers until they use less. Most use:"
        f" {', '.join(f'{user} ({render_size(used[user])})' for user in most)}.",
    )


def _count(amount: str, machine_memory: int) -> int:
    return int(machine_memory * float(amount[:-1]) / 100) if amount.endswith("%") else parse_bytes(amount)
