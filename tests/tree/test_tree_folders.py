"""Shared folders: their rights, what moved-in files get, the links in homes, and who is in which Unix group."""

import os
import resource
import subprocess
from pathlib import Path, PurePosixPath

import pytest
import sharing
from sharing import make_sharing_tree

from littlest import paths
from littlest.config.text.load import load_config, load_located_config
from littlest.errors import LittlestError
from littlest.machine.acl import ACCESS, DEFAULT, Acl, decode_acl, encode_acl
from littlest.machine.machine import Machine
from littlest.machine.trees import DEEPEST
from littlest.plan.shared_folders import list_links, make_folder_steps
from littlest.plan.steps import EnsureSharedFolder, SetGroupMembers
from littlest.system.accounts.home_links import ensure_links
from littlest.system.accounts.members import are_group_members_set, set_group_members
from littlest.system.accounts.user_accounts import ensure_user_account, remove_user_account
from littlest.system.folders.folder_checks import find_place_problems
from littlest.system.folders.folder_rights import ensure_shared_folder, is_shared_folder_made, repair_shared_folder

TEXT = """
users:
  allowed: [ada, ben, eve]
  groups:
    biology: {members: [ada, ben], shared_folder: true}
shared_folders:
  data: {path: /srv/data}
  hidden: {path: /srv/hidden, link: false}
"""
CONFIG = load_config(TEXT, "config.yaml")
EMPTY = load_config("users: {unix_name: '{name}'}", "config.yaml")
FOLDER = EnsureSharedFolder(PurePosixPath("/srv/littlest/biology"), ("littlest-g-biology", paths.ADMINS_GROUP))


@pytest.fixture
def ready(machine: Machine) -> Machine:
    return make_sharing_tree(machine, "biology")


@pytest.fixture
def folder(ready: Machine) -> Path:
    ensure_shared_folder(ready, FOLDER)
    return ready.path(FOLDER.path)


def act_as(machine: Machine, uid: int, command: str, *, member: bool = True) -> bool:
    """Run a shell command as somebody; whether it could be done."""
    return sharing.act_as(machine, uid, command, *(["littlest-g-biology"] if member else []))


def test_a_list_comes_back_as_it_was_written() -> None:
    acl = Acl(7, 5, ((1001, 7), (1002, 5)))
    assert decode_acl(encode_acl(acl)) == acl
    with pytest.raises(ValueError, match="not an access control list"):
        decode_acl(b"\3\0\0\0")


def test_a_folder_is_made_once_with_rights_that_files_inherit(ready: Machine) -> None:
    assert not is_shared_folder_made(ready, FOLDER)
    ensure_shared_folder(ready, FOLDER)
    assert is_shared_folder_made(ready, FOLDER)
    real = ready.path(FOLDER.path)
    assert (real.stat().st_mode & 0o7777, real.stat().st_uid) == (0o2770, 0)
    assert os.getxattr(real, ACCESS) == os.getxattr(real, DEFAULT)
    # everybody goes through the folder in which it is
    assert real.parent.stat().st_mode & 0o777 == 0o755
    os.removexattr(real, DEFAULT)
    assert not is_shared_folder_made(ready, FOLDER)


def test_the_files_in_a_folder_that_was_there_are_left_alone(ready: Machine) -> None:
    real = ready.path(FOLDER.path)
    real.mkdir(parents=True)
    (real / "old.txt").write_text("old")
    (real / "old.txt").chmod(0o604)
    ensure_shared_folder(ready, FOLDER)
    assert (real / "old.txt").stat().st_mode & 0o777 == 0o604


def test_members_change_each_others_files_and_others_do_not(ready: Machine, folder: Path) -> None:
    for umask in ("0022", "0077"):
        assert act_as(ready, 70001, f"umask {umask}; mkdir {folder}/d{umask}; echo 1 >{folder}/d{umask}/file")
        assert act_as(ready, 70002, f"echo 2 >>{folder}/d{umask}/file; mkdir {folder}/d{umask}/.ipynb_checkpoints")
        assert act_as(ready, 70001, f"echo 3 >{folder}/d{umask}/.ipynb_checkpoints/x")
        assert act_as(ready, 70002, f"echo 4 >>{folder}/d{umask}/.ipynb_checkpoints/x")
    assert not act_as(ready, 70003, f"ls {folder}", member=False)
    assert not act_as(ready, 70003, f"cat {folder}/d0022/file", member=False)


def test_members_work_in_one_git_repository(ready: Machine, folder: Path) -> None:
    git = "git -c safe.directory='*' -c user.name=x -c user.email=x@example.org"
    assert act_as(ready, 70001, f"export HOME=/nonexistent; git init -q {folder}/course")
    for uid in (70001, 70002, 70001, 70002):
        commit = f"echo {uid} >>notes; {git} add notes; {git} commit -qm change; {git} gc -q"
        assert act_as(ready, uid, f"export HOME=/nonexistent; cd {folder}/course; {commit}")


