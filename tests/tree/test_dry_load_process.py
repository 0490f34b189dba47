"""The process that asks JupyterHub about settings: drop-ins that hang it or end it, and what it keeps to itself."""

import pytest

from littlest import paths
from littlest.config.load import load_located_config
from littlest.config.problems import InvalidConfig
from littlest.system.checks import load_checked_config
from littlest.system.dry_load import find_hub_problems
from littlest.system.machine import Machine


def explain(machine: Machine, text: str = "", seconds: float = 30.0, **drop_ins: str) -> list[str]:
    for name, content in drop_ins.items():
        machine.write_file(paths.DROP_IN_DIR / f"{name}.py", content)
    return [str(found) for found in find_hub_problems(machine, load_located_config(text, "config.yaml"), seconds)]


@pytest.mark.parametrize(
    "wait", ["import time; time.sleep(900)", "while True: pass", "import re; re.match('(a*)*b', 'a' * 99)"]
)
def test_a_drop_in_that_does_not_end_is_named(machine: Machine, wait: str) -> None:
    found = explain(machine, seconds=1, good="c.Spawner.http_timeout = 3\n", hangs=f"a = 1\n{wait}\n")
    assert found == ["/etc/littlest/jupyterhub_config.d/hangs.py:2: does not come to an end within 1 seconds"]


def test_a_drop_in_that_ends_the_process_is_named(machine: Machine) -> None:
    found = explain(machine, a="c.Spawner.http_timeout = 3\n", ends="import os\nos._exit(0)\n")
    assert found == ["/etc/littlest/jupyterhub_config.d/ends.py:1: ends the hub"]


def test_what_a_drop_in_says_and_starts_is_kept_from_the_answer(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LITTLEST_COMMAND_TOKEN", "a real token")
    drop_in = """\
import os, sys, threading, time
print('{"problems": []}')
print("said", file=sys.stderr)
os.write(1, b"x")
threading.Thread(target=time.sleep, args=[900]).start()
assert sys.stdin.read() == ""
assert "a real token" not in str(os.environ), "a token"
nothing_of_this_name
"""
    (found,) = explain(machine, x=drop_in)
    assert found.endswith("x.py:8: NameError: name 'nothing_of_this_name' is not defined")
    assert capfd.readouterr() == ("", "")


def test_problems_of_files_traits_and_drop_ins_come_in_one_run(machine: Machine) -> None:
    text = """\
auth:
  type: native
  settings: {nothing: 3}
metrics:
  token: {file: /etc/littlest/metrics-token}
"""
    machine.write_file(paths.DROP_IN_DIR / "x.py", "c.Spawner.http_timeout = 'soon'\n")
    with pytest.raises(InvalidConfig) as caught:
        load_checked_config(machine, text, "config.yaml")
    assert [str(problem).split(": ")[0] for problem in caught.value.problems] == [
        "config.yaml:3",
        "config.yaml:5",
        "/etc/littlest/jupyterhub_config.d/x.py:1",
    ]


def test_nothing_is_written_where_the_hub_keeps_its_files(machine: Machine) -> None:
    before = sorted(machine.root.rglob("*"))
    text = "auth: {type: native, settings: {check_common_password: false}}\nusers: {admin: [ada], allowed: [ben]}\n"
    assert explain(machine, text) == []
    assert sorted(machine.root.rglob("*")) == before
