"""Whether the folders that the settings name can hold users' files on this machine."""

from pathlib import PurePosixPath as Path

from littlest.config.sections.users import Users
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.machine.machine import Machine, PathKind
from littlest.plan.shared_folders import list_folders
from littlest.system.accounts.homes import find_folder_problem
from littlest.system.folders.folder_rights import find_shared_folder_problem


def find_place_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """Return why homes cannot be made, or shared folders cannot have their rights."""
    problems = []
    homes = Path(loaded.config.users.homes)
    # the default is there on every machine
    if str(homes) != Users.model_fields["homes"].default:
        problem = find_folder_problem(machine, homes)
        if problem is None and machine.read_state(homes) is None:
            problem = "does not exist"
        problem = problem or _find_inaccessible_parent(machine, homes)
        if problem is not None:
            hint = f"mount its disk, or make it: sudo mkdir {homes}" if problem == "does not exist" else None
            problems.append(loaded.make_problem(("users", "homes"), f"{homes} {problem}", hint))
    for folder in list_folders(loaded.config):
        problem = find_shared_folder_problem(machine, folder.path)
        problem = problem or _find_inaccessible_parent(machine, folder.path.parent)
        if problem is not None:
            place: tuple[str, ...] = ("shared_folders", folder.name, "path")
            if folder.name not in loaded.config.shared_folders:
                place = ("users", "groups", folder.name, "shared_folder")
            problems.append(loaded.make_problem(place, f"{folder.path} {problem}", None))
    return tuple(problems)


def _find_inaccessible_parent(machine: Machine, folder: Path) -> str | None:
    """Return which parent only root may enter, such as a former shared folder; None when there is none."""
    for path in (folder, *folder.parents[:-1]):
        state = machine.read_state(path)
        if state is not None and state.kind is PathKind.DIRECTORY and state.uid == 0 and state.mode & 0o011 == 0:
            return f"cannot be reached: only root can enter {path}"
    return None