def test_what_came_with_rights_of_its_own_is_mended(ready: Machine, folder: Path) -> None:
    private = ready.path(PurePosixPath("/srv/private"))
    private.mkdir(mode=0o777)
    private.chmod(0o777)
    assert act_as(
        ready, 70001, f"umask 077; cd {private}; echo 1 >kept; mkdir moved; echo 1 >moved/file; echo 1 >git"
    )
    assert act_as(ready, 70001, f"cd {private}; chmod 444 git; cp -p kept git {folder}; mv moved {folder}")
    (folder / "roots").write_text("1")
    (folder / "roots").chmod(0o640)
    change = "echo 2 >>{folder}/{name}"
    for name in ("kept", "moved/file", "roots"):
        assert not act_as(ready, 70002, change.format(folder=folder, name=name))
    assert sum(repair_shared_folder(ready, FOLDER)) == 5
    for name in ("kept", "moved/file", "roots", "moved/new"):
        assert act_as(ready, 70002, change.format(folder=folder, name=name)), name
    # what its owner made read-only is so for all
    assert act_as(ready, 70002, f"cat {folder}/git")
    assert not act_as(ready, 70002, change.format(folder=folder, name="git"))
    assert sum(repair_shared_folder(ready, FOLDER)) == 0


def test_mending_follows_nothing_out_of_the_folder(ready: Machine, folder: Path) -> None:
    outside = ready.path(PurePosixPath("/srv/outside"))
    outside.mkdir()
    secret = outside / "secret"
    secret.write_text("1")
    secret.chmod(0o600)
    (folder / "link").symlink_to(secret)
    (folder / "way").symlink_to(outside)
    (folder / "second-name").hardlink_to(secret)
    os.mkfifo(folder / "pipe")
    sum(repair_shared_folder(ready, FOLDER))
    assert ACCESS not in os.listxattr(secret)
    assert ACCESS not in os.listxattr(outside)


def test_very_deep_folders_use_nothing_up_and_everything_else_is_mended(ready: Machine, folder: Path) -> None:
    for name in ("a", "z"):
        (folder / name).write_text("1")
        os.removexattr(folder / name, ACCESS)
    innermost = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(1200):
        os.mkdir("m", dir_fd=innermost)
        below = os.open("m", os.O_RDONLY | os.O_DIRECTORY, dir_fd=innermost)
        os.close(innermost)
        innermost = below
    os.close(innermost)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 2 * DEEPEST + 20, hard))
    try:
        with pytest.raises(LittlestError, match=f"more than {DEEPEST} folders lie in one another below m"):
            sum(repair_shared_folder(ready, FOLDER))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        subprocess.run(["rm", "-rf", folder / "m"], check=True)
    assert os.getxattr(folder / "a", ACCESS) == os.getxattr(folder / "z", ACCESS)
    assert sum(repair_shared_folder(ready, FOLDER)) == 0


def test_a_place_that_cannot_be_shared_is_named_with_its_line(ready: Machine) -> None:
    (ready.root / "srv/file").write_text("")
    (ready.root / "srv/open").mkdir()
    (ready.root / "srv/open").chmod(0o777)
    ada = ensure_user_account(ready, CONFIG, "ada", admin=False)
    text = (
        "shared_folders:\n  a: {path: /srv/file}\n  b: {path: /srv/open/x}\n"
        f"  c: {{path: {ada.home}}}\n  d: {{path: /srv/fine}}\nusers:\n  homes: /mnt/homes\n"
    )
    problems = find_place_problems(ready, load_located_config(text, "config.yaml"))
    replaced = "could be replaced by a user other than root"
    assert sorted((problem.line, problem.problem.split(" ", 1)[1]) for problem in problems) == [
        (2, "is a file, not a folder"),
        (3, f"is not possible: /srv/open {replaced}: see the owner and mode of /srv/open"),
        (4, "is not possible: the home of jupyter-ada is there"),
        (7, "does not exist"),
    ]
    with pytest.raises(LittlestError, match="is a file, not a folder"):
        ensure_shared_folder(ready, EnsureSharedFolder(PurePosixPath("/srv/file"), (paths.ADMINS_GROUP,)))


def test_links_are_made_and_taken_away_and_nothing_of_the_users_is_touched(ready: Machine) -> None:
    account = ensure_user_account(ready, CONFIG, "ada", admin=False)
    home = ready.path(account.home)
    (home / "data").write_text("mine")
    links = list_links(CONFIG, "ada", admin=False)
    ensure_links(ready, account, links)
    assert (home / "data").read_text() == "mine"
    assert (home / "biology").readlink() == Path("/srv/littlest/biology")
    assert not (home / "hidden").is_symlink()
    # a link of the user's own under the very name and to the very place is the user's
    (home / "biology").unlink()
    (home / "biology").symlink_to("/srv/littlest/biology")
    os.chown(home / "biology", account.uid, account.gid, follow_symlinks=False)
    (home / "other").symlink_to("/etc")
    ensure_links(ready, account, {})
    assert (home / "biology").is_symlink()
    assert (home / "other").is_symlink()
    (home / "biology").unlink()
    ensure_links(ready, account, links)
    ensure_links(ready, account, {"biology": PurePosixPath("/srv/elsewhere")})
    assert (home / "biology").readlink() == Path("/srv/elsewhere")
    ensure_links(ready, account, {})
    assert not (home / "biology").is_symlink()


