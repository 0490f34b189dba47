"""Expired accounts: neither ssh nor cron lets their users in. See shadow(5)."""

from pathlib import PurePosixPath

from littlest.machine.account_database import Account
from littlest.machine.machine import Machine
from littlest.system.accounts.groups import hold_accounts_lock, run_account_command

SHADOW = PurePosixPath("/etc/shadow")
EXPIRED = "1"
"""The day, counted from 1 January 1970, on which our expired accounts ended. Nobody else sets this day."""
EXPIRY_FIELD = 7


def is_expired(machine: Machine, account: Account) -> bool:
    """Whether we expired this account."""
    return account.name in read_expired_accounts(machine)


def expire_account(machine: Machine, account: Account) -> None:
    """Expire the account, so that neither a key nor a password opens it. Raises LittlestError."""
    with hold_accounts_lock(machine):
        if not is_expired(machine, account):
            run_account_command(machine, "usermod", f"--expiredate={EXPIRED}", account.name)


def unexpire_account(machine: Machine, account: Account) -> None:
    """Remove the expiry that we set. The caller holds the accounts' lock. Raises LittlestError."""
    if is_expired(machine, account):
        run_account_command(machine, "usermod", "--expiredate=", account.name)


def read_expired_accounts(machine: Machine) -> frozenset[str]:
    """Return the names of all accounts that we expired."""
    lines = (line.split(":") for line in (machine.read_text(SHADOW) or "").splitlines())
    return frozenset(fields[0] for fields in lines if len(fields) > EXPIRY_FIELD and fields[EXPIRY_FIELD] == EXPIRED)
