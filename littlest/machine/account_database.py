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
    shell: str = ""


def read_accounts(root: Path, name: str | None = None) -> tuple[Account, ...]:
    """Every account, or only the one of this name (which then may come from a directory service as well)."""
    if root == Path("/"):
        try:
            found = pwd.getpwall() if name is None else [pwd.getpwnam(name)]
        except KeyError:
            return ()
        return tuple(map(_make_account, found))
    return tuple(account for account in read_local_accounts(root) if name in (None, account.name))


def read_local_accounts(root: Path) -> tuple[Account, ...]:
    """The accounts that are in the machine's own file, where each is that useradd(8) made."""
    return tuple(
        Account(fields[0], int(fields[2]), int(fields[3]), fields[4], PurePosixPath(fields[5]), fields[6])
        for fields in _read_fields(root / "etc/passwd", 7)
    )


def read_local_groups(root: Path) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Number and members of each group that is in the machine's own file."""
    return {
        fields[0]: (int(fields[2]), tuple(filter(None, fields[3].split(","))))
        for fields in _read_fields(root / "etc/group", 4)
    }


def read_account_of(root: Path, uid: int) -> Account | None:
    """The account with this number, None when there is none.

    Where the machine runs its name service is asked for the number: directory services do not list their accounts.
    """
    if root == Path("/"):
        try:
            found = pwd.getpwuid(uid)
        except KeyError:
            return None
        return _make_account(found)
    return next((account for account in read_accounts(root) if account.uid == uid), None)


def read_group(root: Path, name: str) -> tuple[int, tuple[str, ...]] | None:
    """Number and members of a group, None when there is none."""
    if root == Path("/"):
        try:
            found = grp.getgrnam(name)
        except KeyError:
            return None
        return found.gr_gid, tuple(found.gr_mem)
    return read_local_groups(root).get(name)


def _make_account(found: pwd.struct_passwd) -> Account:
    home = PurePosixPath(found.pw_dir)
    return Account(found.pw_name, found.pw_uid, found.pw_gid, found.pw_gecos, home, found.pw_shell)


def _read_fields(file: Path, count: int) -> list[list[str]]:
    try:
        lines = (line.split(":") for line in file.read_text(errors="surrogateescape").splitlines())
    except FileNotFoundError:
        return []
    # a line of NIS (+::::::) has no number
    return [fields for fields in lines if len(fields) == count and fields[2].isdecimal()]
