"""The command line: help, usage, exit codes, and that errors end as a few plain lines."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from littlest import __version__
from littlest.cli import config as cli_config
from littlest.cli import main as cli
from littlest.errors import ExitCode, LittlestError
from littlest.machine.machine import Machine
from littlest.report import Report


def use_machine(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Machine | None]) -> None:
    for module in (cli, cli_config):
        monkeypatch.setattr(module, "make_machine", make)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a machine that is not this one."""
    (tmp_path / "etc" / "littlest").mkdir(parents=True)
    use_machine(monkeypatch, lambda: Machine(tmp_path))
    return tmp_path


def write_config(root: Path, content: str | bytes) -> None:
    file = root / "etc" / "littlest" / "config.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"littlest {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [["--help"], ["-h"], ["config", "--help"], ["status", "--help"], ["uninstall", "-h"], ["install", "--help"]],
)
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 0
    assert "Usage: littlest" in capsys.readouterr().out


def test_help_lists_the_verbs_but_not_the_installers(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["--help"])
    said = capsys.readouterr().out
    for verb in ("status", "plan", "apply", "config", "completion", "logs", "uninstall"):
        assert f"\n  {verb} " in said
    assert "\n  install " not in said


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["--nonsense"],
        ["status", "extra"],
        ["config", "nonsense"],
        ["logs", "-n", "many"],
        ["logs", "-f", "--json"],
    ],
)
def test_wrong_usage(words: list[str], root: Path) -> None:
    assert cli.run(words) == ExitCode.USAGE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["config", "set"], "Missing argument"),
        (["config", "show", "--nope"], "No such option"),
        (["config", "set", "http.port", "80", "--nope"], "No such option: --nope"),
        (["config", "bogus"], "bogus"),
        (["logs", "-n", "many"], "integer"),
    ],
)
def test_wrong_usage_as_json(words: list[str], said: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*words, "--json"]) == ExitCode.USAGE
    told = json.loads(capsys.readouterr().out)
    assert said in told["error"]
    assert "--help" in told["hint"]
    assert told["exit_code"] == ExitCode.USAGE


def test_settings_in_force(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "http:\n  port: 8000\nusers:\n  admin: [0123]\n")
    assert cli.run(["config", "show"]) == 0
    said = capsys.readouterr().out
    assert "  port: 8000\n" in said
    assert '    - "0123"\n' in said
    assert "  memory: 1G\n" in said


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("http.port", "8000\n"),
        ("http.address", "\n"),
        ("base_url", "/\n"),
        ("limits.cpu", "null\n"),
        ("services.cull.enabled", "true\n"),
        ("users.admin", '- ada\n- "null"\n'),
        ("users.banned", ""),
        ("http", 'address: ""\nport: 8000\n'),
    ],
)
def test_one_setting(key: str, said: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "http:\n  port: 8000\nusers:\n  admin: [ada, null]\n")
    assert cli.run(["config", "show", key]) == 0
    assert capsys.readouterr().out == said


def test_settings_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "")
    assert cli.run(["config", "show", "--json"]) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert settings["limits"]["memory"] == "1G"
    assert settings["limits"]["cpu"] is None
    assert settings["users"]["admin"] == []
    cli.run(["config", "show", "http.port", "--json"])
    assert json.loads(capsys.readouterr().out) == {"key": "http.port", "value": 80, "exit_code": 0}


def write_last_good(root: Path, content: str) -> None:
    file = root / "var" / "lib" / "littlest" / "last-good-config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(content)


