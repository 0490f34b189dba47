"""Directories, files and links."""

from littlest import paths
from littlest.errors import CommandFailed, LittlestError
from littlest.machine.machine import Machine, PathKind, PathState
from littlest.plan.steps import MakeDirectory, MakeLink, RemovePath, WriteFile


def is_directory_made(machine: Machine, step: MakeDirectory) -> bool:
    """Whether the directory exists with its owner and mode."""
    state = machine.read_state(step.path)
    if state is None or state.kind is not PathKind.DIRECTORY:
        return False
    return step.shared or (state.mode == step.mode and _has_owner(machine, state, step.owner, step.group))


def make_directory(machine: Machine, step: MakeDirectory) -> None:
    """Make the directory. Raises LittlestError where something else is in its way."""
    state = machine.read_state(step.path)
    if state is not None and state.kind is not PathKind.DIRECTORY:
        raise LittlestError(f"{step.path} is a {state.kind}, not a directory", f"Move it away: sudo mv {step.path} …")
    machine.make_directory(step.path, mode=step.mode, owner=step.owner, group=step.group)


def is_file_written(machine: Machine, step: WriteFile) -> bool:
    """Whether the file has exactly this content, owner and mode; for one that is written once, whether it exists."""
    state = machine.read_state(step.path)
    if state is None:
        return False
    if step.once:
        return True
    return (
        state.kind is PathKind.FILE
        and state.mode == step.mode
        and _has_owner(machine, state, step.owner, step.group)
        and machine.read_bytes(step.path) == step.content.encode()
    )


def write_file(machine: Machine, step: WriteFile) -> None:
    """Write the file; a sudo rule only when visudo(8) finds no fault in it, because a broken one disables sudo."""
    if step.path.parent == paths.SUDOERS_FILE.parent and machine.has_command("visudo"):
        try:
            machine.run(["visudo", "-c", "-q", "-f", "/dev/stdin"], input=step.content)
        except CommandFailed as error:
            raise LittlestError(f"sudo would not accept {step.path}: {error.message}") from error
    machine.write_file(step.path, step.content, mode=step.mode, owner=step.owner, group=step.group)
    if machine.is_live and step.reloads:
        # one that refuses has a fault of its own, and goes on as it was
        machine.run(["systemctl", "try-reload-or-restart", "--", *step.reloads], check=False)


def make_link(machine: Machine, step: MakeLink) -> None:
    """Make the link. Raises LittlestError where a directory is in its way."""
    state = machine.read_state(step.path)
    if state is not None and state.kind is PathKind.DIRECTORY:
        raise LittlestError(f"{step.path} is a directory, not a link", f"Move it away: sudo mv {step.path} …")
    machine.make_link(step.path, step.target)


def is_path_removed(machine: Machine, step: RemovePath) -> bool:
    """Whether nothing of ours is there any more; a directory stays while others have something in it."""
    state = machine.read_state(step.path)
    if state is None:
        return True
    return state.kind is PathKind.DIRECTORY and bool(machine.list_directory(step.path))


def _has_owner(machine: Machine, state: PathState, owner: str, group: str) -> bool:
    try:
        return not machine.can_chown() or (state.uid, state.gid) == machine.get_ids(owner, group)
    except LittlestError:
        return False  # an earlier step of the plan makes the account
