"""The users whom config.yaml named before, so that taking a name out of it also takes the rights away.

JupyterHub by itself only adds rights: its database keeps admins as admins, and keeps users who may log in.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from littlest import paths
from littlest.config.model import Config
from littlest.machine.machine import Machine
from littlest.plan.shared_folders import Sharing, find_users_losing_folders, make_sharing

NAMES = ("allowed", "admin", "removed")
"""The fields of ListedUsers that hold the names of users."""


@dataclass(frozen=True, slots=True)
class ListedUsers:
    """What the hub remembers of the users in config.yaml."""

    allowed: frozenset[str] = frozenset()
    admin: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    """Users who were named before and no longer are: they may not log in, though the hub's database has them."""
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The members of each group."""
    folders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The paths of shared folders, each with the groups that see it; no group means every user."""


@dataclass(frozen=True, slots=True)
class Removal:
    """The users whose rights end now."""

    no_longer_admin: frozenset[str]
    not_allowed: frozenset[str]
    """Users who may not log in, from now on or from before."""
    just_removed: frozenset[str]
    """Users who were named until now."""
    left: frozenset[str]
    """Users who lose access to a shared folder."""
    groups: frozenset[str]
    """Groups that no longer exist."""


def compare_users(before: ListedUsers, config: Config, known: Iterable[str] = ()) -> tuple[ListedUsers, Removal]:
    """Return the users to remember from now on, and the rights that end. Pure.

    `known` are the users of the hub who are not admins: they lose what every user loses. Users whom an admin added
    in the admin panel were never named, so they stay.
    """
    users = config.users
    allowed, admin = frozenset(users.allowed), frozenset(users.admin)
    just_removed = (before.allowed | before.admin) - (allowed | admin)
    removed = (before.removed - (allowed | admin)) | just_removed
    sharing = make_sharing(config)
    now = ListedUsers(allowed, admin, removed, sharing.groups, sharing.folders)
    left = find_users_losing_folders(Sharing(before.folders, before.groups), sharing, known) - admin
    gone = frozenset(before.groups) - frozenset(sharing.groups)
    return now, Removal(before.admin - admin, removed, just_removed, left, gone)


def keep_unfinished(before: ListedUsers, now: ListedUsers) -> ListedUsers:
    """Return the users to remember when a right could not be taken away: the next comparison finds it. Pure."""
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


def read_listed_users(machine: Machine) -> ListedUsers | None:
    """Return the users whom the hub remembers: none when there is no file yet, None when the file is damaged.

    A damaged file no longer tells which users of the hub's database were taken out of the settings.
    """
    try:
        text = machine.read_text(paths.LISTED_USERS_FILE)
        if text is None:
            return ListedUsers()
        found = json.loads(text)
        allowed, admin, removed = (_check_names(found[name]) for name in NAMES)
        # earlier versions knew neither groups nor folders
        groups, folders = (
            {str(name): _check_names(names) for name, names in found.get(key, {}).items()}
            for key in ("groups", "folders")
        )
        return ListedUsers(allowed, admin, removed, groups, folders)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def forget_listed_user(machine: Machine, name: str, kinds: Iterable[str] = NAMES) -> None:
    """Forget a user who was let in again in another way than by the settings; of these kinds, else of all.

    Raises OSError when the file cannot be written.
    """
    listed = read_listed_users(machine)
    if listed is not None:
        write_listed_users(machine, replace(listed, **{kind: getattr(listed, kind) - {name} for kind in kinds}))


def write_listed_users(machine: Machine, listed: ListedUsers) -> None:
    """Remember these users for the next comparison. Raises OSError when the file cannot be written."""
    content = {
        **{name: sorted(getattr(listed, name)) for name in NAMES},
        "groups": {name: sorted(members) for name, members in listed.groups.items()},
        "folders": {place: sorted(groups) for place, groups in listed.folders.items()},
    }
    machine.write_file(paths.LISTED_USERS_FILE, json.dumps(content, ensure_ascii=False), mode=0o600)


def _check_names(names: Iterable[object]) -> frozenset[str]:
    return frozenset(name for name in names if isinstance(name, str))
