"""Who loses rights when a name is taken out of config.yaml."""

from littlest.config.model import Users
from littlest.hub.listed import ListedUsers, compare_users


def names(*who: str) -> frozenset[str]:
    return frozenset(who)


def test_at_the_first_start_nobody_loses_anything() -> None:
    listed, removal = compare_users(ListedUsers(), Users(admin=("teacher",), allowed=("ada",)))
    assert (removal.no_longer_admin, removal.not_allowed) == (names(), names())
    assert listed == ListedUsers(names("ada"), names("teacher"))


def test_who_is_no_longer_an_admin_in_the_file_is_none_in_the_hub() -> None:
    before = ListedUsers(names(), names("teacher", "old"))
    _listed, removal = compare_users(before, Users(admin=("teacher",), allowed=("old",)))
    assert removal.no_longer_admin == names("old")
    assert removal.not_allowed == names()


def test_who_is_taken_out_may_not_log_in_though_the_hub_knows_them() -> None:
    before = ListedUsers(names("ada", "bob"), names("old"))
    _listed, removal = compare_users(before, Users(allowed=("ada",)))
    assert removal.not_allowed == removal.just_removed == names("bob", "old")


def test_it_stays_so_at_later_starts_until_the_name_comes_back() -> None:
    listed, _removal = compare_users(ListedUsers(names("bob")), Users())
    listed, removal = compare_users(listed, Users())
    assert removal.not_allowed == names("bob")
    # whoever was let in again since in the admin panel keeps a running server
    assert removal.just_removed == names()
    listed, removal = compare_users(listed, Users(allowed=("bob",)))
    assert removal.not_allowed == names()
    assert listed.removed == names()
