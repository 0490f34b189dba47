"""Links in shared folders that lead out of them: a classmate's file would be written through one."""

import os
from pathlib import PurePosixPath

import pytest
from sharing import act_as, make_sharing_tree

from littlest import paths
from littlest.config.text.load import load_config
from littlest.machine.machine import Machine
from littlest.plan.shared_folders import make_folder_steps
from littlest.system.folders.folder_rights import ensure_shared_folder, repair_shared_folder
from littlest.system.folders.links import is_leading_out

ADA = 70001
TOP = PurePosixPath("/srv/littlest/exchange")


@pytest.mark.parametrize(
    ("target", "place", "out"),
    [
        ("notes.txt", "", False),
        ("sub/notes.txt", "", False),
        ("../notes.txt", "sub", False),
        ("../../notes.txt", "sub/deep", False),
        ("/srv/littlest/exchange/notes.txt", "", False),
        ("/usr/bin/python3", "venv/bin", False),
        ("/opt/littlest/user/bin/python", "venv/bin", False),
        ("/home/jupyter-ada/.bashrc", "", True),
        ("/srv/littlest/exchange-of-others", "", True),
        ("/srv/littlest/exchange/../../../home", "", True),
        ("/usr/../home/jupyter-ada", "", True),
        ("../notes.txt", "", True),
        ("../../notes.txt", "sub", True),
        ("sub/../../notes.txt", "", True),
        # another link, to the folder itself, makes it lead out
        ("link/../notes.txt", "", True),
        ("..", "", True),
        (".", "", False),
        ("/", "", True),
    ],
)
def test_where_a_link_leads(target: str, place: str, out: bool) -> None:
    assert is_leading_out(PurePosixPath(target), PurePosixPath(place), TOP) is out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as others")
def test_links_that_lead_out_are_removed_and_others_stay(machine: Machine) -> None:
    ready = make_sharing_tree(machine)
    (step,) = make_folder_steps(load_config("shared_folders: {exchange: {writable: true}}", "config.yaml"))
    ensure_shared_folder(ready, step)
    folder = ready.path(step.path)
    links = "mkdir sub; ln -s /home/jupyter-ben/.bashrc notes.txt; ln -s ../../x sub/up; ln -s ../file sub/inside"
    assert act_as(ready, ADA, f"cd {folder}; echo 1 >file; {links}", paths.USERS_GROUP)
    (folder / "of-root").symlink_to("/mnt/data")
    assert sum(repair_shared_folder(ready, step)) >= 2
    left = {path.name for path in folder.rglob("*") if path.is_symlink()}
    assert left == {"inside", "of-root"}
    # when its folder moves, a link leads elsewhere
    assert act_as(ready, ADA, f"cd {folder}; mkdir a; mv sub a/sub; ln -s ../../file a/sub/deep", paths.USERS_GROUP)
    sum(repair_shared_folder(ready, step))
    assert (folder / "a/sub/deep").is_symlink()
    assert act_as(ready, ADA, f"cd {folder}; mv a/sub sub", paths.USERS_GROUP)
    sum(repair_shared_folder(ready, step))
    assert not (folder / "sub/deep").is_symlink()