def test_a_home_that_is_a_link_gets_no_links(ready: Machine) -> None:
    account = ensure_user_account(ready, CONFIG, "ada", admin=False)
    home = ready.path(account.home)
    home.rename(home.with_name("moved"))
    home.symlink_to("/srv")
    with pytest.raises(OSError, match=r"Too many levels|Not a directory"):
        ensure_links(ready, account, list_links(CONFIG, "ada", admin=False))
    assert not list((ready.root / "srv").iterdir())


def test_an_admin_sees_every_folder_and_others_those_of_their_groups() -> None:
    assert set(list_links(CONFIG, "eve", admin=False)) == {"data"}
    assert set(list_links(CONFIG, "ben", admin=False)) == {"data", "biology"}
    assert set(list_links(CONFIG, "teacher", admin=True)) == {"data", "biology"}
    rights = {str(step.path): (step.writers, step.readers) for step in make_folder_steps(CONFIG)}
    assert rights["/srv/data"] == (("littlest-admins",), ("littlest-users",))
    assert rights["/srv/littlest/biology"] == (("littlest-g-biology", "littlest-admins"), ())


def test_groups_hold_whom_the_settings_name_and_nobody_else(ready: Machine) -> None:
    for user in ("ada", "ben", "eve"):
        ensure_user_account(ready, CONFIG, user, admin=False)
    assert members(ready) == {"jupyter-ada", "jupyter-ben"}
    step = SetGroupMembers((("littlest-g-biology", ("ben", "eve", "nobody-yet")),), "jupyter-{name}")
    assert not are_group_members_set(ready, step)
    set_group_members(ready, step)
    assert members(ready) == {"jupyter-ben", "jupyter-eve"}
    assert are_group_members_set(ready, step)
    # a group that is no longer in the settings is empty, and keeps its number
    set_group_members(ready, SetGroupMembers((), "jupyter-{name}"))
    assert members(ready) == set()


def members(machine: Machine) -> set[str]:
    found = machine.read_group("littlest-g-biology")
    assert found is not None
    return set(found[1])


def test_accounts_of_the_machine_are_used_by_their_names(ready: Machine) -> None:
    ready.run(["useradd", f"--prefix={ready.root}", "--create-home", "grace"])
    ready.run(["useradd", f"--prefix={ready.root}", "--system", "backup"])
    ready.run(["groupadd", f"--prefix={ready.root}", "staff"])
    assert ensure_user_account(ready, EMPTY, "grace", admin=False).home == PurePosixPath("/home/grace")
    for user in ("backup", "root", "nobody"):
        with pytest.raises(LittlestError, match="is a system account"):
            ensure_user_account(ready, EMPTY, user, admin=True)
    # nobody gets into a group of the machine by being called so
    assert ensure_user_account(ready, EMPTY, "staff", admin=False).name.startswith("staff-")
    assert ensure_user_account(ready, EMPTY, "new", admin=False).name == "new"


def test_who_has_an_account_keeps_it_when_the_template_changes(ready: Machine) -> None:
    before = ensure_user_account(ready, CONFIG, "ada", admin=False)
    ready.run(["useradd", f"--prefix={ready.root}", "--create-home", "ada"])
    assert ensure_user_account(ready, EMPTY, "ada", admin=False) == before
    # a user with the name of another's account gets another account
    other = ensure_user_account(ready, EMPTY, "jupyter-ada", admin=False)
    assert other.uid != before.uid
    elsewhere = load_config("users: {homes: /srv, unix_name: 'x{name}'}", "config.yaml")
    assert ensure_user_account(ready, elsewhere, "ada", admin=False) == before
    assert ensure_user_account(ready, elsewhere, "ben", admin=False).home == PurePosixPath("/srv/xben")
    account = ready.read_account("jupyter-ada")
    assert account is not None
    remove_user_account(ready, account)
    assert ensure_user_account(ready, EMPTY, "ada", admin=False).name == "ada"


def test_a_home_that_is_made_again_has_what_a_new_one_has(ready: Machine) -> None:
    (ready.root / "etc/skel/.config").mkdir(parents=True)
    (ready.root / "etc/skel/.config/app").write_text("setting")
    (ready.root / "etc/skel/.link").symlink_to(".config")
    account = ensure_user_account(ready, CONFIG, "ada", admin=False)
    ready.remove_tree(account.home)
    ensure_user_account(ready, CONFIG, "ada", admin=False)
    home = ready.path(account.home)
    assert (home / ".config/app").read_text() == "setting"
    for path in (home, *home.rglob("*")):
        assert path.lstat().st_uid == account.uid, path
    assert home.stat().st_mode & 0o777 == 0o700
