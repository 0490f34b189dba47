"""Rights in shared folders that get fewer, and what arrives in them between two looks of the hub."""

import asyncio
import os
import time
from pathlib import Path, PurePosixPath

import pytest
from sharing import act_as, make_sharing_tree

from littlest import paths
from littlest.config.text.load import load_config
from littlest.hub import sharing
from littlest.hub.live import live
from littlest.hub.sharing import SharedFolderKeeper
from littlest.machine.machine import Machine
from littlest.plan.shared_folders import make_folder_steps
from littlest.system.accounts.user_accounts import ensure_user_account
from littlest.system.folders.folder_rights import ensure_shared_folder, repair_shared_folder

ADA, BEN, TEACHER = 70001, 70002, 70003
USERS = paths.USERS_GROUP
PATH = PurePosixPath("/srv/littlest/exchange")
WRITABLE = "shared_folders: {exchange: {writable: true}}"
READ_ONLY = "shared_folders: {exchange: {}}"
GROUPS = "users: {groups: {bees: {}, cats: {}}}\n"
OF_BEES = GROUPS + "shared_folders: {exchange: {writable: true, groups: [bees]}}"
OF_CATS = GROUPS + "shared_folders: {exchange: {writable: true, groups: [cats]}}"
BEES, CATS = "littlest-g-bees", "littlest-g-cats"


@pytest.fixture
def ready(machine: Machine) -> Machine:
    return make_sharing_tree(machine, "bees", "cats")


def share(machine: Machine, text: str) -> Path:
    """Apply settings, and repair what is in the folder."""
    (step,) = make_folder_steps(load_config(text, "config.yaml"))
    ensure_shared_folder(machine, step)
    for _ in range(2):
        repaired = sum(repair_shared_folder(machine, step))
    assert repaired == 0
    return machine.path(step.path)


def fill(machine: Machine, folder: Path, *groups: str) -> None:
    made = f"cd {folder}; mkdir sub; echo 1 >sub/file; echo 1 >top; mkdir sub/bens; chmod 700 sub/bens"
    assert act_as(machine, ADA, made, *groups)


CHANGES = ("echo 2 >>top", "echo 2 >>sub/file", "echo 1 >new", "echo 1 >sub/new", "rm sub/file", "echo 1 >sub/bens/x")


@pytest.mark.parametrize("uid", [ADA, BEN])
@pytest.mark.parametrize("change", CHANGES)
def test_in_a_folder_that_is_no_longer_writable_nobody_writes(ready: Machine, uid: int, change: str) -> None:
    folder = share(ready, WRITABLE)
    fill(ready, folder, USERS)
    share(ready, READ_ONLY)
    assert not act_as(ready, uid, change, USERS, folder=folder)
    # nor does who gives the right back to themselves
    assert not act_as(ready, uid, "chmod -R a+rwX top sub", USERS, folder=folder)
    assert act_as(ready, uid, "cat top sub/file; ls sub/bens", USERS, folder=folder)
    assert act_as(ready, TEACHER, change, USERS, paths.ADMINS_GROUP, folder=folder)
    # and what admins make later is for reading, wherever they make it
    assert act_as(ready, TEACHER, "echo 1 >sub/of-the-teacher", USERS, paths.ADMINS_GROUP, folder=folder)
    assert not act_as(ready, uid, "echo 2 >>sub/of-the-teacher", USERS, folder=folder)
    assert act_as(ready, uid, "cat sub/of-the-teacher", USERS, folder=folder)


@pytest.mark.parametrize("change", CHANGES)
def test_in_a_folder_that_becomes_writable_everybody_writes(ready: Machine, change: str) -> None:
    folder = share(ready, WRITABLE)
    fill(ready, folder, USERS)
    share(ready, READ_ONLY)
    share(ready, WRITABLE)
    for uid in (ADA, BEN):
        assert act_as(ready, uid, f"{change}; touch sub/file", USERS, folder=folder)


def test_an_admin_keeps_what_is_theirs_in_a_folder_for_reading(ready: Machine) -> None:
    config = load_config("users: {admin: [teacher], allowed: [ada]}\n" + READ_ONLY, "config.yaml")
    owners = {name: ensure_user_account(ready, config, name, admin=name == "teacher") for name in ("teacher", "ada")}
    folder = share(ready, READ_ONLY)
    for name, account in owners.items():
        (folder / name).write_text("1")
        os.chown(folder / name, account.uid, account.gid)
    (folder / "program").write_text("1")
    os.chown(folder / "program", owners["ada"].uid, owners["ada"].gid)
    (folder / "program").chmod(0o6755)
    share(ready, READ_ONLY)
    assert (folder / "teacher").stat().st_uid == owners["teacher"].uid
    assert (folder / "ada").stat().st_uid == 0
    # what ada made to run as herself does not run as root now
    assert (folder / "program").stat().st_uid == 0
    assert (folder / "program").stat().st_mode & 0o6000 == 0


def test_a_group_that_has_the_folder_no_longer_has_nothing_in_it(ready: Machine) -> None:
    folder = share(ready, OF_BEES)
    fill(ready, folder, BEES)
    share(ready, OF_CATS)
    # as a process does that was in there before
    for change in ("echo 2 >>file", "echo 1 >new", "ls", "cat file"):
        assert not act_as(ready, BEN, change, BEES, folder=folder / "sub"), change
    for change in ("echo 2 >>file", "echo 1 >new", "ls", "cat file"):
        assert act_as(ready, TEACHER, change, CATS, folder=folder / "sub"), change
    # the new file is nobody else's either
    assert not act_as(ready, BEN, "cat new || echo 1 >>new", BEES, folder=folder / "sub")


