"""The accounts and groups of a machine: from its name service where it runs, else from the files of its tree."""

import grp
import os
import pwd
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from littlest.errors import LittlestError

Group = tuple[int, tuple[str, ...]]
"""The number of a group and the names of its members."""


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the account database, passwd(5)."""

    name: str
    uid: int
    gid: int
    comment: str
    home: PurePosixPath
    shell: str = ""


class AccountDatabase:
    """The accounts and groups below a root directory."""

    root: Path

    def read_accounts(self, name: str | None = None) -> tuple[Account, ...]:
        """Return every account that the machine lists; with a name only that one, also of a directory service."""
        if self.root != Path("/"):
            return tuple(account for account in self.read_local_accounts() if name in (None, account.name))
        try:
            return tuple(map(_make_account, pwd.getpwall() if name is None else [pwd.getpwnam(name)]))
        except KeyError:
            return ()

    def read_account(self, name: str) -> Account | None:
        """Return the account of this name, None when there is none."""
        return next(iter(self.read_accounts(name)), None)

    def read_account_of(self, uid: int) -> Account | None:
        """Return the account with this number, None when there is none.

        A directory service does not list its accounts, so the name service is asked for the number.
        """
        if self.root != Path("/"):
            return next((account for account in self.read_local_accounts() if account.uid == uid), None)
        try:
            return _make_account(pwd.getpwuid(uid))
        except KeyError:
            return None

    def read_local_accounts(self) -> tuple[Account, ...]:
        """Return the accounts of the machine's own file, which has all that useradd(8) made."""
        return tuple(
            Account(fields[0], int(fields[2]), int(fields[3]), fields[4], PurePosixPath(fields[5]), fields[6])
            for fields in _read_fields(self.root / "etc/passwd", 7)
        )

    def read_local_groups(self) -> dict[str, Group]:
        """Return the groups of the machine's own file, by name."""
        return {
            fields[0]: (int(fields[2]), tuple(filter(None, fields[3].split(","))))
            for fields in _read_fields(self.root / "etc/group", 4)
        }

    def read_group(self, name: str) -> Group | None:
        """Return the group of this name, None when there is none."""
        if self.root != Path("/"):
            return self.read_local_groups().get(name)
        try:
            found = grp.getgrnam(name)
        except KeyError:
            return None
        return found.gr_gid, tuple(found.gr_mem)

    def get_ids(self, owner: str | int, group: str | int) -> tuple[int, int]:
        """Return the numbers of an account and a group. Raises LittlestError when one of them does not exist."""
        uid = 0 if owner == "root" else owner
        if isinstance(uid, str):
            account = self.read_account(uid)
            if account is None:
                raise LittlestError(f"the account {owner} does not exist on this machine")
            uid = account.uid
        gid = 0 if group == "root" else group
        if isinstance(gid, str):
            found = self.read_group(gid)
            if found is None:
                raise LittlestError(f"the group {group} does not exist on this machine")
            gid = found[0]
        return uid, gid

    def can_chown(self) -> bool:
        """Whether this process can give files to others: only root can."""
        return os.geteuid() == 0


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
