"""A Unix account for each hub user: its own, private, and never somebody else's."""

import concurrent.futures
import os
import shutil
from pathlib import Path, PurePosixPath

import pytest
from sharing import act_as

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.steps import EnsureGroup
from littlest.system.accounts.groups import ensure_group
from littlest.system.accounts.homes import mend_home
from littlest.system.accounts.user_accounts import UserAccount, ensure_user_account, find_user_accounts

DEFAULTS = Config()
HOMES = PurePosixPath("/home")


@pytest.fixture
def ready(machine: Machine) -> Machine:
    for name in (paths.ADMINS_GROUP, paths.USERS_GROUP):
        ensure_group(machine, EnsureGroup(name))
    return machine


def members(machine: Machine, group: str) -> tuple[str, ...]:
    found = machine.read_group(group)
    assert found is not None
    return found[1]


def test_a_home_is_given_away_when_nothing_in_it_is_to_be_given_any_more(
    ready: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ready.root / "etc/skel/.config").mkdir(parents=True)
    (ready.root / "etc/skel/.config/app").write_text("setting")
    victim = ready.root / "srv"
    victim.mkdir()
    (victim / "app").write_text("root's")
    account = ensure_user_account(ready, Config(), "ada", admin=False)
    ready.remove_tree(account.home)
    give = os.chown

    def give_to_a_quick_user(path: Path, *arguments: int, **settings: bool) -> None:
        give(path, *arguments, **settings)
        replace = f"cd {ready.path(account.home.parent)}/.*.littlest-new; rm -r .config; ln -s {victim} .config"
        act_as(ready, account.uid, replace)

    for folder in (ready.root, *ready.root.parents):
        if folder.is_relative_to("/tmp/pytest-of-root"):
            folder.chmod(0o755)
    monkeypatch.setattr(os, "chown", give_to_a_quick_user)
    ensure_user_account(ready, Config(), "ada", admin=False)
    assert (victim / "app").stat().st_uid == 0


def test_an_account_is_made_once_with_a_private_home(ready: Machine) -> None:
    account = ensure_user_account(ready, DEFAULTS, "anna", admin=False)
    assert account == UserAccount("jupyter-anna", 1000, 1000, HOMES / "jupyter-anna")
    state = ready.read_state(account.home)
    assert state is not None
    assert (state.mode, state.uid, state.gid) == (0o700, 1000, 1000)
    before = ready.path(paths.Path("/etc/passwd")).read_text()
    assert ensure_user_account(ready, DEFAULTS, "anna", admin=False) == account
    assert ready.path(paths.Path("/etc/passwd")).read_text() == before


def test_an_admin_is_in_the_admins_group_for_as_long_as_they_are_one(ready: Machine) -> None:
    ensure_user_account(ready, DEFAULTS, "anna", admin=True)
    ensure_user_account(ready, DEFAULTS, "ben", admin=False)
    assert members(ready, paths.ADMINS_GROUP) == ("jupyter-anna",)
    assert set(members(ready, paths.USERS_GROUP)) == {"jupyter-anna", "jupyter-ben"}
    ensure_user_account(ready, DEFAULTS, "ben", admin=True)
    ensure_user_account(ready, DEFAULTS, "anna", admin=False)
    assert members(ready, paths.ADMINS_GROUP) == ("jupyter-ben",)
    assert set(members(ready, paths.USERS_GROUP)) == {"jupyter-anna", "jupyter-ben"}


def test_groups_that_an_admin_gave_by_hand_are_kept(ready: Machine) -> None:
    ensure_user_account(ready, DEFAULTS, "anna", admin=True)
    ready.run(["groupadd", f"--prefix={ready.root}", "scanner"])
    ready.run(["usermod", f"--prefix={ready.root}", "--append", "--groups=scanner", "jupyter-anna"])
    ensure_user_account(ready, DEFAULTS, "anna", admin=False)
    assert members(ready, "scanner") == ("jupyter-anna",)
    assert members(ready, paths.ADMINS_GROUP) == ()


def test_names_that_look_alike_get_accounts_of_their_own(ready: Machine) -> None:
    names = ["a b", "a-b", "A-B", "a_b", "*", "x.service", "x", "root", "1234", "ünïcode", "o" * 60, "o" * 61]
    accounts = [ensure_user_account(ready, DEFAULTS, name, admin=False) for name in names]
    assert len({account.name for account in accounts}) == len(names)
    assert len({account.uid for account in accounts}) == len(names)
    assert len({account.home for account in accounts}) == len(names)
    assert {account.name for account in find_user_accounts(ready)} == {account.name for account in accounts}


def test_an_account_of_somebody_else_is_refused(ready: Machine) -> None:
    ready.run(["useradd", f"--prefix={ready.root}", "jupyter-anna"])
    with pytest.raises(LittlestError, match="was not made for the hub user 'anna'") as failure:
        ensure_user_account(ready, DEFAULTS, "anna", admin=True)
    assert failure.value.hint is not None
    assert members(ready, paths.ADMINS_GROUP) == ()


