"""Every message that people see, as far as it can be provoked without a server, against tests/golden/messages.txt."""

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import typer
from fake_root import make_tree

from littlest.cli import config as cli_config
from littlest.cli import main as cli
from littlest.cli import user as cli_user
from littlest.config.resolve import UserLimits
from littlest.config.text.load import load_config
from littlest.machine.machine import Machine
from littlest.plan.changes import find_changes, render_change
from littlest.plan.describe import find_warnings
from littlest.plan.effects import Effect
from littlest.plan.impact import Affected, find_restarts, render_affected
from littlest.plan.unit_files import render_units
from littlest.system.step_kinds import STEP_KINDS
from tests.support.bad_files import BAD_FILES, BAD_PLACES, BAD_REFERENCES
from tests.support.golden import check_messages, parse_golden, render_golden

CERTIFICATE = "https: {enabled: true, certificate: /etc/certificate, key: /etc/key}"
CHANGES = (
    "announcement: Hello.",
    "auth: {type: pam}",
    "auth: {first_login: one_time}",
    "base_url: /x/",
    "external_url: https://hub.example.org/",
    "http: {port: 8080}",
    CERTIFICATE,
    "https: {redirect: false}",
    "jupyterhub: {JupyterHub: {x: 1}}",
    "limits: {memory: 2G}",
    "limits: {open_servers: 3}",
    "limits: {reserve: 20%}",
    "limits: {users: {ada: {cpu: 1}}}",
    "metrics: {public: true}",
    "proxy: {trusted: [10.0.0.1]}",
    "services: {cull: {timeout: 7200}}",
    "services: {managed: {grader: {command: [/bin/true]}}}",
    "shared_folders: {data: {}}",
    "user_environment: {default_app: notebook}",
    "users: {admin: [ada]}",
    "users: {allowed: [ada, bob]}",
    "users: {banned: [ada]}",
    "users: {groups: {biology: {shared_folder: true}}}",
    "users: {homes: /mnt}",
    "users: {unix_name: '{name}'}",
)
WARNINGS = (
    "",
    "users: {admin: [ada]}\nproxy: {trusted: [0.0.0.0/0]}",
    "users: {admin: [ada]}\nhttps: {letsencrypt: {email: ada@example.org, domains: [hub.example.org]}}",
    "users: {admin: [ada]}\nservices: {managed: {grader: {command: [/bin/true, --token=hush]}}}",
)
GOOD = "http: {port: 8000}\nusers: {admin: [ada]}\n"
BAD = "http:\n  prt: 80\n  port: x\n"
COMMANDS: tuple[tuple[str, str], ...] = (
    # wrong usage
    *((GOOD, line) for line in ("nonsense", "--nonsense", "status extra", "config nonsense", "logs -n many")),
    *((GOOD, line) for line in ("logs -f --json", "--json status", "config set", "config show --nope", "uninstall")),
    *((GOOD, line) for line in ("config set --json", "config set http.port", "uninstall --purge", "completion tcsh")),
    # settings that there are not, or that cannot have this value
    *((GOOD, f"config show {key}") for key in ("limits.memry", "http.port.x", "users.allowed.0")),
    *((GOOD, f"config get {key}") for key in ("limits.memry", "users", "users.groups.nobody")),
    *((GOOD, f"config set {rest}") for rest in ("limits.memry 2G", "http.port x", "http.port 0", "users.admin")),
    *((GOOD, f"config unset {rest}") for rest in ("limits.memry", "limits.memory")),
    *((GOOD, f"config add {rest}") for rest in ("http.port 1", "users.admin ada", "users.allowed a/b")),
    *((GOOD, f"config remove {rest}") for rest in ("http.port 1", "users.admin bob")),
    *((GOOD, f"config help {rest}") for rest in ("limits.memry", "limits.memory", "auth.type")),
    *((GOOD, f"config {verb}") for verb in ("history", "diff 1", "rollback", "rollback 7", "validate")),
    *((GOOD, f"config validate {file}") for file in ("/nowhere.yaml", "/etc/littlest", "--json")),
    *((GOOD, f"user {rest}") for rest in ("remove eve", "import /nowhere.csv", "add a/b", "list", "passwd ada")),
    # a file that is not valid
    *((BAD, f"config {verb}") for verb in ("show", "get http.port", "set http.port 80", "validate", "diff 1")),
    *((BAD, line) for line in ("plan", "apply", "status", "plan --json")),
)


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of a certain width, which help texts are wrapped for, and nobody at it."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))


