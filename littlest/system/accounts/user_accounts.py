"""The proxy's account, and one Unix account for each hub user."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.users import Users
from littlest.errors import LittlestError
from littlest.machine.account_database import Account
from littlest.machine.machine import Machine, PathKind
from littlest.plan.account_names import (
    COMMENT_MARK,
    OUR_PREFIX,
    is_for_existing_accounts,
    is_name_of_an_account,
    list_unix_groups,
    make_account_name,
    make_comment,
    make_digested_account_name,
    may_use_sudo,
)
from littlest.plan.steps import EnsureSystemUser, RemoveSystemUser
from littlest.plan.system_logins import is_hub_only
from littlest.system.accounts.expiry import is_expired, unexpire_account
from littlest.system.accounts.groups import hold_accounts_lock, is_in_groups, run_account_command, set_groups
from littlest.system.accounts.homes import HOME_MODE, check_homes, make_home

FIRST_UID = 1000
"""Of people's accounts; the system's have smaller ones."""
SERVICE_UIDS = range(61184, 65536)
"""Of accounts that systemd gives to running services (DynamicUser= of systemd.exec(5)), and of nobody."""
DEFAULT_SHELL = "/bin/bash"
POWERFUL_GROUPS = frozenset(
    {
        *("admin", "disk", "docker", "google-sudoers", "incus-admin", "kmem", "libvirt", "lxd", "microk8s", "root"),
        *("shadow", "sudo", "wheel"),
    }
)
"""Groups whose members can become root, without that of the hub's own admins, whose members the settings decide."""


@dataclass(frozen=True, slots=True)
class UserAccount:
    """The Unix account of a hub user."""

    name: str
    uid: int
    gid: int
    home: PurePosixPath
    shell: str = DEFAULT_SHELL
    has_own_group: bool = True
    """Whether nobody else is in its group."""


def is_system_user_there(machine: Machine, step: EnsureSystemUser) -> bool:
    """Whether the account and its group exist."""
    return machine.read_account(step.name) is not None and machine.read_group(step.name) is not None


def ensure_system_user(machine: Machine, step: EnsureSystemUser) -> None:
    """Create the account, without a home of its own and without a login."""
    options = ("--system", "--user-group", "--no-create-home", "--shell=/usr/sbin/nologin")
    own = (f"--home-dir={step.home}", f"--comment={step.comment}", step.name)
    run_account_command(machine, "useradd", *options, *own)


def remove_system_user(machine: Machine, step: RemoveSystemUser) -> None:
    """Remove the account and its group; userdel(8) keeps the home."""
    run_account_command(machine, "userdel", step.name)


def ensure_user_account(machine: Machine, config: Config, user: str, *, admin: bool) -> UserAccount:
    """Return the Unix account of this hub user, which is created if it is missing, and set its groups of ours.

    Any number of threads and processes may call this at once. Raises LittlestError when no hub user may have the
    account of that name, when it was made for another one, when it can become root and the settings name no such
    admin, or when the home belongs to somebody else.
    """
    account = find_user_account(machine, config.users.unix_name, user)
    # the usual case, a user who comes back, neither waits nor runs a command
    if account is None or not _is_ready(machine, account, _list_groups(config, user, account, admin=admin)):
        with hold_accounts_lock(machine):
            account = find_user_account(machine, config.users.unix_name, user)
            if account is None:
                account = _add_user(machine, config.users, user)
            elif machine.read_state(account.home) is None:
                # a teacher removed it, to let a student start over
                make_home(machine, account)
            _check_power(machine, config, account)
            set_groups(machine, account.name, _list_groups(config, user, account, admin=admin))
            # the user may log in again
            unexpire_account(machine, account)
    _check_power(machine, config, account)
    return _make_user_account(machine, account)


def _list_groups(config: Config, user: str, account: Account, *, admin: bool) -> tuple[str, ...]:
    sudo = may_use_sudo(config, user, admin=admin)
    closed = is_hub_only(config, made_by_us=is_made_by_us(account), sudo=sudo)
    return (*list_unix_groups(config, user, admin=admin), *((paths.HUB_ONLY_GROUP,) if closed else ()))


def _is_ready(machine: Machine, account: Account, groups: tuple[str, ...]) -> bool:
    has_home = machine.read_state(account.home) is not None
    return has_home and is_in_groups(machine, account.name, groups) and not is_expired(machine, account)


def find_user_account(machine: Machine, unix_name: str, user: str) -> Account | None:
    """Return the account of a hub user: the one that was made for them, under any name, else (where the template
    `unix_name` says so) the machine's own of that name. None when it does not exist yet.

    Raises LittlestError when the machine's own is not a person's.
    """
    # the name is quick to look up, the comment is not
    found = machine.read_account(make_account_name(user, unix_name))
    if found is None or found.comment != make_comment(user):
        found = find_account_made_for(machine, user)
    if found is None and is_for_existing_accounts(unix_name) and is_name_of_an_account(user):
        found = machine.read_account(user)
        if found is not None and is_made_by_us(found):
            return None  # for another hub user, who keeps it
    if found is not None:
        _check_person(found, user)
    return found


