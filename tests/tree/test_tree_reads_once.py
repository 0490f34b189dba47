"""An apply reads each thing once: the plan, what systemd says of the servers, and each step that is so already."""

from collections import Counter
from collections.abc import Callable

import pytest
from fake_root import RELEASE

from littlest import paths
from littlest.commands.apply import run_apply
from littlest.commands.install import run_install
from littlest.commands.plan import run_plan
from littlest.machine.machine import Machine

READ_ONCE = ("littlest.situation.make_plan", "littlest.situation.read_running_servers")
SERVERS_AGAIN = "littlest.commands.apply.read_running_servers"
LOOK = "littlest.system.apply_plan.is_done"


@pytest.fixture
def calls(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often an installed server's apply calls what it should call once; the calls themselves go through."""
    run_install(machine, "olga", True, None, release=RELEASE)
    counted: Counter[str] = Counter()
    for name in (*READ_ONCE, SERVERS_AGAIN, LOOK):
        count_calls(monkeypatch, name, counted)
    return counted


def count_calls(monkeypatch: pytest.MonkeyPatch, name: str, counted: Counter[str]) -> None:
    module, _, function = name.rpartition(".")
    real: Callable[..., object] = getattr(__import__(module, fromlist=[function]), function)

    def call(*arguments: object, **named: object) -> object:
        counted[name if name != LOOK else f"{LOOK} {arguments[1]}"] += 1
        return real(*arguments, **named)

    monkeypatch.setattr(name, call)


def test_an_apply_that_changes_nothing_looks_at_everything_once(machine: Machine, calls: Counter[str]) -> None:
    assert not run_apply(machine, release=RELEASE).data["changed"]
    assert {name: calls[name] for name in READ_ONCE} == dict.fromkeys(READ_ONCE, 1)
    assert not calls[SERVERS_AGAIN]
    looks = [name for name in calls if name.startswith(LOOK)]
    assert len(looks) > 20
    assert {calls[name] for name in looks} == {1}


def test_an_apply_that_changes_something_looks_again_only_from_there_on(
    machine: Machine, calls: Counter[str]
) -> None:
    machine.path(paths.CONFIG_FILE).write_text("http: {port: 8080}\nusers: {admin: [olga]}\n")
    steps = run_apply(machine, release=RELEASE).data["steps"]
    assert steps
    assert {name: calls[name] for name in READ_ONCE} == dict.fromkeys(READ_ONCE, 1)
    assert calls[SERVERS_AGAIN] == 1, "a step may have ended a server"
    looks = [calls[name] for name in calls if name.startswith(LOOK)]
    assert 1 in looks, "what comes before the first change is as it was"
    assert max(looks) == 2


def test_a_plan_looks_at_everything_once(machine: Machine, calls: Counter[str]) -> None:
    machine.make_link(paths.CURRENT_LINK, RELEASE.directory)
    run_plan(machine)
    looks = [name for name in calls if name.startswith(LOOK)]
    assert {calls[name] for name in (*READ_ONCE, *looks)} == {1}