def test_a_home_of_somebody_else_is_refused(ready: Machine) -> None:
    home = ready.path(HOMES / "jupyter-anna")
    home.mkdir()
    (home / "secret.txt").write_text("not hers")
    with pytest.raises(LittlestError, match="exists already and belongs to root"):
        ensure_user_account(ready, DEFAULTS, "anna", admin=False)
    assert ready.read_account("jupyter-anna") is None
    assert home.stat().st_uid == 0


def test_a_home_that_an_account_left_behind_is_its_own_again(ready: Machine) -> None:
    account = ensure_user_account(ready, DEFAULTS, "anna", admin=False)
    ready.path(account.home / "thesis.txt").write_text("")
    ensure_user_account(ready, DEFAULTS, "ben", admin=False)
    ready.run(["userdel", f"--prefix={ready.root}", account.name])
    assert ensure_user_account(ready, DEFAULTS, "carl", admin=False).uid != account.uid
    again = ensure_user_account(ready, DEFAULTS, "anna", admin=False)
    assert again.uid == account.uid
    assert ready.path(again.home / "thesis.txt").exists()


def test_a_class_that_starts_at_once_gets_its_accounts(ready: Machine) -> None:
    names = [f"student{number}" for number in range(12)] * 2
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        accounts = list(pool.map(lambda name: ensure_user_account(ready, DEFAULTS, name, admin=False), names))
    assert len({account.uid for account in accounts}) == 12
    for name, account in zip(names, accounts, strict=True):
        assert account.name == f"jupyter-{name}"


def test_a_home_that_was_removed_is_made_again(ready: Machine) -> None:
    # teachers let a student start over so; systemd refuses a server without it
    account = ensure_user_account(ready, DEFAULTS, "anna", admin=False)
    ready.remove_tree(account.home)
    assert ensure_user_account(ready, DEFAULTS, "anna", admin=False) == account
    state = ready.read_state(account.home)
    assert state is not None
    assert (state.mode, state.uid, state.gid) == (0o700, account.uid, account.gid)


def test_the_owner_of_a_home_is_found_in_a_directory_service_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # LDAP and SSSD know a number, and do not list whom they know
    monkeypatch.setattr("pwd.getpwall", list)
    found = Machine("/").read_account_of(0)
    assert found is not None
    assert found.name == "root"
    assert Machine("/").read_account_of(2**31 - 7) is None


@pytest.mark.parametrize("power", ["sudo", "google-sudoers", "microk8s"])
def test_an_account_of_the_machine_that_may_become_root_is_for_named_admins_only(ready: Machine, power: str) -> None:
    text = "users: {{unix_name: '{{name}}', {}: [ubuntu, grace]}}"
    ready.run(["groupadd", f"--prefix={ready.root}", "--system", power])
    for name in ("ubuntu", "grace"):
        ready.run(["useradd", f"--prefix={ready.root}", "--create-home", name])
    ready.run(["usermod", f"--prefix={ready.root}", "--append", f"--groups={power}", "ubuntu"])
    named = load_config(text.format("allowed"), "config.yaml")
    for admin in (False, True):
        # an admin of the admin panel is not enough
        with pytest.raises(LittlestError, match=f"the account ubuntu is in the group {power}") as failure:
            ensure_user_account(ready, named, "ubuntu", admin=admin)
        assert "users.admin" in (failure.value.hint or "")
    assert members(ready, paths.USERS_GROUP) == ()
    # who is an admin stays one, though the account is in the hub's own group of admins by then
    for _start in range(2):
        assert ensure_user_account(ready, named, "grace", admin=True).name == "grace"
    admins = load_config(text.format("admin"), "config.yaml")
    assert ensure_user_account(ready, admins, "ubuntu", admin=True).name == "ubuntu"


@pytest.mark.parametrize(("mode", "mended"), [(0o000, 0o700), (0o555, 0o755), (0o700, 0o700), (0o711, 0o711)])
def test_a_user_who_shut_themselves_out_of_their_home_gets_in_again(ready: Machine, mode: int, mended: int) -> None:
    home = ensure_user_account(ready, DEFAULTS, "ada", admin=False).home
    real = ready.path(home)
    owner = real.stat().st_uid
    real.chmod(mode)
    mend_home(ready, home, owner, os.getgid())
    assert real.stat().st_mode & 0o777 == mended


def test_a_home_that_belongs_to_another_person_stays_as_it_is(ready: Machine) -> None:
    home = ensure_user_account(ready, DEFAULTS, "ada", admin=False).home
    real = ready.path(home)
    real.chmod(0o500)
    owner = real.stat().st_uid
    if owner == 0:
        pytest.skip("everything here is root's")
    mend_home(ready, home, owner + 1, os.getgid())
    assert (real.stat().st_mode & 0o777, real.stat().st_uid) == (0o500, owner)


def test_a_home_that_is_no_folder_is_a_sentence(ready: Machine) -> None:
    home = ensure_user_account(ready, DEFAULTS, "ada", admin=False).home
    real = ready.path(home)
    for replace, said in (
        (lambda: real.symlink_to("/nowhere/at/all"), "leads nowhere"),
        (lambda: real.write_text("x"), "not a folder"),
    ):
        shutil.rmtree(real) if real.is_dir() else real.unlink()
        replace()
        with pytest.raises(LittlestError, match=said):
            mend_home(ready, home, os.getuid(), os.getgid())
