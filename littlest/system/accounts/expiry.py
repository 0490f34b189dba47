"""Shutting the accounts of users who may not come in, so that neither ssh nor cron lets them in; see shadow(5)."""

from pathlib import PurePosixPath

from littlest.machine.account_database import Account
from littlest.machine.machine import Machine
from littlest.system.accounts.groups import hold_accounts_lock, run_account_command

SHADOW = PurePosixPath("/etc/shadow")
EXPIRED = "1"
"""The day after which a shut account cannot be used, counted from 1 January 1970. Nobody else gives such a day."""
EXPIRY_FIELD = 7


def is_shut(machine: Machine, account: Account) -> bool:
    """Whether we shut this account."""
    return account.name in read_shut_accounts(machine)


def shut_account(machine: Machine, account: Account) -> None:
    """Let nobody come in by this account any more, whatever key or password they have. Raises LittlestError."""
    with hold_accounts_lock(machine):
        if not is_shut(machine, account):
            run_account_command(machine, "usermod", f"--expiredate={EXPIRED}", account.name)


def open_account(machine: Machine, account: Account) -> None:
    """Open an account that we shut. The caller holds the accounts' lock. Raises LittlestError."""
    if is_shut(machine, account):
        run_account_command(machine, "usermod", "--expiredate=", account.name)


def read_shut_accounts(machine: Machine) -> frozenset[str]:
    """The names of all accounts that we shut."""
    lines = (line.split(":") for line in (machine.read_text(SHADOW) or "").splitlines())
    return frozenset(fields[0] for fields in lines if len(fields) > EXPIRY_FIELD and fields[EXPIRY_FIELD] == EXPIRED)
