"""Removing what we made on a machine, by its name: for an install that failed, and for uninstall."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.steps import RemoveSystemUser
from littlest.system.accounts import groups, passwords, user_accounts

PEOPLES = (paths.ETC_DIR, paths.STATE_DIR, paths.LOG_DIR, paths.USER_ENVIRONMENT_DIR)
"""What people made or may want to look at, so uninstall removes it only with `--purge`."""
RUNTIME = (
    paths.PROXY_RUNTIME_DIR,
    paths.SERVERS_RUNTIME_DIR.parent,
    paths.KERNELS_RUNTIME_DIR,
    paths.PROXY_STATE_DIR,
    paths.SERVERS_ENVIRONMENT_DIR,
    paths.ACCOUNTS_LOCK_FILE,
)
"""What hub and proxy make while they run, and can make again."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of thing that can be removed: what a person calls it, and how it is found and removed by its name."""

    words: str
    is_there: Callable[[Machine, str], bool]
    remove: Callable[[Machine, str], None]


def _is_user_account(machine: Machine, name: str) -> bool:
    account = machine.read_account(name)
    return account is not None and user_accounts.is_made_by_us(account)


def _remove_user_account(machine: Machine, name: str) -> None:
    account = machine.read_account(name)
    if account is not None:
        user_accounts.remove_user_account(machine, account)


_KINDS: Mapping[str, _Kind] = {
    "path": _Kind(
        "{}",
        lambda machine, name: machine.read_state(Path(name)) is not None,
        lambda machine, name: machine.remove_tree(Path(name)),
    ),
    "group": _Kind(
        "the group {}",
        lambda machine, name: machine.read_group(name) is not None,
        lambda machine, name: groups.run_account_command(machine, "groupdel", name),
    ),
    "account": _Kind(
        "the system account {}",
        lambda machine, name: machine.read_account(name) is not None,
        lambda machine, name: user_accounts.remove_system_user(machine, RemoveSystemUser(name)),
    ),
    "user": _Kind("the account {} and its home", _is_user_account, _remove_user_account),
    "password": _Kind(
        "the password of {}",
        lambda machine, name: passwords.has_password(machine.path(paths.PASSWORDS_FILE), name),
        lambda machine, name: passwords.remove_password(machine.path(paths.PASSWORDS_FILE), name),
    ),
}
"""By the first word of a thing's name: `path:/etc/littlest`, `user:jupyter-olga` (the account of a hub user)."""


def is_there(machine: Machine, thing: str) -> bool:
    """Whether the machine has this thing."""
    kind, _, name = thing.partition(":")
    return _KINDS[kind].is_there(machine, name)


def remove_all(
    machine: Machine, things: Iterable[str], progress: Callable[[str], None] = lambda _line: None
) -> tuple[str, ...]:
    """Remove those of these things that are there; return a line for each that could not be removed, and why."""
    failures = []
    for thing in things:
        kind, _, name = thing.partition(":")
        words = _KINDS[kind].words.format(name)
        try:
            if not is_there(machine, thing):
                continue
            progress(f"remove {words}")
            _KINDS[kind].remove(machine, name)
            if kind == "path" and is_there(machine, thing):
                failures.append(f"{words}: something is mounted in it")
        except BrokenPipeError:
            raise  # nobody reads the progress any more
        except (LittlestError, OSError) as error:
            failures.append(f"{words}: {getattr(error, 'strerror', None) or error}")
    return tuple(failures)