def test_defaults_and_what_differs_from_them(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "http:\n  port: 80\nlimits:\n  memory: 2G\n  users:\n    ada: {cpu: 2}\n")
    assert cli.run(["config", "show", "--diff"]) == 0
    assert capsys.readouterr().out == "limits:\n  memory: 2G\n  users:\n    ada:\n      cpu: 2\n"
    assert cli.run(["config", "show", "limits.memory", "--defaults"]) == 0
    assert capsys.readouterr().out == "1G\n"
    assert cli.run(["config", "show", "--diff", "--defaults"]) == ExitCode.USAGE
    capsys.readouterr()
    # what is as ever does not differ
    assert cli.run(["config", "show", "http.address", "--diff"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "text",
    [
        "users:\n  groups:\n    biology:\n      members:\n        - ada\n    chemistry: {}\n",
        "users:\n  groups:\n    biology:\n      limits:\n        memory: null\n",
        "shared_folders:\n  data:\n    path: /srv/data\n",
        "auth:\n  type: native\n  open_signup: true\n",
        "auth:\n  allow_all: true\n",
        "limits:\n  users:\n    ada:\n      cpu: null\n",
        "metrics:\n  token:\n    file: /etc/littlest/metrics-token\n",
        "jupyterhub:\n  JupyterHub:\n    shutdown_on_logout: false\n",
    ],
)
def test_defaults_within_what_has_a_name_of_your_own_do_not_differ(
    text: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(root, text)
    assert cli.run(["config", "show", "--diff"]) == 0
    assert capsys.readouterr().out == text


def test_settings_that_are_not_applied_yet(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "limits:\n  memory: 2G\n")
    write_last_good(root, "limits:\n  memory: 3G\n")
    assert cli.run(["config", "show", "limits.memory"]) == 0
    assert capsys.readouterr().out == "2G\n"
    assert cli.run(["config", "show", "limits.memory", "--effective"]) == 0
    said = capsys.readouterr()
    assert said.out == "3G\n"
    assert "not applied yet: sudo littlest apply" in said.err


def test_last_good_settings_stand_in_for_those_that_are_not_valid(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(root, "limits:\n  memry: 2G\n")
    write_last_good(root, "limits:\n  memory: 3G\n")
    assert cli.run(["config", "show", "limits.memory"]) == ExitCode.INVALID_CONFIG
    said = capsys.readouterr()
    assert said.out == "3G\n"
    assert "config.yaml:2: limits.memry: unknown key" in said.err
    assert "last known good settings" in said.err
    assert cli.run(["config", "show", "limits.memory", "--effective"]) == 0
    capsys.readouterr()
    cli.run(["config", "show", "limits.memory", "--json"])
    assert json.loads(capsys.readouterr().out)["problems"][0]["key"] == "limits.memry"
    assert cli.run(["config", "get", "limits.memory"]) == ExitCode.INVALID_CONFIG


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("http.port", "80\n"),
        ("limits.cpu", "null\n"),
        ("users.admin", "ada\n0123\n"),
        ("users.banned", ""),
        ("limits.users.Ada.memory", "2G\n"),
        ('limits.users."b.c".memory', "1G\n"),
        ("announcement", "a: b\n"),
        ("metrics.token", "********\n"),
    ],
)
def test_one_value_for_a_script(key: str, said: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(
        root,
        "users:\n  admin: [ada, 0123]\nlimits: {users: {ada: {memory: 2G}, b.c: {memory: 1G}}}\n"
        'announcement: "a: b"\nmetrics: {token: hush}\n',
    )
    assert cli.run(["config", "get", key]) == 0
    told = capsys.readouterr()
    assert told.out == said
    # a script that takes the mask for the secret finds a word about it in its log
    assert ("--reveal" in told.err) == (key == "metrics.token")


def test_value_that_is_not_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "limits: {users: {ada: {memory: 2G}}}\n")
    assert cli.run(["config", "get", "limits.memry"]) == ExitCode.USAGE
    assert cli.run(["config", "get", "limits.users.bob.memory"]) == ExitCode.FAILED
    assert "limits.users has no bob" in capsys.readouterr().err


def test_secrets_are_shown_only_when_they_are_asked_for(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "metrics: {token: hush}\n")
    cli.run(["config", "show"])
    cli.run(["config", "show", "--json"])
    assert "hush" not in capsys.readouterr().out
    assert cli.run(["config", "show", "metrics.token", "--reveal"]) == 0
    assert capsys.readouterr().out == "hush\n"


def test_settings_are_changed_and_read_again(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "# mine\n")
    assert cli.run(["config", "set", "limits.cpu", "--", "-1"]) == ExitCode.INVALID_CONFIG
    assert cli.run(["config", "set", "limits.cpu", "-1"]) == ExitCode.INVALID_CONFIG
    dashes = ["announcement", "- no class, he is ill", "limits.cpu", "-1"]
    assert cli.run(["config", "set", *dashes]) == ExitCode.INVALID_CONFIG
    assert cli.run(["config", "set", "limits.memory", "2G", "limits.cpu", "2", "--json"]) == 0
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert [(change["key"], change["old"], change["new"]) for change in changes] == [
        ("limits.memory", "1G", "2G"),
        ("limits.cpu", None, 2.0),
    ]
    assert cli.run(["config", "add", "users.admin", "ada"]) == 0
    assert cli.run(["config", "remove", "users.admin", "bob"]) == ExitCode.FAILED
    assert cli.run(["config", "remove", "users.admin", "ada"]) == 0
    assert cli.run(["config", "unset", "limits"]) == 0
    assert (root / "etc/littlest/config.yaml").read_text() == "# mine\n"


def test_secret_is_read_from_the_input(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(root, "")
    monkeypatch.setattr(sys, "stdin", io.StringIO("hushhush\n"))
    assert cli.run(["config", "set", "metrics.token", "-"]) == 0
    assert (root / "etc/littlest/config.yaml").read_text() == 'metrics:\n  token: "hushhush"\n'
    assert cli.run(["config", "set", "metrics.token", "loud"]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert "hush" not in said.out + said.err
    assert "loud" not in said.out + said.err


def test_validation_for_programs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "http: {prt: 1}\n")
    assert cli.run(["config", "validate", "--json"]) == ExitCode.INVALID_CONFIG
    said = json.loads(capsys.readouterr().out)
    assert (said["file"], said["valid"], said["exit_code"]) == ("/etc/littlest/config.yaml", False, 3)
    assert said["problems"][0]["key"] == "http.prt"
    assert "error" in said


def test_help_and_schema(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["config", "help", "limits.memory"]) == 0
    assert "512M" in capsys.readouterr().out
    assert cli.run(["config", "help", "limits.memry"]) == ExitCode.USAGE
    capsys.readouterr()
    assert cli.run(["config", "schema"]) == 0
    assert "limits" in json.loads(capsys.readouterr().out)["properties"]


def test_unknown_setting(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["config", "show", "limits.memry"]) == ExitCode.USAGE
    assert "Did you mean limits.memory?" in capsys.readouterr().err
    assert cli.run(["config", "show", "http.port.x"]) == ExitCode.USAGE


@pytest.mark.parametrize("words", [["config", "show"], ["config", "validate"]])
def test_settings_that_are_not_valid(words: list[str], root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "http:\n  prt: 80\n  port: x\n")
    assert cli.run(words) == ExitCode.INVALID_CONFIG
    said = capsys.readouterr().err
    assert "/etc/littlest/config.yaml:2: http.prt: unknown key; did you mean http.port?" in said
    assert "/etc/littlest/config.yaml:3: http.port: x is not a whole number" in said


def test_bytes_that_are_no_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, b"\xff\xfe\x00")
    assert cli.run(["config", "validate", "--json"]) == ExitCode.INVALID_CONFIG
    assert json.loads(capsys.readouterr().out)["problems"][0]["line"] == 1


def test_valid_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(root, "limits:\n  memory: 2G\n")
    assert cli.run(["config", "validate"]) == 0
    assert capsys.readouterr().out == "/etc/littlest/config.yaml is valid.\n"


def test_file_to_validate_is_missing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["config", "validate", "/nowhere.yaml"]) == ExitCode.USAGE
    assert "There is no file /nowhere.yaml." in capsys.readouterr().err


