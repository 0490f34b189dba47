"""The folders that several users share: who may do what in which, and which links each home has. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.model import Config
from littlest.config.resolve import list_groups_of
from littlest.plan.account_names import make_group_name
from littlest.plan.steps import EnsureSharedFolder


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of `shared_folders`, or one that a group of `users.groups` has."""

    name: str
    path: Path
    groups: tuple[str, ...]
    """Groups of `users.groups` that see it; none for every user."""
    is_writable: bool
    is_linked: bool
    keeps_rights: bool = False


def list_folders(config: Config) -> tuple[Folder, ...]:
    """Return every folder that the settings name."""
    named = (
        Folder(
            name,
            Path(folder.path or paths.SHARED_DIR / name),
            folder.groups,
            folder.writable,
            folder.link,
            folder.keep_rights,
        )
        for name, folder in config.shared_folders.items()
    )
    of_groups = (
        Folder(name, paths.SHARED_DIR / name, (name,), is_writable=True, is_linked=True)
        for name, group in config.users.groups.items()
        if group.shared_folder
    )
    return (*named, *of_groups)


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who can reach which folder."""

    folders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Path of each folder and the groups that see it; none for every user."""
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The members of each group."""

    def find_folders_of(self, user: str) -> frozenset[str]:
        """Return the paths of the folders that the user can reach without being an admin."""
        own = {name for name, members in self.groups.items() if user in members}
        return frozenset(place for place, groups in self.folders.items() if not groups or not own.isdisjoint(groups))


def make_sharing(config: Config) -> Sharing:
    """Return who can reach which folder by these settings."""
    folders = {str(folder.path): frozenset(folder.groups) for folder in list_folders(config)}
    return Sharing(folders, {name: frozenset(group.members) for name, group in config.users.groups.items()})


def find_users_losing_folders(before: Sharing, now: Sharing, users: Iterable[str]) -> frozenset[str]:
    """Return those of these users, and of the members of groups, who can no longer reach a folder."""
    concerned = frozenset(users).union(*before.groups.values())
    return frozenset(user for user in concerned if before.find_folders_of(user) - now.find_folders_of(user))


def list_links(config: Config, user: str, *, admin: bool) -> dict[str, Path]:
    """Return the links in a user's home: name and folder. An admin sees every folder."""
    groups = set(list_groups_of(config, user))
    return {
        folder.name: folder.path
        for folder in list_folders(config)
        if folder.is_linked and (admin or not folder.groups or groups.intersection(folder.groups))
    }


def make_folder_steps(config: Config) -> tuple[EnsureSharedFolder, ...]:
    """Return the step for every shared folder. None is ever removed: not by new settings, not by uninstalling."""
    steps = []
    for folder in list_folders(config):
        members = tuple(make_group_name(group) for group in folder.groups) or (paths.USERS_GROUP,)
        writers, readers = (members, ()) if folder.is_writable else ((), members)
        steps.append(
            EnsureSharedFolder(folder.path, (*writers, paths.ADMINS_GROUP), readers, keeps_rights=folder.keeps_rights)
        )
    return tuple(steps)
