"""Accounts and groups as a machine knows them: by its name service where it runs, else by its files."""

import grp
import pwd
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the account database."""

    name: str
    uid: int
    gid: int
    comment: str
    home: PurePosixPath


def read_accounts(root: Path, name: str | None = None) -> tuple[Account, ...]:
    """Every account, or only the one of this name (which then may come from a directory service as well)."""
    if root == Path("/"):
        try:
            found = pwd.getpwall() if name is None else [pwd.getpwnam(name)]
        except KeyError:
            return ()
        return tuple(Account(a.pw_name, a.pw_uid, a.pw_gid, a.pw_gecos, PurePosixPath(a.pw_dir)) for a in found)
    return tuple(
        Account(fields[0], int(fields[2]), int(fields[3]), fields[4], PurePosixPath(fields[5]))
        for fields in _read_fields(root / "etc/passwd", 7)
        if name in (None, fields[0])
    )


def read_account_of(root: Path, uid: int) -> Account | None:
    """The account with this number, None when there is none.

    Where the machine runs its name service is asked for the number: directory services do not list their accounts.
    """
    if root == Path("/"):
        try:
            found = pwd.getpwuid(uid)
        except KeyError:
            return None
        return Account(found.pw_name, found.pw_uid, found.pw_gid, found.pw_gecos, PurePosixPath(found.pw_dir))
    return next((account for account in read_accounts(root) if account.uid == uid), None)


def read_group(root: Path, name: str) -> tuple[int, tuple[str, ...]] | None:
    """Number and members of a group, None when there is none."""
    if root == Path("/"):
        try:
            found = grp.getgrnam(name)
        except KeyError:
            return None
        return found.gr_gid, tuple(found.gr_mem)
    for fields in _read_fields(root / "etc/group", 4):
        if fields[0] == name:
            return int(fields[2]), tuple(filter(None, fields[3].split(",")))
    return None


def _read_fields(file: Path, count: int) -> list[list[str]]:
    try:
        lines = (line.split(":") for line in file.read_text().splitlines())
    except FileNotFoundError:
        return []
    return [fields for fields in lines if len(fields) == count]