def test_directory_to_validate(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["config", "validate", "/etc/littlest"]) == ExitCode.FAILED
    assert "cannot be read" in capsys.readouterr().err


def test_uninstall_asks_on_a_terminal_only(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert cli.run(["uninstall", "--purge"]) == ExitCode.USAGE
    assert "--yes" in capsys.readouterr().err


def raise_error(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (LittlestError("It failed.", "Try this."), 1, "littlest: It failed.\nTry this.\n"),
        (KeyError("surprise"), 1, "Bug in littlest: KeyError: 'surprise'"),
        (
            PermissionError(13, "Permission denied", "/x"),
            1,
            "Operating system error: [Errno 13] Permission denied: '/x'.",
        ),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_every_error_ends_as_a_few_plain_lines(
    error: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_machine(monkeypatch, lambda: raise_error(error))
    assert cli.run(["config", "show"]) == code
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 3


@pytest.mark.parametrize("words", [["--debug", "config", "show"], ["config", "show", "--debug"]])
def test_debug_shows_where_it_comes_from(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_machine(monkeypatch, lambda: raise_error(KeyError("surprise")))
    assert cli.run(words) == 1
    assert "Traceback" in capsys.readouterr().err


def test_error_names_the_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LITTLEST_LOG", "/var/log/littlest/install.log")
    use_machine(monkeypatch, lambda: raise_error(LittlestError("It failed.")))
    cli.run(["config", "show"])
    assert capsys.readouterr().err.endswith("Log: /var/log/littlest/install.log\n")


def test_exit_code_is_the_reports(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr("littlest.commands.config.show.run_show", lambda *_, **__: Report(exit_code=ExitCode.DRIFT))
    assert cli.run(["config", "show"]) == ExitCode.DRIFT


@pytest.mark.parametrize("word", ["@list.txt", "-"])
def test_values_come_from_a_file_or_from_the_input(
    word: str, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(root, "users:\n  allowed: [grace]\n")
    text = "ada\r\n\r\nlovelace, a.\r\n  bob \r\n"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert cli.run(["config", "add", "users.allowed", word, "zoe"]) == 0
    assert cli.run(["config", "get", "users.allowed"]) == 0
    assert capsys.readouterr().out.splitlines()[-5:] == ["grace", "ada", "lovelace, a.", "bob", "zoe"]
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert cli.run(["config", "remove", "users.allowed", word]) == 0


@pytest.mark.parametrize(
    ("content", "words"), [(None, "list.txt cannot be read"), (b"\xff", "not UTF-8"), (b"\n", "no value")]
)
def test_a_list_that_cannot_be_read_changes_nothing(
    content: bytes | None,
    words: str,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_config(root, "users: {}\n")
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "list.txt").write_bytes(content)
    assert cli.run(["config", "add", "users.allowed", "@list.txt"]) == ExitCode.USAGE
    assert words in capsys.readouterr().err


def test_ctrl_c_while_python_still_imports_leaves_no_traceback(tmp_path: Path) -> None:
    # the first thing that the command line imports
    (tmp_path / "typer.py").write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"}
    done = subprocess.run(
        # a run of the tests in the background ignores it
        ["env", "--default-signal=INT", sys.executable, "-m", "littlest", "status"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
