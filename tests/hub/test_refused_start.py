"""A hub that does not come up with what the admin wrote: it runs with what is known to work, and says so."""

import shutil
import time
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from littlest import paths
from littlest.commands.status import run_status
from littlest.config.text.load import load_config
from littlest.errors import LittlestError
from littlest.hub.start import MOST_STARTS
from littlest.machine.machine import Machine
from littlest.plan.effects import make_live_digest, make_restart_digest
from littlest.plan.record import Record
from littlest.plan.steps import Release, ReloadHub, RunUnit
from littlest.system.hub.api import HubApi
from littlest.system.hub.reload import HubSettings, is_hub_up_to_date, read_hub_settings, reload_hub, runs_others
from littlest.system.record_file import write_record
from tests.hub.world import World

URL = "http://127.0.0.1:80/hub/api/"
GOOD = "users: {allowed: [ada]}\nannouncement: good\n"
SOON = "c.JupyterHub.activity_resolution = 'soon'\n"
"""Python as it should be; that this is no number is found when the hub makes itself ready."""
ONCE = """\
import os

if os.path.exists("/run/broken"):
    os.unlink("/run/broken")
    c.JupyterHub.activity_resolution = 'soon'
"""
END_AFTER_THE_START = """\
import os
from littlest.hub import application
from littlest.hub.live import live

tell = application.notify_systemd


def end(state):
    tell(state)
    if state == "READY=1" and live.config.announcement in ("good", "bad"):
        os._exit(1)


application.notify_systemd = end
"""


@pytest.fixture
def command(tmp_path: Path) -> Machine:
    """The side of `littlest`, with its token and its settings."""
    machine = Machine(tmp_path / "command")
    machine.write_file(paths.COMMAND_TOKEN_FILE, "2" * 64, mode=0o600)
    return machine


@pytest.fixture
def hub(world: World) -> Popen[bytes]:
    """A hub that runs with settings and without drop-ins that were applied."""
    write(world, GOOD)
    world.path(paths.LAST_GOOD_CONFIG_FILE).write_text(GOOD)
    world.start_proxy()
    return world.start_hub()


def write(world: World, text: str) -> None:
    world.path(paths.CONFIG_FILE).write_text(text)


def ask(world: World, command: Machine) -> HubSettings:
    return world.network.call(read_hub_settings, HubApi(command, URL))


def make_reload(text: str) -> ReloadHub:
    config = load_config(text, "config.yaml")
    return ReloadHub(URL, make_live_digest(config), make_restart_digest(config))


def make_run(text: str) -> RunUnit:
    config = load_config(text, "config.yaml")
    return RunUnit(paths.HUB_UNIT, (), url=URL, digest=make_restart_digest(config))