def find_account_made_for(machine: Machine, user: str) -> Account | None:
    """Return the account that was made for this hub user, whatever `users.unix_name` was then."""
    return next((one for one in find_user_accounts(machine) if one.comment == make_comment(user)), None)


def find_user_accounts(machine: Machine) -> tuple[Account, ...]:
    """Return every account that was made for a hub user, without those that were there before."""
    return tuple(filter(is_made_by_us, machine.read_local_accounts()))


def is_made_by_us(account: Account) -> bool:
    """Whether the account was made for a hub user."""
    return account.comment.startswith(COMMENT_MARK) and account.uid >= FIRST_UID


def remove_user_account(machine: Machine, account: Account) -> None:
    """Remove a hub user's account, their processes, and the home, if it is the one that we made."""
    if machine.is_live:
        machine.run(["systemctl", "stop", f"user-{account.uid}.slice"], check=False)
    home = machine.read_state(account.home)
    run_account_command(machine, "userdel", account.name)
    if home is not None and home.uid == account.uid and account.home.name == account.name:
        machine.remove_tree(account.home)


def _check_person(account: Account, user: str) -> None:
    advice = 'Give this person another user name, or set users.unix_name to "jupyter-{name}".'
    if account.uid < FIRST_UID or account.uid in SERVICE_UIDS or account.name.startswith(OUR_PREFIX):
        raise LittlestError(f"the account {account.name} is a system account", advice)
    if account.name != user and not is_made_by_us(account):
        # a directory service may know an account by several names, and two hub users would share it
        message = f"the account {user} is called {account.name} on this machine; log in with that name"
        raise LittlestError(message, advice)


def _check_power(machine: Machine, config: Config, account: Account) -> None:
    """Raises LittlestError for an account that was there before and can become root, unless its user is an admin."""
    if is_made_by_us(account) or account.name in config.users.admin:
        return
    found = machine.read_local_groups().items()
    given = [name for name, (gid, members) in found if account.name in members or gid == account.gid]
    power = next((name for name in given if name in POWERFUL_GROUPS), None)
    if power:
        raise LittlestError(
            f"the account {account.name} is in the group {power}, so anyone who uses it can become root",
            f"If this person is to be an admin, name {account.name} under users.admin. Otherwise remove the account"
            f" from the group (sudo gpasswd --delete {account.name} {power}).",
        )


def _add_user(machine: Machine, users: Users, user: str) -> Account:
    name = _choose_account_name(machine, users.unix_name, user)
    homes = PurePosixPath(users.homes)
    check_homes(machine, homes)
    home = homes / name
    kept = machine.read_state(home)
    number: tuple[str, ...] = ()
    if kept is not None:
        owner = machine.read_account_of(kept.uid)
        if owner is not None or kept.kind is not PathKind.DIRECTORY or kept.uid < FIRST_UID:
            raise LittlestError(
                f"{home} exists already and belongs to {owner.name if owner else 'nobody we know'}",
                f"Move it away (sudo mv {home} {home}.old), then start the server again.",
            )
        # an earlier account of this name left its files: with its number they belong to the new one
        number = (f"--uid={kept.uid}",)
    options = ("--create-home", "--user-group", f"--shell={DEFAULT_SHELL}", f"--key=HOME_MODE={HOME_MODE:04o}")
    own = (*number, f"--home-dir={home}", f"--comment={make_comment(user)}", name)
    run_account_command(machine, "useradd", *options, *own)
    account = machine.read_account(name)
    if account is None:
        raise LittlestError(f"the account {name} was created but cannot be found")
    machine.make_directory(home, mode=HOME_MODE, owner=name, group=name)
    return account


def _choose_account_name(machine: Machine, unix_name: str, user: str) -> str:
    """Return the first name that is free. Raises LittlestError when somebody else made an account of that name."""
    plain = make_account_name(user, unix_name)
    for name in (plain, make_digested_account_name(user, unix_name)):
        account = machine.read_account(name)
        if account is None and machine.read_group(name) is None:
            return name
        if account is not None and not is_made_by_us(account):
            raise LittlestError(
                f"the account {name} exists already and was not made for the hub user {user!r}",
                f"If it belongs to this user: sudo usermod --comment '{make_comment(user)}' {name}",
            )
    raise LittlestError(
        f"no account can be made for the hub user {user!r}: there is a group {plain} already",
        f"Rename that group (sudo groupmod --new-name NAME {plain}), or give this person another user name.",
    )


def _make_user_account(machine: Machine, account: Account) -> UserAccount:
    group = machine.read_local_groups().get(account.name)
    own = group is not None and group[0] == account.gid and not set(group[1]) - {account.name}
    shell = account.shell if account.shell and not account.shell.endswith(("/nologin", "/false")) else DEFAULT_SHELL
    return UserAccount(account.name, account.uid, account.gid, account.home, shell, own)
