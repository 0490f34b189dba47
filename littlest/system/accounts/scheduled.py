"""What runs as a user without the user: crontabs, and jobs of at(1)."""

from pathlib import PurePosixPath

from littlest.machine.account_database import Account
from littlest.machine.machine import Machine, PathKind

CRONTABS = (PurePosixPath("/var/spool/cron/crontabs"), PurePosixPath("/var/spool/cron"))
"""Where Debian and Ubuntu have them, and where others do; each file has its account's name."""
AT_JOBS = (PurePosixPath("/var/spool/cron/atjobs"), PurePosixPath("/var/spool/at"))
"""Likewise; each file belongs to its account."""


def remove_scheduled(machine: Machine, account: Account) -> None:
    """Remove the account's crontab and its waiting jobs; cron(8) and atd(8) notice that at once."""
    jobs = [folder / name for folder in AT_JOBS for name in machine.list_directory(folder)]
    for file in (*(folder / account.name for folder in CRONTABS), *jobs):
        state = machine.read_state(file)
        if state is not None and state.kind is PathKind.FILE and (file not in jobs or state.uid == account.uid):
            machine.remove(file)
