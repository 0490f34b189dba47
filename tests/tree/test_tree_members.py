"""Accounts leave the Unix groups that the settings no longer give them, however long ago that was."""

import pytest

from littlest import paths
from littlest.config.text.load import load_config
from littlest.machine.machine import Machine
from littlest.plan.account_names import OWN_GROUPS
from littlest.plan.steps import EnsureGroup
from littlest.system.accounts.groups import ensure_group, join_group
from littlest.system.accounts.members import find_users_losing_sudo, take_out_of_groups
from littlest.system.accounts.user_accounts import ensure_user_account

CONFIG = load_config("users: {allowed: [ada, ben], groups: {biology: {members: [ada, eve]}}}", "config.yaml")
BIOLOGY = "littlest-g-biology"
NOBODY_IS_ADMIN = dict.fromkeys(("ada", "ben", "eve"), False)


@pytest.fixture
def ready(machine: Machine) -> Machine:
    for name in (*OWN_GROUPS, BIOLOGY):
        ensure_group(machine, EnsureGroup(name))
    for user in ("ada", "ben", "eve"):
        ensure_user_account(machine, CONFIG, user, admin=False)
    return machine


def list_members(machine: Machine) -> dict[str, set[str]]:
    found = machine.read_local_groups()
    return {
        name: {account.removeprefix("jupyter-") for account in found[name][1]}
        for name in (paths.ADMINS_GROUP, paths.SUDO_GROUP, paths.USERS_GROUP, BIOLOGY)
    }


def test_who_has_what_the_settings_give_keeps_it(ready: Machine) -> None:
    before = list_members(ready)
    assert take_out_of_groups(ready, CONFIG, NOBODY_IS_ADMIN, ()) == ()
    assert list_members(ready) == before


def test_a_group_that_could_not_be_taken_away_is_told_and_taken_away_the_next_time(ready: Machine) -> None:
    join_group(ready, "jupyter-ben", paths.ADMINS_GROUP)
    # the copy of the group file that usermod keeps cannot be written
    backup = ready.path(paths.Path("/etc/group-"))
    backup.unlink(missing_ok=True)
    backup.mkdir()
    failures = take_out_of_groups(ready, CONFIG, NOBODY_IS_ADMIN, ())
    assert len(failures) == 1
    assert failures[0].startswith("the account jupyter-ben is still in the Unix group littlest-admins: ")
    backup.rmdir()
    assert take_out_of_groups(ready, CONFIG, NOBODY_IS_ADMIN, ()) == ()
    assert list_members(ready)[paths.ADMINS_GROUP] == set()
    assert list_members(ready)[paths.USERS_GROUP] == {"ada", "ben", "eve"}


def test_sudo_is_for_admins_whom_the_settings_name_or_for_all(ready: Machine) -> None:
    for user in ("ada", "ben", "eve"):
        join_group(ready, f"jupyter-{user}", paths.SUDO_GROUP)
    named = load_config("users: {admin: [ada]}", "config.yaml")
    of_all = load_config("users: {admin: [ada], sudo: all-admins}", "config.yaml")
    admins = {"ada": True, "ben": True, "eve": False}
    assert find_users_losing_sudo(ready, of_all, admins) == {"eve"}
    assert find_users_losing_sudo(ready, named, admins) == {"ben", "eve"}
    assert take_out_of_groups(ready, named, admins, ()) == ()
    assert ready.read_local_groups()[paths.SUDO_GROUP][1] == ("jupyter-ada",)
    assert find_users_losing_sudo(ready, named, admins) == set()


def test_an_admin_of_the_admin_panel_keeps_the_group(ready: Machine) -> None:
    join_group(ready, "jupyter-ben", paths.ADMINS_GROUP)
    take_out_of_groups(ready, CONFIG, NOBODY_IS_ADMIN | {"ben": True}, ())
    assert list_members(ready)[paths.ADMINS_GROUP] == {"ben"}


def test_who_may_no_longer_log_in_leaves_the_folders_of_all_users(ready: Machine) -> None:
    join_group(ready, "jupyter-eve", paths.ADMINS_GROUP)
    take_out_of_groups(ready, CONFIG, NOBODY_IS_ADMIN | {"eve": True}, {"ben", "eve"})
    # what the settings give by a group stays
    assert list_members(ready) == {
        paths.ADMINS_GROUP: set(),
        paths.SUDO_GROUP: set(),
        paths.USERS_GROUP: {"ada"},
        BIOLOGY: {"ada", "eve"},
    }


def test_who_is_banned_or_unknown_to_the_hub_is_in_no_group_of_ours(ready: Machine) -> None:
    banned = load_config("users: {banned: [ada], groups: {biology: {members: [ada]}}}", "config.yaml")
    take_out_of_groups(ready, banned, {"ada": True, "ben": False}, ())
    assert list_members(ready) == {
        paths.ADMINS_GROUP: set(),
        paths.SUDO_GROUP: set(),
        paths.USERS_GROUP: {"ben"},
        BIOLOGY: set(),
    }


def test_accounts_of_the_machine_are_looked_at_by_their_names(ready: Machine) -> None:
    config = load_config("users: {allowed: [grace], unix_name: '{name}'}", "config.yaml")
    for name in ("grace", "henry"):
        ready.run(["useradd", f"--prefix={ready.root}", name])
        join_group(ready, name, paths.ADMINS_GROUP)
        join_group(ready, name, paths.USERS_GROUP)
    take_out_of_groups(ready, config, NOBODY_IS_ADMIN | {"grace": False}, ())
    found = list_members(ready)
    assert found[paths.ADMINS_GROUP] == set()
    assert found[paths.USERS_GROUP] == {"ada", "ben", "eve", "grace"}
