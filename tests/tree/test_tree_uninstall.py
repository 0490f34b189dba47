"""What uninstall must not do, and what it must not leave."""

import json
import shlex

import pytest
from fake_root import RELEASE, list_tree

from littlest import paths
from littlest.commands.install import run_install
from littlest.commands.uninstall import run_uninstall
from littlest.errors import LittlestError, NeedsAPerson
from littlest.machine.machine import Machine


@pytest.fixture
def installed(machine: Machine) -> Machine:
    run_install(machine, None, False, None, release=RELEASE)
    return machine


@pytest.mark.parametrize("purge", [True, False])
def test_a_terminal_of_the_hub_is_refused_because_it_would_end_first(installed: Machine, purge: bool) -> None:
    installed.write_file(
        paths.Path("/proc/self/cgroup"), "0::/jupyterhub.slice/jupyterhub-users.slice/jupyter-olga.service\n"
    )
    before = list_tree(installed)
    with pytest.raises(LittlestError, match="belongs to a server of JupyterHub") as failure:
        run_uninstall(installed, purge)
    assert "SSH" in (failure.value.hint or "")
    assert list_tree(installed) == before
    installed.write_file(paths.Path("/proc/self/cgroup"), "0::/user.slice/user-0.slice/session-1.scope\n")
    run_uninstall(installed, purge)


def test_a_shared_directory_goes_only_where_we_made_it(machine: Machine) -> None:
    shared = machine.path(paths.SUDOERS_FILE.parent)
    shared.mkdir()
    run_install(machine, None, False, None, release=RELEASE)
    run_uninstall(machine, True)
    assert list(shared.iterdir()) == []


def test_a_removal_that_stops_half_way_is_not_said_to_have_changed_nothing(installed: Machine) -> None:
    def fail(line: str) -> None:
        if str(paths.COMMAND_FILE) in line:
            raise OSError(1, "Operation not permitted")

    with pytest.raises(NeedsAPerson, match=r"only a part was removed.*Operation not permitted"):
        run_uninstall(installed, False, progress=fail)
    run_uninstall(installed, False)
    assert installed.read_state(paths.COMMAND_FILE) is None


def test_purge_removes_what_was_added_to_units_even_after_an_uninstall(installed: Machine) -> None:
    added = paths.SYSTEMD_DIR / f"{paths.HUB_UNIT}.d/override.conf"
    installed.write_file(added, "[Service]\nNice=5\n")
    run_uninstall(installed, False)
    assert installed.read_state(added) is not None
    run_uninstall(installed, True)
    assert installed.read_state(added.parent) is None


def test_purge_goes_on_when_a_group_cannot_be_removed(installed: Machine) -> None:
    group = installed.read_group(paths.ADMINS_GROUP)
    assert group is not None
    # groupdel refuses the first group of an account
    installed.run(["useradd", f"--prefix={installed.root}", f"--gid={group[0]}", "vera"])
    with pytest.raises(NeedsAPerson, match=f"the group {paths.ADMINS_GROUP}"):
        run_uninstall(installed, True)
    assert installed.read_group(paths.USERS_GROUP) is None
    assert installed.read_state(paths.ETC_DIR) is None
    assert installed.read_state(paths.RELEASES_DIR) is None


@pytest.mark.parametrize("purge", [False, True])
def test_everything_that_stays_is_named(installed: Machine, purge: bool) -> None:
    installed.write_file(
        paths.CONFIG_FILE, "users: {admin: [admin]}\nshared_folders: {data: {path: /srv/data, link: false}}\n"
    )
    broken, added = paths.OPT_DIR / "user.broken", paths.SYSTEMD_DIR / f"{paths.HUB_UNIT}.d"
    old, exchange, gone = paths.Path("/srv/our old data"), paths.SHARED_DIR / "exchange", paths.Path("/srv/gone")
    for folder in (broken, old, exchange, paths.Path("/srv/data")):
        installed.path(folder).mkdir(parents=True)
    installed.write_file(added / "override.conf", "[Service]\nNice=5\n")
    installed.write_file(paths.LINKED_FOLDERS_FILE, json.dumps([["data", str(old)], ["x", str(gone)]]))
    report = run_uninstall(installed, purge)
    assert report.data["shared_folders"] == ["/srv/data", str(exchange), str(old)]
    assert (str(added) in report.data["kept"]) is not purge
    assert str(broken) in report.data["kept"]
    for path in (broken, old, exchange):
        assert any(str(path) in line for line in report.lines)
        assert installed.read_state(path) is not None
    assert not any(str(gone) in line for line in report.lines)
    # the last line removes nothing that was perhaps here before us
    assert shlex.split(report.lines[-1])[3:] == report.data["kept"]