class Live(Machine):
    """One whose units run, though it is not this very machine."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.is_live = True

    def path(self, path: Any) -> Path:
        return self.root / path.relative_to("/")


def test_settings_with_which_the_hub_does_not_start_are_named_with_its_reason(
    world: World, hub: Popen[bytes], command: Machine
) -> None:
    world.stop(hub)
    # as the text goes this is right: only JupyterHub knows that it is no number
    bad = "announcement: bad\njupyterhub: {JupyterHub: {activity_resolution: soon}}\n"
    write(world, bad)
    hub = world.start_hub()
    found = ask(world, command)
    assert (found.file, found.refused) == (str(paths.LAST_GOOD_CONFIG_FILE), True)
    assert "activity_resolution" in found.problems[0]
    with pytest.raises(LittlestError, match="activity_resolution") as failure:
        world.network.call(reload_hub, command, make_reload(bad), print)
    assert "changed again" not in failure.value.message
    # the way back is another start, which the next apply makes
    write(world, GOOD)
    live = Live(command.root)
    assert world.network.call(runs_others, live, make_run(GOOD))
    assert not world.network.call(is_hub_up_to_date, live, make_reload(GOOD))
    world.stop(hub)
    world.start_hub()
    assert not world.network.call(runs_others, live, make_run(GOOD))
    world.network.call(reload_hub, command, make_reload(GOOD), print)
    assert ask(world, command).file == str(paths.CONFIG_FILE)


def test_status_says_why_the_hub_refused_settings_that_are_valid(
    world: World, hub: Popen[bytes], command: Machine
) -> None:
    world.stop(hub)
    bad = GOOD + "jupyterhub: {JupyterHub: {activity_resolution: soon}}\n"
    write(world, bad)
    world.start_hub()
    for file, text in ((paths.CONFIG_FILE, bad), (paths.LAST_GOOD_CONFIG_FILE, GOOD)):
        command.write_file(file, text)
    write_record(command, Record(paths={f"{paths.SYSTEMD_DIR}/{paths.HUB_UNIT}": "sha256:"}))

    def look() -> dict[str, Any]:
        return run_status(command, release=Release("0", paths.RELEASES_DIR / "0")).data

    data = world.network.call(look)
    assert data["hub_settings_file"] == str(paths.LAST_GOOD_CONFIG_FILE)
    assert "activity_resolution" in data["hub_settings_problems"][0]
    assert [line for line in data["problems"] if "last-good" in line and "activity_resolution" in line]
    # without the token of the command there is still a report
    command.remove(paths.COMMAND_TOKEN_FILE)
    assert world.network.call(look)["hub_problem"]


def test_a_start_that_failed_for_a_reason_that_is_gone_refuses_nothing_for_good(
    world: World, hub: Popen[bytes], command: Machine
) -> None:
    world.stop(hub)
    for folder in (paths.DROP_IN_DIR, paths.LAST_GOOD_DROP_IN_DIR):
        world.path(folder).mkdir(exist_ok=True)
        (world.path(folder) / "once.py").write_text(ONCE)
    world.path("/run/broken").touch()
    other = GOOD + "# and a comment\n"
    write(world, other)
    hub = world.start_hub()
    assert ask(world, command).refused
    # all that needs a restart is the same, and a restart is needed
    assert world.network.call(runs_others, Live(command.root), make_run(other))
    world.stop(hub)
    world.start_hub()
    found = ask(world, command)
    assert (found.file, found.refused, found.problems) == (str(paths.CONFIG_FILE), False, ())
    world.network.call(reload_hub, command, make_reload(other), print)


def test_a_drop_in_with_which_the_hub_does_not_start_is_not_used(
    world: World, hub: Popen[bytes], command: Machine
) -> None:
    world.stop(hub)
    (world.path(paths.DROP_IN_DIR) / "soon.py").write_text(SOON)
    hub = world.start_hub()
    found = ask(world, command)
    # the settings are those in the file, and what is wrong is elsewhere
    assert (found.file, found.problems, found.refused) == (str(paths.CONFIG_FILE), (), True)
    assert "activity_resolution" in found.drop_in_problems[0]
    with pytest.raises(LittlestError, match="activity_resolution"):
        world.network.call(reload_hub, command, make_reload(GOOD), print)
    world.stop(hub)
    (world.path(paths.DROP_IN_DIR) / "soon.py").unlink()
    world.start_hub()
    found = ask(world, command)
    assert (found.refused, found.drop_in_problems) == (False, ())


def test_a_drop_in_that_was_removed_since_the_start_needs_a_restart(
    world: World, hub: Popen[bytes], command: Machine
) -> None:
    world.stop(hub)
    drop_in = world.path(paths.DROP_IN_DIR) / "title.py"
    drop_in.write_text("c.JupyterHub.template_vars = {'title': 'x'}\n")
    world.start_hub()
    machine = Live(command.root)
    assert world.network.call(runs_others, machine, make_run(GOOD))
    command.write_file(paths.DROP_IN_DIR / drop_in.name, drop_in.read_text())
    assert not world.network.call(runs_others, machine, make_run(GOOD))


@pytest.mark.parametrize("text", ["import os\nos._exit(1)\n", END_AFTER_THE_START], ids=["at once", "once started"])
def test_a_drop_in_that_ends_the_hub_is_tried_a_few_times(
    world: World, hub: Popen[bytes], command: Machine, text: str
) -> None:
    world.stop(hub)
    (world.path(paths.DROP_IN_DIR) / "end.py").write_text(text)
    for _ in range(MOST_STARTS):
        # as systemd starts it
        assert world.launch_hub().wait(60) == 1
    hub = world.start_hub()
    found = ask(world, command)
    assert (found.file, found.refused) == (str(paths.CONFIG_FILE), True)
    assert f"{MOST_STARTS} times" in found.drop_in_problems[0]
    # neither its end by order nor another start makes it try again
    world.stop(hub)
    world.start_hub()
    assert ask(world, command).refused


def test_settings_that_crash_the_hub_are_retried_a_few_times(
    world: World, hub: Popen[bytes], command: Machine
) -> None:
    world.stop(hub)
    ends = END_AFTER_THE_START.replace('("good", "bad")', '("bad",)')
    for folder in (paths.DROP_IN_DIR, paths.LAST_GOOD_DROP_IN_DIR):
        world.path(folder).mkdir(exist_ok=True)
        (world.path(folder) / "end.py").write_text(ends)
    bad = GOOD.replace("good", "bad")
    write(world, bad)
    for _ in range(MOST_STARTS):
        assert world.launch_hub().wait(60) == 1
    hub = world.start_hub()
    found = ask(world, command)
    assert (found.file, found.refused) == (str(paths.LAST_GOOD_CONFIG_FILE), True)
    assert f"{MOST_STARTS} times" in found.problems[0]
    # an apply tries again
    world.stop(hub)
    world.path(paths.HUB_TRIAL_FILE).unlink()
    assert world.launch_hub().wait(60) == 1


def test_a_start_that_lasted_is_not_counted(world: World, hub: Popen[bytes], command: Machine) -> None:
    other = GOOD.replace("good", "other")
    write(world, other)
    for _ in range(MOST_STARTS + 1):
        world.stop(hub)
        hub = world.start_hub()
        assert ask(world, command).file == str(paths.CONFIG_FILE)
        # it answers a moment before it tells systemd that it is ready
        time.sleep(1)
    shutil.copy(world.path(paths.CONFIG_FILE), world.path(paths.LAST_GOOD_CONFIG_FILE))
    world.stop(hub)
    assert not world.path(paths.HUB_TRIAL_FILE).exists()
