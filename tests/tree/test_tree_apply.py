"""Applying a plan onto a fake root: exactly the planned files, twice the same as once, no moment is fatal."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from fake_root import RELEASE, list_tree, make_tree

from littlest import paths
from littlest.config.model import Config
from littlest.converge import converge, find_differences
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.build import make_plan
from littlest.plan.record import Record, render_record
from littlest.plan.steps import EnsureSecret, MakeDirectory, MakeLink, Plan, RunUnit, WriteEnvironmentFile, WriteFile
from littlest.system.apply_plan import apply_plan
from littlest.system.record_file import read_record, write_record
from littlest.system.step_kinds import STEP_KINDS

SECRET_NAMES = ("token", "crypt-key", "cookie_secret", ".env", "passwords.sqlite", "initial-passwords/")


def apply(machine: Machine, first_admin: str | None = "olga", **kwargs: object) -> int:
    plan = make_plan(Config(), RELEASE, first_admin=first_admin)
    return len(apply_plan(machine, plan, RELEASE.version, **kwargs))  # type: ignore[arg-type]


def test_every_planned_path_is_there_with_its_mode_and_owner(machine: Machine) -> None:
    apply(machine)
    steps = make_plan(Config(), RELEASE, first_admin="olga").steps
    checked = 0
    for step in steps:
        match step:
            case WriteFile() | MakeDirectory():
                state = machine.read_state(step.path)
                assert state is not None, step.path
                assert f"{state.mode:o}" == f"{step.mode:o}", step.path
                assert (state.uid, state.gid) == machine.get_ids(step.owner, step.group), step.path
            case MakeLink():
                assert machine.read_link(step.path) == step.target
            case EnsureSecret() | WriteEnvironmentFile():
                state = machine.read_state(step.path)
                assert state is not None
                assert state.mode == 0o600
            case _:
                continue
        checked += 1
    assert checked > 25
    assert {f.name for f in machine.path(paths.SYSTEMD_DIR).glob("*.wants/*")} == {
        paths.HUB_UNIT,
        paths.HUB_SOCKET_UNIT,
        paths.PROXY_UNIT,
        paths.PROXY_SOCKET_UNIT,
        paths.CULLER_UNIT,
    }


def test_nothing_else_is_written(machine: Machine) -> None:
    before = set(list_tree(machine))
    apply(machine)
    planned = {str(getattr(step, "path", "")) for step in make_plan(Config(), RELEASE).steps}
    known = (
        *planned,
        str(paths.RECORD_FILE),
        str(paths.PASSWORDS_FILE),
        str(paths.INITIAL_PASSWORD_DIR / "olga"),
        str(paths.USER_ENVIRONMENT_DIR),
        "/var/log",
    )
    extra = [
        name
        for name in set(list_tree(machine)) - before
        if f"/{name}" not in known and not name.startswith("opt/littlest/user/") and ".target.wants" not in name
    ]
    assert extra == []


def test_second_apply_changes_nothing(machine: Machine) -> None:
    apply(machine)
    before = list_tree(machine)
    inodes = {path: path.lstat().st_ino for path in machine.root.rglob("*")}
    assert apply(machine) == 0
    assert find_differences(machine, Config(), RELEASE) == ()
    assert list_tree(machine) == before
    assert {path: path.lstat().st_ino for path in machine.root.rglob("*")} == inodes


def test_what_somebody_changed_is_put_right_and_nothing_else(machine: Machine) -> None:
    apply(machine)
    before = list_tree(machine)
    machine.path(paths.SUDOERS_FILE).write_text("%littlest-admins ALL=(ALL) ALL\n")
    machine.path(paths.SECRETS_DIR).chmod(0o755)
    machine.path(paths.HUB_ENVIRONMENT_FILE).unlink()
    machine.path(paths.SYSTEMD_DIR / "multi-user.target.wants" / paths.HUB_UNIT).unlink()
    assert [type(step).__name__ for step in find_differences(machine, Config(), RELEASE)] == [
        "MakeDirectory",
        "WriteEnvironmentFile",
        "WriteFile",
        "EnableUnit",
    ]
    assert apply(machine) == 4
    assert list_tree(machine) == before


def test_what_belongs_to_the_admin_is_kept(machine: Machine) -> None:
    apply(machine)
    machine.path(paths.CONFIG_FILE).write_text("http:\n  port: 8080\n")
    drop_in = machine.path(paths.DROP_IN_DIR / "own.py")
    drop_in.write_text("c.JupyterHub.log_level = 10\n")
    package = machine.path(paths.USER_ENVIRONMENT_DIR / "lib/own.txt")
    package.write_text("installed by an admin\n")
    assert apply(machine) == 0
    assert machine.read_text(paths.CONFIG_FILE) == "http:\n  port: 8080\n"
    assert drop_in.exists()
    assert package.exists()


class Killed(BaseException):
    """Not an Exception, so that nothing can swallow it: the process is gone."""


def test_killed_after_any_step_the_next_run_converges(tmp_path: Path) -> None:
    # without a first admin: a bcrypt hash takes as long as all the rest, and has a test of its own
    whole = make_tree(tmp_path / "whole")
    count = apply(whole, first_admin=None)
    assert count > 30
    wanted = list_tree(whole)
    for kill_at in range(count):
        machine = make_tree(tmp_path / f"killed-{kill_at}")
        seen = 0

        def progress(_line: str, kill_at: int = kill_at) -> None:
            nonlocal seen
            if seen == kill_at:
                raise Killed
            seen += 1

        with pytest.raises(Killed):
            apply(machine, first_admin=None, progress=progress)
        # whatever stands there now is known to be ours
        record = read_record(machine)
        for step in make_plan(Config(), RELEASE).steps:
            if isinstance(step, WriteFile | MakeLink | MakeDirectory) and machine.read_state(step.path) is not None:
                assert str(step.path) in record.paths or getattr(step, "once", False), (kill_at, step.path)
        apply(machine, first_admin=None)
        found = list_tree(machine)
        assert found.keys() == wanted.keys(), kill_at
        different = {
            name
            for name in wanted
            if found[name] != wanted[name]
            and not any(part in name for part in SECRET_NAMES)
            and not name.startswith(("etc/shadow", "opt/littlest/user/conda-meta"))
        }
        assert different == set(), kill_at
        assert apply(machine, first_admin=None) == 0, kill_at


def test_a_start_that_nobody_saw_end_well_is_still_to_be_proved(machine: Machine) -> None:
    # the run was killed between the hub's start and the end of its wait
    apply(machine)
    machine.write_file(paths.RECORD_FILE, render_record(replace(read_record(machine), proved=False)))
    assert [type(step).__name__ for step in find_differences(machine, Config(), RELEASE)] == ["WaitUntilReady"]
    # a record of before there was such a note
    content = json.loads(machine.read_text(paths.RECORD_FILE) or "")
    del content["proved"]
    machine.write_file(paths.RECORD_FILE, json.dumps(content))
    assert find_differences(machine, Config(), RELEASE) == ()


def test_killed_inside_a_write_leaves_the_old_file(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    file = PurePosixPath("/etc/littlest/value")
    machine.write_file(file, "old")

    def fail(_descriptor: int) -> None:
        raise Killed

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(Killed):
        machine.write_file(file, "new")
    monkeypatch.undo()
    assert machine.read_text(file) == "old"
    machine.write_file(file, "new")
    assert machine.read_text(file) == "new"
    assert machine.list_directory(file.parent) == ("value",)


def test_a_unit_that_is_no_longer_planned_is_disabled_and_removed(machine: Machine) -> None:
    apply(machine)
    without_cull = Config.model_validate({"services": {"cull": {"enabled": False}}})
    converge(machine, without_cull, RELEASE)
    assert machine.read_state(paths.SYSTEMD_DIR / paths.CULLER_UNIT) is None
    assert machine.read_state(paths.SYSTEMD_DIR / "multi-user.target.wants" / paths.CULLER_UNIT) is None
    assert paths.CULLER_UNIT not in read_record(machine).units
    assert machine.read_state(paths.SYSTEMD_DIR / paths.HUB_UNIT) is not None


def test_the_empty_plan_removes_what_is_ours_and_only_that(machine: Machine) -> None:
    before = list_tree(machine)
    stranger = machine.path(paths.SYSTEMD_DIR / "stranger.service")
    stranger.write_text("[Service]\nExecStart=/bin/true\n")
    apply(machine)
    machine.path(paths.DROP_IN_DIR / "own.py").write_text("")
    apply_plan(machine, Plan(), "")
    left = set(list_tree(machine)) - set(before)
    assert stranger.exists()
    assert not any("jupyterhub" in name and "jupyterhub_config.d" not in name for name in left), left
    assert machine.read_state(paths.COMMAND_FILE) is None
    assert machine.read_state(paths.SUDOERS_FILE) is None
    assert machine.read_state(paths.CURRENT_LINK) is None
    assert machine.read_account(paths.PROXY_USER) is None
    # what people made
    assert machine.read_state(paths.DROP_IN_DIR / "own.py") is not None
    assert machine.read_state(paths.CONFIG_FILE) is not None
    assert machine.read_state(paths.PASSWORDS_FILE) is not None
    assert machine.read_state(paths.USER_ENVIRONMENT_DIR) is not None
    assert read_record(machine) == Record()


def test_a_link_that_leads_out_of_the_root_is_refused(machine: Machine) -> None:
    machine.path(PurePosixPath("/escape")).symlink_to("/etc")
    with pytest.raises(LittlestError, match="leads out of"):
        machine.write_file(PurePosixPath("/escape/passwd"), "")
    with pytest.raises(LittlestError, match="not an absolute path"):
        machine.path(PurePosixPath("/etc/../../etc/passwd"))


def test_a_damaged_record_is_an_error_that_says_what_to_do(machine: Machine) -> None:
    apply(machine)
    text = machine.read_text(paths.RECORD_FILE)
    assert text is not None
    machine.write_file(paths.RECORD_FILE, text[: len(text) // 2])
    with pytest.raises(LittlestError, match=r"record\.json is damaged") as failure:
        apply(machine)
    assert failure.value.hint is not None
    machine.write_file(paths.RECORD_FILE, json.dumps({**json.loads(text), "format": 99}))
    with pytest.raises(LittlestError, match="newer version"):
        apply(machine)


def test_nothing_secret_is_open_to_others_under_any_umask(machine: Machine) -> None:
    before = os.umask(0)
    try:
        apply(machine)
    finally:
        os.umask(before)
    for path in machine.root.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) or "opt/littlest/user" in str(path):
            continue
        assert mode & 0o022 == 0 or str(path.relative_to(machine.root)) == "tmp", path
    for path in machine.path(paths.STATE_DIR).rglob("*"):
        assert path.lstat().st_mode & 0o077 == 0, path


def test_a_restart_for_which_nobody_waited_is_not_known(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    # systemd goes on with it, and may have started the unit with what is taken back a moment later
    converge(machine, Config(), RELEASE)
    write_record(machine, replace(read_record(machine), started={paths.PROXY_UNIT: "before", paths.HUB_UNIT: "x"}))
    step = RunUnit(paths.PROXY_UNIT, ())

    def be_ended(_machine: Machine, _step: RunUnit) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("littlest.system.units.units.start_unit", be_ended)
    with pytest.raises(KeyboardInterrupt):
        STEP_KINDS[RunUnit].do(machine, step, read_record(machine), print)
    assert read_record(machine).started == {paths.HUB_UNIT: "x"}
    assert not read_record(machine).proved
