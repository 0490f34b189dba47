"""The process that asks JupyterHub about settings: drop-ins that hang it or end it, and what it keeps to itself."""

from pathlib import PurePosixPath as Path

import pytest

from littlest import paths
from littlest.commands.config.help import run_help
from littlest.config.text.load import load_located_config
from littlest.config.text.problems import InvalidConfig
from littlest.errors import UsageError
from littlest.machine.machine import Machine
from littlest.system.config_checks import load_checked_config
from littlest.system.hub.dry_run import find_hub_problems


def explain(machine: Machine, text: str = "", seconds: float = 30.0, **drop_ins: str) -> list[str]:
    for name, content in drop_ins.items():
        machine.write_file(paths.DROP_IN_DIR / f"{name}.py", content)
    return [str(found) for found in find_hub_problems(machine, load_located_config(text, "config.yaml"), seconds)]


@pytest.mark.parametrize(
    "wait", ["import time; time.sleep(900)", "while True: pass", "import re; re.match('(a*)*b', 'a' * 99)"]
)
def test_a_drop_in_that_does_not_end_is_named(machine: Machine, wait: str) -> None:
    found = explain(machine, seconds=1, good="c.Spawner.http_timeout = 3\n", hangs=f"a = 1\n{wait}\n")
    assert found == ["/etc/littlest/jupyterhub_config.d/hangs.py:2: does not finish within 1 seconds"]


def test_a_drop_in_that_ends_the_process_is_named(machine: Machine) -> None:
    found = explain(machine, a="c.Spawner.http_timeout = 3\n", ends="import os\nos._exit(0)\n")
    assert found == ["/etc/littlest/jupyterhub_config.d/ends.py:1: ends the hub"]


def test_a_drop_in_that_leads_nowhere_is_named(machine: Machine) -> None:
    machine.make_link(paths.DROP_IN_DIR / "x.py", Path("/srv/gone.py"))
    (found,) = explain(machine)
    assert "x.py:1: leads to /srv/gone.py, and there is no such file; sudo rm " in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "JupyterHub: {log_level: loud}",
            "'DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'], not text",
        ),
        ("CryptKeeper: {keys: [hush]}", "cannot be set: littlest makes that key itself"),
        ("CryptKeeper: {keys: hush}", "cannot be set: littlest makes that key itself"),
    ],
)
def test_a_trait_that_is_not_for_yaml_is_refused_in_plain_words(machine: Machine, text: str, said: str) -> None:
    (found,) = explain(machine, f"jupyterhub: {{{text}}}")
    assert said in found
    assert "hush" not in found


def test_a_trait_is_explained_by_its_own_class(machine: Machine) -> None:
    lines = run_help(machine, "jupyterhub.Spawner.http_timeout").lines
    assert lines[0] == "jupyterhub.Spawner.http_timeout"
    assert "Timeout (in seconds)" in " ".join(lines)
    assert not any("  " in line for line in lines[:-2]), "as its source is indented"
    assert lines[-2:] == ("Takes:    a whole number", "Default:  120")
    # the class in use, which the settings name
    machine.write_file(paths.CONFIG_FILE, "auth: {type: native}\n", mode=0o640)
    lines = run_help(machine, "jupyterhub.NativeAuthenticator.check_common_password").lines
    assert lines[-2:] == ("Takes:    true or false", "Default:  true")
    for key, word in {
        "jupyterhub.Spawner.http_timeot": "Did you mean http_timeout?",
        "jupyterhub.Spwner.http_timeout": "Did you mean Spawner?",
        "jupyterhub.Spawner.mem_limit": "Use limits.memory",
    }.items():
        with pytest.raises(UsageError) as caught:
            run_help(machine, key)
        assert caught.value.hint == word
    # without a trait, what there is to say of all of them
    assert "names of classes" in " ".join(run_help(machine, "jupyterhub").lines)


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