def test_what_only_root_may_use_stays_so(ready: Machine) -> None:
    folder = share(ready, READ_ONLY)
    (folder / "solutions.csv").write_text("42")
    (folder / "solutions.csv").chmod(0o600)
    (folder / "later").mkdir()
    (folder / "later/exam.txt").write_text("42")
    (folder / "later").chmod(0o700)
    share(ready, READ_ONLY)
    assert not act_as(ready, ADA, f"cat {folder}/solutions.csv", USERS)
    assert not act_as(ready, ADA, f"ls {folder}/later", USERS)
    (folder / "later").chmod(0o755)
    share(ready, READ_ONLY)
    assert act_as(ready, ADA, f"cat {folder}/later/exam.txt", USERS)


@pytest.fixture
def keeper(ready: Machine, monkeypatch: pytest.MonkeyPatch) -> SharedFolderKeeper:
    monkeypatch.setattr(live, "config", load_config(WRITABLE, "config.yaml"))
    share(ready, WRITABLE)
    warnings: list[str] = []
    return SharedFolderKeeper(ready, warnings.append)


def test_a_folder_that_is_moved_in_is_mended_with_all_that_is_in_it(
    ready: Machine, keeper: SharedFolderKeeper
) -> None:
    home = ready.path(PurePosixPath("/srv/home"))
    home.mkdir()
    os.chown(home, ADA, ADA)
    made = f"umask 077; cd {home}; mkdir -p proj/.ipynb_checkpoints; cd proj; echo 1 >a.ipynb"
    assert act_as(ready, ADA, f"{made}; echo 1 >.ipynb_checkpoints/a.ipynb")
    time.sleep(1.1)
    asyncio.run(keeper.check())
    folder = ready.path(PATH)
    assert act_as(ready, ADA, f"mv {home}/proj {folder}", USERS)
    asyncio.run(keeper.check())
    for change in ("echo 2 >>a.ipynb", "echo 2 >>.ipynb_checkpoints/a.ipynb", "echo 1 >.ipynb_checkpoints/b.ipynb"):
        assert act_as(ready, BEN, change, USERS, folder=folder / "proj"), change


def test_very_many_files_leave_the_hub_most_of_a_core(ready: Machine, keeper: SharedFolderKeeper) -> None:
    for number in range(30000):
        (ready.path(PATH) / str(number)).touch()
    began, worked = time.monotonic(), time.process_time()
    asyncio.run(keeper.check())
    assert time.process_time() - worked < 0.3 * (time.monotonic() - began)
    assert act_as(ready, BEN, "echo 1 >>29999", USERS, folder=ready.path(PATH))


def test_the_end_of_the_hub_is_the_end_of_a_look(ready: Machine, keeper: SharedFolderKeeper) -> None:
    for number in range(30000):
        (ready.path(PATH) / str(number)).touch()

    async def end() -> float:
        keeping = asyncio.create_task(keeper.keep())
        await asyncio.sleep(0.1)
        keeping.cancel()
        began = time.monotonic()
        await asyncio.get_running_loop().shutdown_default_executor()
        return time.monotonic() - began

    assert asyncio.run(end()) < 1


def test_other_settings_end_the_pause_between_two_looks(
    keeper: SharedFolderKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LEAST_PAUSE", 0.01)

    async def change() -> None:
        resting = asyncio.create_task(keeper._pause(live.config, 3600))
        await asyncio.sleep(0)
        live.config = load_config(READ_ONLY, "config.yaml")
        await asyncio.wait_for(resting, 5)

    asyncio.run(change())


def test_settings_that_change_during_a_check_are_checked_at_once(
    keeper: SharedFolderKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LEAST_PAUSE", 3600)
    checked = []

    async def watch() -> None:
        done = asyncio.Event()

        async def check() -> None:
            checked.append(live.config)
            if len(checked) == 1:
                live.config = load_config(READ_ONLY, "config.yaml")
            else:
                done.set()

        monkeypatch.setattr(keeper, "check", check)
        keeping = asyncio.create_task(keeper.keep())
        try:
            await asyncio.wait_for(done.wait(), 5)
        finally:
            keeping.cancel()

    asyncio.run(watch())


def test_a_folder_that_went_away_and_came_back_is_mended(ready: Machine, keeper: SharedFolderKeeper) -> None:
    folder = ready.path(PATH)
    assert act_as(ready, ADA, f"mkdir -p {folder}/proj/deep", USERS)
    home = ready.path(PurePosixPath("/srv/home"))
    home.mkdir()
    os.chown(home, ADA, ADA)
    assert act_as(ready, ADA, f"cd {home}; mv {folder}/proj .; umask 077; echo 1 >x; mv x proj/deep", USERS)
    time.sleep(1.1)
    asyncio.run(keeper.check())
    # the folder itself has all its rights
    assert act_as(ready, ADA, f"mv {home}/proj {folder}", USERS)
    asyncio.run(keeper.check())
    assert act_as(ready, BEN, f"echo 2 >>{folder}/proj/deep/x", USERS)
