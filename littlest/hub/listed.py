"""Whom config.yaml named at the hub's last start, so that taking a name out of it takes the rights away.

JupyterHub by itself only ever adds: an admin stays one in its database, and so does whoever may log in.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from littlest import paths
from littlest.config.model import Users

LISTED_USERS_FILE = Path(paths.STATE_DIR) / "listed-users.json"


@dataclass(frozen=True, slots=True)
class ListedUsers:
    """What the hub remembers of config.yaml's users."""

    allowed: frozenset[str] = frozenset()
    admin: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    """Named once and no longer: may not log in, though the hub's database has them."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Whose rights end at this start."""

    no_longer_admin: frozenset[str]
    not_allowed: frozenset[str]
    """May not log in, at this start and before."""
    just_removed: frozenset[str]
    """Named until now."""


def compare_users(before: ListedUsers, users: Users) -> tuple[ListedUsers, Removal]:
    """What to remember from now on, and what changes. Pure.

    Users whom an admin added in the hub's admin panel were never named, so they stay.
    """
    allowed, admin = frozenset(users.allowed), frozenset(users.admin)
    just_removed = (before.allowed | before.admin) - (allowed | admin)
    removed = (before.removed - (allowed | admin)) | just_removed
    return ListedUsers(allowed, admin, removed), Removal(before.admin - admin, removed, just_removed)


def read_listed_users(file: Path = LISTED_USERS_FILE) -> ListedUsers:
    """What the hub remembers; nothing where the file is missing or unreadable."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return ListedUsers(*(frozenset(_check_names(found[name])) for name in ("allowed", "admin", "removed")))
    except (OSError, ValueError, KeyError, TypeError):
        return ListedUsers()


def forget_listed_user(name: str, file: Path = LISTED_USERS_FILE) -> None:
    """Somebody who is removed in the admin panel may be added there again."""
    listed = read_listed_users(file)
    write_listed_users(ListedUsers(listed.allowed - {name}, listed.admin - {name}, listed.removed - {name}), file)


def write_listed_users(listed: ListedUsers, file: Path = LISTED_USERS_FILE) -> None:
    """Remember, replacing the file by a rename."""
    temporary = file.with_name(file.name + ".new")
    content = {name: sorted(getattr(listed, name)) for name in ("allowed", "admin", "removed")}
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream, ensure_ascii=False)
        stream.flush()
        os.fsync(descriptor)
    temporary.replace(file)


def _check_names(names: Iterable[object]) -> list[str]:
    return [name for name in names if isinstance(name, str)]
