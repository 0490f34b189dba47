"""Only the hub uses the accounts that it made, but those of admins, unless the settings say otherwise."""

import pytest

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.machine.machine import Machine
from littlest.plan.steps import EnsureGroup, WriteFile
from littlest.plan.system_logins import make_system_login_steps
from littlest.system.accounts.groups import ensure_group, leave_group
from littlest.system.accounts.login_limits import limit_system_logins
from littlest.system.accounts.members import close_system_logins, take_out_of_groups
from littlest.system.accounts.user_accounts import ensure_user_account

CLOSED = load_config("users: {admin: [tom]}", "config.yaml")
OPEN = load_config("users: {admin: [tom], system_logins: true}", "config.yaml")
OWN_NAMES = load_config("users: {admin: [tom], unix_name: '{name}'}", "config.yaml")
USERS = {"ada": False, "tom": True}


@pytest.fixture
def ready(machine: Machine) -> Machine:
    for name in (paths.ADMINS_GROUP, paths.USERS_GROUP, paths.HUB_ONLY_GROUP):
        ensure_group(machine, EnsureGroup(name))
    for user, admin in USERS.items():
        ensure_user_account(machine, CLOSED, user, admin=admin)
    return machine


def list_closed(machine: Machine) -> set[str]:
    return set(machine.read_local_groups()[paths.HUB_ONLY_GROUP][1])


def test_a_students_account_is_closed_and_an_admins_is_not(ready: Machine) -> None:
    assert list_closed(ready) == {"jupyter-ada"}
    # one of the admin panel, who may not use sudo
    ensure_user_account(ready, CLOSED, "ada", admin=True)
    assert list_closed(ready) == {"jupyter-ada"}
    ensure_user_account(ready, Config(), "tom", admin=False)
    assert list_closed(ready) == {"jupyter-ada", "jupyter-tom"}
    ensure_user_account(ready, OPEN, "ada", admin=False)
    assert list_closed(ready) == {"jupyter-tom"}


def test_an_account_that_was_there_before_stays_as_it_is(ready: Machine) -> None:
    ready.run(["useradd", f"--prefix={ready.root}", "grace"])
    ensure_user_account(ready, OWN_NAMES, "grace", admin=False)
    close_system_logins(ready, OWN_NAMES, {**USERS, "grace": False})
    assert list_closed(ready) == {"jupyter-ada"}


def test_accounts_follow_the_settings_without_a_start_of_a_server(ready: Machine) -> None:
    # of one from an earlier version, of a former admin, and of somebody whom the hub does not know any more
    leave_group(ready, "jupyter-ada", paths.HUB_ONLY_GROUP)
    close_system_logins(ready, Config(), {"tom": False})
    assert list_closed(ready) == {"jupyter-ada", "jupyter-tom"}
    take_out_of_groups(ready, CLOSED, {"tom": True}, ())
    assert list_closed(ready) == {"jupyter-ada"}
    take_out_of_groups(ready, OPEN, USERS, ())
    assert list_closed(ready) == set()


def test_somebody_who_may_not_log_in_stays_closed(ready: Machine) -> None:
    take_out_of_groups(ready, CLOSED, USERS, ("ada",))
    assert list_closed(ready) == {"jupyter-ada"}


def test_the_rules_are_there_while_the_settings_close_accounts() -> None:
    def read(config: Config) -> dict[str, str]:
        steps = make_system_login_steps(config)
        return {step.path.name: step.content for step in steps if isinstance(step, WriteFile)}

    closed, open_ = read(Config()), read(OPEN)
    assert "\nDenyGroups littlest-hub-only\n" in closed["littlest.conf"]
    assert "set-self-linger" in closed["10-littlest.rules"]
    # the files stay, so that sshd is reloaded when they change
    assert closed.keys() == open_.keys()
    assert "DenyGroups" not in open_["littlest.conf"]
    assert "addRule" not in open_["10-littlest.rules"]


def test_who_may_log_in_without_the_hub_has_the_limits_of_a_server(ready: Machine) -> None:
    account = ready.read_account("jupyter-ada")
    assert account is not None
    file = paths.Path(f"/run/systemd/system/user-{account.uid}.slice.d/littlest.conf")
    config = load_config(
        "users: {admin: [tom], system_logins: true}\nlimits: {users: {ada: {memory: 3G}}}", "config.yaml"
    )
    limit_system_logins(ready, config, USERS)
    lines = (ready.read_text(file) or "").splitlines()
    assert lines[0] == "[Slice]"
    assert {f"MemoryMax={3 * 2**30}", "TasksMax=1024"} <= set(lines)
    # an admin's is without limits
    assert len(ready.list_directory(paths.Path("/run/systemd/system"))) == 1
    limit_system_logins(ready, Config(), USERS)
    assert ready.list_directory(paths.Path("/run/systemd/system")) == ()
