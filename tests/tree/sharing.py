"""People with Unix groups of ours, who act on a tree."""

import subprocess
from pathlib import Path

from littlest import paths
from littlest.machine.machine import Machine
from littlest.plan.account_names import make_group_name
from littlest.plan.steps import EnsureGroup
from littlest.system.accounts.groups import ensure_group


def make_sharing_tree(machine: Machine, *groups: str) -> Machine:
    for name in (paths.ADMINS_GROUP, paths.USERS_GROUP, *map(make_group_name, groups)):
        ensure_group(machine, EnsureGroup(name))
    (machine.root / "srv").mkdir()
    # pytest's folders are root's alone; other people go through them here
    for folder in (machine.root, *machine.root.parents):
        if folder.is_relative_to("/tmp/pytest-of-root"):
            folder.chmod(0o755)
    return machine


def act_as(machine: Machine, uid: int, command: str, *groups: str, folder: Path | None = None) -> bool:
    """Run a shell command as somebody in these Unix groups; whether it could be done."""
    numbers = [str(machine.get_ids("root", group)[1]) for group in groups]
    given = f"--groups={','.join(numbers)}" if groups else "--clear-groups"
    argv = ["setpriv", f"--reuid={uid}", f"--regid={uid}", given, "sh", "-ec", command]
    return subprocess.run(argv, capture_output=True, cwd=folder or "/", check=False).returncode == 0
