"""Folders that several users see: their settings, and which places they cannot have."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from littlest.config.sections.kinds import SharedPath
from littlest.config.sections.section import Conflict, Section, Words
from littlest.config.sections.users import Group
from littlest.paths import SHARED_DIR


class SharedFolder(Section):
    """A folder that several users see."""

    needs: ClassVar = {"keep_rights": "writable"}

    path: Annotated[SharedPath | None, Field(examples=["/srv/data"])] = None
    """Where it is; null for a folder of its name in /srv/littlest."""
    writable: bool = False
    """Whether its users may put files into it and change each other's; otherwise only admins may."""
    groups: Annotated[Words, Field(examples=[["biology"]])] = ()
    """Groups of `users.groups` that see it; empty for every user."""
    keep_rights: bool = False
    """Whether everything in it keeps the rights that its program gave it, as an exchange of nbgrader needs; otherwise
    the folder's rights count."""
    link: bool = True
    """Whether each user's home gets a link to it, under its name."""


def list_folder_conflicts(
    folders: Mapping[str, SharedFolder], groups: Mapping[str, Group], homes: str
) -> Iterator[Conflict]:
    """Yield what shared folders, groups and homes say against each other, with their keys."""
    for name, folder in folders.items():
        for index, wanted in enumerate(folder.groups):
            if wanted not in groups:
                at = ("shared_folders", name, "groups", index)
                yield at, f"{wanted} is not a group of users.groups", None
        for one, other in folder.list_unmet():
            yield ("shared_folders", name, one), f"needs shared_folders.{name}.{other} as well", None
        if folder.keep_rights and folder.groups:
            problem = "a folder in which everything keeps its own rights is open to every user; remove groups"
            yield ("shared_folders", name, "groups"), problem, None
    yield from _list_path_conflicts(folders, groups, homes)
    for name, group in groups.items():
        if group.shared_folder and name in folders:
            problem = f"shared_folders has a {name} already; keep one of the two"
            yield ("users", "groups", name, "shared_folder"), problem, None


def _list_path_conflicts(
    folders: Mapping[str, SharedFolder], groups: Mapping[str, Group], homes: str
) -> Iterator[Conflict]:
    owners = {f"{SHARED_DIR}/{name}": name for name, group in groups.items() if group.shared_folder}
    for name, folder in folders.items():
        path = folder.path or f"{SHARED_DIR}/{name}"
        # who may write into the outer one of two could put another folder in the place of the inner one
        nested = [place for place in owners if f"{path}/".startswith(f"{place}/") or place.startswith(f"{path}/")]
        if nested and owners[nested[0]] != name:
            relation = "is" if path in owners else "is inside, or around,"
            problem = f"{path} {relation} the place of {owners[nested[0]]}; choose another"
            yield ("shared_folders", name, "path"), problem, None
        owners[path] = name
    # homes are safe only where nobody but root can replace one
    around = next((name for place, name in owners.items() if f"{homes}/".startswith(f"{place}/")), None)
    if around is not None:
        yield ("users", "homes"), f"{homes} is, or is inside, the shared folder {around}; choose another place", None
