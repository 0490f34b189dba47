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
from littlest.plan.shared_folders import Sharing, find_folder_losers, make_sharing

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
    folders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The places of shared folders, each with the groups that see it; none for every user."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Whose rights end now."""

    no_longer_admin: frozenset[str]
    not_allowed: frozenset[str]
    """May not log in, from now on or since before."""
    just_removed: frozenset[str]
    """Named until now."""
    left: frozenset[str]
    """Users who can no longer get at a folder."""
    groups: frozenset[str]
    """Groups that are none any more."""


def compare_users(before: ListedUsers, config: Config, known: Iterable[str] = ()) -> tuple[ListedUsers, Removal]:
    """What to remember from now on, and what changes. Pure.

    `known` are the users of the hub who are no admins: what is taken from everybody is taken from them.
    Users whom an admin added in the hub's admin panel were never named, so they stay.
    """
    users = config.users
    allowed, admin = frozenset(users.allowed), frozenset(users.admin)
    just_removed = (before.allowed | before.admin) - (allowed | admin)
    removed = (before.removed - (allowed | admin)) | just_removed
    sharing = make_sharing(config)
    now = ListedUsers(allowed, admin, removed, sharing.groups, sharing.folders)
    left = find_folder_losers(Sharing(before.folders, before.groups), sharing, known) - admin
    removal = Removal(
        before.admin - admin,
        removed,
        just_removed,
        left,
        frozenset(before.groups) - frozenset(sharing.groups),
    )
    return now, removal


def keep_unfinished(before: ListedUsers, now: ListedUsers) -> ListedUsers:
    """What to remember when something could not be taken away: the next comparison finds it again. Pure."""
    groups = {
        name: before.groups.get(name, frozenset()) | now.groups.get(name, frozenset())
        for name in (*before.groups, *now.groups)
    }
    folders = {**now.folders, **before.folders}
    for place in before.folders.keys() & now.folders.keys():
        # of a folder that every user sees, no group is named
        seen = (before.folders[place], now.folders[place])
        folders[place] = frozenset().union(*seen) if all(seen) else frozenset()
    return ListedUsers(before.allowed | now.allowed, before.admin | now.admin, now.removed, groups, folders)


def read_listed_users(file: Path = LISTED_USERS_FILE) -> ListedUsers | None:
    """What the hub remembers; nothing where there is no file yet, and None where it is damaged.

    A damaged one says nothing of who was taken out, and those in the hub's database who were not are not to be told
    from them.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        allowed, admin, removed = (_check_names(found[name]) for name in ("allowed", "admin", "removed"))
        # earlier versions knew neither groups nor folders
        groups, folders = (
            {str(name): _check_names(names) for name, names in found.get(key, {}).items()}
            for key in ("groups", "folders")
        )
        return ListedUsers(allowed, admin, removed, groups, folders)
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
        **{name: sorted(getattr(listed, name)) for name in ("allowed", "admin", "removed")},
        "groups": {name: sorted(members) for name, members in listed.groups.items()},
        "folders": {place: sorted(groups) for place, groups in listed.folders.items()},
    }
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream, ensure_ascii=False)
        stream.flush()
        os.fsync(descriptor)
    temporary.replace(file)


def _check_names(names: Iterable[object]) -> frozenset[str]:
    return frozenset(name for name in names if isinstance(name, str))
