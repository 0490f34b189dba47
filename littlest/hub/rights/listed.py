"""Whom config.yaml named before, so that taking a name out of it takes the rights away.

JupyterHub by itself only ever adds: an admin stays one in its database, and so does whoever may log in.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from littlest import paths
from littlest.config.model import Config
from littlest.config.resolve import find_giving_groups

LISTED_USERS_FILE = Path(paths.STATE_DIR) / "listed-users.json"


@dataclass(frozen=True, slots=True)
class ListedUsers:
    """What the hub remembers of config.yaml's users."""

    allowed: frozenset[str] = frozenset()
    admin: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    """Named once and no longer: may not log in, though the hub's database has them."""
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The members of each group."""
    giving: frozenset[str] = frozenset()
    """Those of the groups whose members get at a folder by them."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Whose rights end now."""

    no_longer_admin: frozenset[str]
    not_allowed: frozenset[str]
    """May not log in, from now on or since before."""
    just_removed: frozenset[str]
    """Named until now."""
    left: frozenset[str]
    """Users who can no longer get at a folder that a group gave them."""
    groups: frozenset[str]
    """Groups that are none any more."""


def compare_users(before: ListedUsers, config: Config) -> tuple[ListedUsers, Removal]:
    """What to remember from now on, and what changes. Pure.

    Users whom an admin added in the hub's admin panel were never named, so they stay.
    """
    users = config.users
    allowed, admin = frozenset(users.allowed), frozenset(users.admin)
    just_removed = (before.allowed | before.admin) - (allowed | admin)
    removed = (before.removed - (allowed | admin)) | just_removed
    groups = {name: frozenset(group.members) for name, group in users.groups.items()}
    now = ListedUsers(allowed, admin, removed, groups, find_giving_groups(config))
    left = _find_given(before) - _find_given(now)
    removal = Removal(
        before.admin - admin,
        removed,
        just_removed,
        frozenset(user for user, _group in left),
        frozenset(before.groups) - frozenset(groups),
    )
    return now, removal


def keep_unfinished(before: ListedUsers, now: ListedUsers) -> ListedUsers:
    """What to remember when something could not be taken away: the next comparison finds it again. Pure."""
    groups = {
        name: before.groups.get(name, frozenset()) | now.groups.get(name, frozenset())
        for name in (*before.groups, *now.groups)
    }
    return ListedUsers(
        before.allowed | now.allowed, before.admin | now.admin, now.removed, groups, before.giving | now.giving
    )


def read_listed_users(file: Path = LISTED_USERS_FILE) -> ListedUsers | None:
    """What the hub remembers; nothing where there is no file yet, and None where it is damaged.

    A damaged one says nothing of who was taken out, and those in the hub's database who were not are not to be told
    from them.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        allowed, admin, removed = (_check_names(found[name]) for name in ("allowed", "admin", "removed"))
        # earlier versions knew no groups
        groups = {str(name): _check_names(members) for name, members in found.get("groups", {}).items()}
        return ListedUsers(allowed, admin, removed, groups, _check_names(found.get("giving", ())))
    except FileNotFoundError:
        return ListedUsers()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def forget_listed_user(name: str, file: Path = LISTED_USERS_FILE) -> None:
    """Somebody who is removed in the admin panel may be added there again."""
    listed = read_listed_users(file)
    if listed is not None:
        kept = {key: getattr(listed, key) - {name} for key in ("allowed", "admin", "removed")}
        write_listed_users(replace(listed, **kept), file)


def forget_removal(name: str, file: Path = LISTED_USERS_FILE) -> None:
    """Somebody who was taken out of the settings was let in anew, in another way."""
    listed = read_listed_users(file)
    if listed is not None and name in listed.removed:
        write_listed_users(replace(listed, removed=listed.removed - {name}), file)


def write_listed_users(listed: ListedUsers, file: Path = LISTED_USERS_FILE) -> None:
    """Remember, replacing the file by a rename."""
    temporary = file.with_name(file.name + ".new")
    content = {
        **{name: sorted(getattr(listed, name)) for name in ("allowed", "admin", "removed", "giving")},
        "groups": {name: sorted(members) for name, members in listed.groups.items()},
    }
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream, ensure_ascii=False)
        stream.flush()
        os.fsync(descriptor)
    temporary.replace(file)


def _find_given(listed: ListedUsers) -> frozenset[tuple[str, str]]:
    return frozenset((user, name) for name in listed.giving for user in listed.groups.get(name, ()))


def _check_names(names: Iterable[object]) -> frozenset[str]:
    return frozenset(name for name in names if isinstance(name, str))