class CommandLine:
    """The command line of a machine whose root is a folder."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        for module in (cli, cli_config, cli_user):
            monkeypatch.setattr(module, "make_machine", lambda: Machine(root))

    def run(self, *words: str) -> str:
        """Run one command; gives its exit code and what it wrote, without the places of this test."""
        code = cli.run(list(words))
        said = self._capsys.readouterr()
        return f"(exit code {code})\n{said.out}{said.err}".replace(str(self.root), "ROOT")


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    make_tree(tmp_path / "root")
    (tmp_path / "root/etc/littlest").mkdir()
    return CommandLine(tmp_path / "root", monkeypatch, capsys)


def test_every_help(command_line: CommandLine) -> None:
    def list_commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, part in getattr(command, "commands", {}).items():
            yield from list_commands(part, (*words, name))

    check_messages(
        "help",
        {
            " ".join(("littlest", *words)): command_line.run(*words, "--help")
            for words in list_commands(typer.main.get_command(cli.app), ())
        },
    )


def test_every_problem_of_a_settings_file(command_line: CommandLine) -> None:
    said = {}
    for case in (*BAD_FILES, *BAD_REFERENCES):
        file = command_line.root / "tmp/config.yaml"
        file.write_bytes(case.data)
        said[case.name] = command_line.run("config", "validate", "/tmp/config.yaml")
        assert said[case.name].startswith(f"(exit code {case.exit})"), said[case.name]
    check_messages("settings file", said)


def test_every_place_that_holds_no_settings_file(command_line: CommandLine) -> None:
    said = {}
    for case in BAD_PLACES:
        if case.account == "root":
            folder = command_line.root / "tmp" / case.name
            folder.mkdir()
            subprocess.run(["sh", "-ec", case.make], cwd=folder, check=True)
            said[case.name] = command_line.run("config", "validate", f"/tmp/{case.name}/config.yaml")
    check_messages("settings place", said)


def test_every_error_of_a_command(command_line: CommandLine) -> None:
    said = {}
    for text, line in COMMANDS:
        (command_line.root / "etc/littlest/config.yaml").write_text(text)
        title = f"littlest {line}" + (", with settings that are not valid" if text == BAD else "")
        said[title] = command_line.run(*line.split())
    check_messages("command", said)


def make_sample(kind: Any, name: str) -> Any:
    """Make some value of this type for the field of this name."""
    if kind is UserLimits:
        return UserLimits(None, None, None, None)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if kind is PurePosixPath:
        return PurePosixPath(f"/some/{name}")
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return (f"{name}-1", f"{name}-2") if inner is str else ()
    return {str: f"some-{name}", int: 0, float: 0.0, bool: False}[kind]


def test_the_sentence_of_every_step() -> None:
    said = {}
    for kind in STEP_KINDS:
        hints = get_type_hints(kind)
        needed = [field.name for field in fields(kind) if field.default is MISSING]
        said[kind.__name__] = kind(**{name: make_sample(hints[name], name) for name in needed}).describe()
    check_messages("step", said)


def test_the_sentence_of_every_change() -> None:
    default = load_config("", "config.yaml")
    said, effects = {}, set()
    for text in CHANGES:
        new = load_config(text, "config.yaml")
        for title, changes in ((text, find_changes(default, new)), (f"no more {text}", find_changes(new, default))):
            said[title] = "\n".join(map(render_change, changes))
            effects |= {change.effect for change in changes}
    # of https that is on anyway
    on = load_config(CERTIFICATE, "config.yaml")
    other = load_config(CERTIFICATE.replace("/etc/key", "/etc/other"), "config.yaml")
    said["another key of https"] = "\n".join(map(render_change, find_changes(on, other)))
    assert effects | {change.effect for change in find_changes(on, other)} == set(Effect)
    check_messages("change", said)


def test_the_sentences_about_restarts_people_and_odd_settings() -> None:
    one, many = ("ada",), ("ada", "bob")
    said = {f"restart of {unit}": "\n".join(find_restarts([unit])) for unit in render_units(load_config("", "x"))}
    for users in (one, many, tuple(f"user{number:02}" for number in range(14))):
        affected = Affected(users, users, users, users)
        said[f"{len(users)} affected"] = "\n".join(render_affected(affected))
    for text in WARNINGS:
        title = text.replace("\n", "; ") or "no settings"
        said[f"settings that are odd, {title}"] = "\n".join(find_warnings(load_config(text, "config.yaml")))
    check_messages("impact", said)


def test_the_golden_file_is_read_as_it_was_written() -> None:
    messages = {("help", "littlest config: more"): "a\n\nb", ("a", "b"): ""}
    text = render_golden(messages)
    assert parse_golden(text) == messages
    assert render_golden(parse_golden(text)) == text
