"""What is taken from a Unix account whose user lost rights: the way in, and the files of the shared environment."""

import os

import pytest

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.machine.machine import Machine
from littlest.plan.steps import EnsureGroup
from littlest.system.accounts.groups import ensure_group
from littlest.system.accounts.revocation import (
    end_accounts,
    find_expired_users,
    take_back_environment,
    unexpire_accounts,
)
from littlest.system.accounts.user_accounts import ensure_user_account

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def ready(machine: Machine) -> Machine:
    for name in (paths.ADMINS_GROUP, paths.USERS_GROUP):
        ensure_group(machine, EnsureGroup(name))
    for user in ("ada", "ben"):
        ensure_user_account(machine, Config(), user, admin=user == "ada")
    return machine


def read_expiry(machine: Machine) -> dict[str, str]:
    lines = (machine.read_text(paths.Path("/etc/shadow")) or "").splitlines()
    return {line.split(":")[0]: line.split(":")[7] for line in lines}


def test_by_an_account_of_somebody_shut_out_nobody_comes_in_until_they_may_again(ready: Machine) -> None:
    ready.run(["useradd", f"--prefix={ready.root}", "grace"])
    config = load_config("users: {unix_name: '{name}'}", "config.yaml")
    assert end_accounts(ready, config, ["ada", "ben", "grace", "nobody-here"], ["ben", "grace", "nobody-here"]) == ()
    # an account that the machine had before is not ours to shut
    found = read_expiry(ready)
    assert [found[name] for name in ("jupyter-ada", "jupyter-ben", "grace")] == ["", "1", ""]
    assert find_expired_users(ready, ["ada", "ben", "grace"]) == {"ben"}
    unexpire_accounts(ready, ["ada", "ben", "grace"])
    assert read_expiry(ready)["jupyter-ben"] == ""
    assert find_expired_users(ready, ["ada", "ben"]) == frozenset()
    # one who was deleted in the admin panel comes back by a start of their server
    end_accounts(ready, config, ["ben"], ["ben"])
    ensure_user_account(ready, config, "ben", admin=False)
    assert read_expiry(ready)["jupyter-ben"] == ""


def test_what_somebody_who_lost_rights_left_to_run_later_is_gone(ready: Machine) -> None:
    uids = {name: account.uid for name in ("ada", "ben") if (account := ready.read_account(f"jupyter-{name}"))}
    crontabs, jobs = paths.Path("/var/spool/cron/crontabs"), paths.Path("/var/spool/cron/atjobs")
    for name in ("ada", "ben"):
        ready.write_file(crontabs / f"jupyter-{name}", "* * * * * true\n")
        ready.write_file(jobs / f"a{name}", "true\n")
        if os.geteuid() == 0:
            os.chown(ready.path(jobs / f"a{name}"), uids[name], 0)
    allowed = load_config("users: {system_logins: true}", "config.yaml")
    end_accounts(ready, allowed, ["ada"], [])
    assert len(ready.list_directory(crontabs)) == 2
    # a former admin, whose account is the hub's alone from now on
    end_accounts(ready, Config(), ["ada"], [])
    assert tuple(ready.list_directory(crontabs)) == ("jupyter-ben",)
    end_accounts(ready, allowed, ["ben"], ["ben"])
    assert not ready.list_directory(crontabs)
    if os.geteuid() == 0:
        assert not ready.list_directory(jobs)


def test_the_day_that_an_admin_gave_an_account_is_left_alone(ready: Machine) -> None:
    ready.run(["usermod", f"--prefix={ready.root}", "--expiredate=2099-01-01", "jupyter-ben"])
    before = read_expiry(ready)
    unexpire_accounts(ready, ["ada", "ben"])
    ensure_user_account(ready, Config(), "ben", admin=False)
    assert read_expiry(ready) == before


@needs_root
def test_what_a_former_admin_has_in_the_shared_environment_is_roots(ready: Machine) -> None:
    top = ready.path(paths.USER_ENVIRONMENT_DIR)
    folder = top / "lib/package"
    folder.mkdir(parents=True)
    secret = ready.path(paths.Path("/etc/shadow"))
    for name, owner in (("tom", 1000), ("deputy", 1001)):
        (folder / name).write_text("")
        (folder / name).chmod(0o4777)
        os.chown(folder / name, owner, 1001)
    os.chown(folder, 1001, 1001)
    folder.chmod(0o2777)
    (folder / "link").symlink_to(secret)
    os.chown(folder / "link", 1001, 1001, follow_symlinks=False)
    (folder / "deputy").chmod(0o4777)
    os.mkfifo(folder / "pipe")
    os.chown(folder / "pipe", 1001, 1001)
    # ada, 1000, is still an admin
    assert take_back_environment(ready) == ()
    admins = ready.read_local_groups()[paths.ADMINS_GROUP][0]
    tom = (folder / "tom").lstat()
    assert (tom.st_uid, tom.st_gid, tom.st_mode & 0o7777) == (1000, 1001, 0o777)
    taken = {path.name: path.lstat() for path in (folder, folder / "deputy", folder / "link", folder / "pipe")}
    assert {(state.st_uid, state.st_gid) for state in taken.values()} == {(0, admins)}
    assert taken["deputy"].st_mode & 0o7777 == 0o775
    assert taken["package"].st_mode & 0o7777 == 0o2775
    assert secret.stat().st_uid == 0


def test_without_an_environment_there_is_nothing_to_take_back(ready: Machine) -> None:
    assert take_back_environment(ready) == ()
