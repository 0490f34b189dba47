"""Who loses rights when a name is taken out of config.yaml."""

from pathlib import Path

import pytest

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.users import Users
from littlest.config.text.load import load_config
from littlest.hub.memory.listed import (
    ListedUsers,
    compare_users,
    forget_listed_user,
    keep_unfinished,
    read_listed_users,
    write_listed_users,
)
from littlest.machine.machine import Machine


def names(*who: str) -> frozenset[str]:
    return frozenset(who)


def list_users(**users: tuple[str, ...]) -> Config:
    return Config(users=Users(**users))  # type: ignore[arg-type]


def list_groups(text: str) -> Config:
    return load_config(text, "config.yaml")


def test_at_the_first_start_nobody_loses_anything() -> None:
    listed, removal = compare_users(ListedUsers(), list_users(admin=("teacher",), allowed=("ada",)))
    assert (removal.no_longer_admin, removal.not_allowed, removal.left) == (names(), names(), names())
    assert listed == ListedUsers(names("ada"), names("teacher"))


def test_who_is_no_longer_an_admin_in_the_file_is_none_in_the_hub() -> None:
    before = ListedUsers(names(), names("teacher", "old"))
    _listed, removal = compare_users(before, list_users(admin=("teacher",), allowed=("old",)))
    assert removal.no_longer_admin == names("old")
    assert removal.not_allowed == names()


def test_who_is_taken_out_may_not_log_in_though_the_hub_knows_them() -> None:
    before = ListedUsers(names("ada", "bob"), names("old"))
    _listed, removal = compare_users(before, list_users(allowed=("ada",)))
    assert removal.not_allowed == removal.just_removed == names("bob", "old")


def test_it_stays_so_at_later_starts_until_the_name_comes_back() -> None:
    listed, _removal = compare_users(ListedUsers(names("bob")), list_users())
    listed, removal = compare_users(listed, list_users())
    assert removal.not_allowed == names("bob")
    # anyone who was let in again since in the admin panel keeps a running server
    assert removal.just_removed == names()
    listed, removal = compare_users(listed, list_users(allowed=("bob",)))
    assert removal.not_allowed == names()
    assert listed.removed == names()


def test_who_leaves_a_group_loses_what_it_gave() -> None:
    groups = "users: {{groups: {{biology: {{members: [{}], shared_folder: true}}, chess: {{members: [{}]}}}}}}"
    before, _removal = compare_users(ListedUsers(), list_groups(groups.format("ada, bob", "ada, bob")))
    # a group that gave nothing is no reason to stop anybody's server
    _listed, removal = compare_users(before, list_groups(groups.format("bob", "ada")))
    assert removal.left == names("ada")
    assert removal.groups == names()


GROUPS = "users: {admin: [kai], groups: {bees: {members: [ada, kai]}, cats: {members: [bob, kai]}}}\n"
EVERYBODY, OF_BEES, OF_CATS, OF_BOTH = (
    GROUPS + f"shared_folders: {{data: {{{groups}}}, more: {{groups: [bees, cats]}}}}"
    for groups in ("", "groups: [bees]", "groups: [cats]", "groups: [bees, cats]")
)


@pytest.mark.parametrize(
    ("old", "new", "losers"),
    [
        # a group that has another folder still is no reason to keep this one
        (OF_BEES, OF_CATS, ("ada",)),
        (OF_BOTH, OF_CATS, ("ada",)),
        (EVERYBODY, OF_BEES, ("bob", "guest")),
        (EVERYBODY, GROUPS, ("ada", "bob", "guest")),
        (EVERYBODY, EVERYBODY.replace("data: {", "data: {path: /srv/other"), ("ada", "bob", "guest")),
        (OF_BEES, EVERYBODY, ()),
        (OF_BEES, OF_BOTH, ()),
        (EVERYBODY, EVERYBODY, ()),
        # what is in a folder loses the right to be changed at once, whatever runs
        (EVERYBODY.replace("data: {", "data: {writable: true"), EVERYBODY, ()),
    ],
)
def test_a_folder_is_lost_to_those_who_got_at_it_and_do_no_longer(
    old: str, new: str, losers: tuple[str, ...]
) -> None:
    before, removal = compare_users(ListedUsers(), list_groups(old), ["ada", "bob", "guest"])
    assert removal.left == names()
    listed, removal = compare_users(before, list_groups(new), ["ada", "bob", "guest"])
    assert removal.left == names(*losers)
    # what could not be taken away is taken away the next time
    _listed, removal = compare_users(keep_unfinished(before, listed), list_groups(new), ["ada", "bob", "guest"])
    assert removal.left == names(*losers)
    _listed, removal = compare_users(listed, list_groups(new), ["ada", "bob", "guest"])
    assert removal.left == names()


def test_a_group_that_is_gone_is_known() -> None:
    before, _removal = compare_users(ListedUsers(), list_groups("users: {groups: {chess: {members: [ada]}}}"))
    _listed, removal = compare_users(before, Config())
    assert (removal.groups, removal.left) == (names("chess"), names())


def test_what_is_remembered_survives_its_file(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    text = "users: {allowed: [ada], groups: {biology: {members: [ada], shared_folder: true}}}"
    listed, _removal = compare_users(ListedUsers(names("bob")), list_groups(text))
    write_listed_users(machine, listed)
    assert read_listed_users(machine) == listed
    forget_listed_user(machine, "bob")
    again = read_listed_users(machine)
    assert again is not None
    assert (again.removed, again.groups) == (names(), listed.groups)


@pytest.mark.parametrize("content", ["", "[", "{}", '{"allowed": 1, "admin": [], "removed": []}', "\udcff"])
def test_a_damaged_file_is_not_taken_for_one_that_names_nobody(tmp_path: Path, content: str) -> None:
    machine = Machine(tmp_path)
    file = machine.path(paths.LISTED_USERS_FILE)
    file.parent.mkdir(parents=True)
    file.write_text(content, errors="surrogateescape")
    assert read_listed_users(machine) is None
    # and nobody makes a whole one of it, that would say that nobody was taken out
    forget_listed_user(machine, "bob")
    forget_listed_user(machine, "bob", ["removed"])
    assert file.read_text(errors="surrogateescape") == content


def test_where_there_is_no_file_yet_nobody_was_named(tmp_path: Path) -> None:
    assert read_listed_users(Machine(tmp_path)) == ListedUsers()


def test_a_file_without_groups_is_that_of_an_earlier_version(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    file = machine.path(paths.LISTED_USERS_FILE)
    file.parent.mkdir(parents=True)
    file.write_text('{"allowed": ["ada"], "admin": [], "removed": ["bob"]}')
    assert read_listed_users(machine) == ListedUsers(names("ada"), names(), names("bob"))
