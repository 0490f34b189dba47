"""`littlest user`: class lists, which settings name a user, and what the hub is asked."""

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import pytest

from littlest import paths
from littlest.cli import config as cli_config
from littlest.cli import main as cli
from littlest.cli import output
from littlest.cli import user as cli_user
from littlest.commands import apply
from littlest.commands.config.change import run_add, run_remove
from littlest.commands.user.class_list import check_names, find_lists_of, read_class_list
from littlest.commands.user.listing import run_list
from littlest.commands.user.passwd import run_hand_out, run_passwd
from littlest.config.model import Config
from littlest.config.text.problems import InvalidConfig
from littlest.errors import ConfigError, ExitCode, LittlestError
from littlest.health import readings
from littlest.machine.machine import Machine
from littlest.plan.describe import find_warnings
from littlest.plan.usage_words import render_ago
from littlest.report import Report
from littlest.system.config_checks import load_active_config
from littlest.system.hub.api import Answer, HubApi

CLASS = PurePosixPath("/tmp/class.csv")
SEEN = "2020-11-29T10:00:00.000000Z"
USERS = [
    {"name": "ada", "admin": False, "groups": ["biology"], "servers": {"": {}}, "last_activity": SEEN},
    {"name": "bob", "admin": False, "groups": [], "servers": {}},
    {"name": "tom", "admin": True, "groups": [], "servers": {}},
    {"name": "eve", "admin": True, "groups": [], "servers": {}},
    {"name": "gone", "admin": False, "groups": [], "servers": {}},
    {"name": "left", "admin": True, "groups": [], "servers": {}},
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    """A hub that answers; what it was asked."""
    seen: list[tuple[str, str, Any]] = []

    def send(_api: HubApi, method: str, path: str, body: bytes | None = None, **_: Any) -> Answer:
        seen.append((method, path, json.loads(body) if body else None))
        data: Any = {"items": USERS, "_pagination": {"next": None}}
        status = 200
        if path == "littlest/passwords" and method == "GET":
            data = {"kept": True, "unclaimed": ["bob"], "one_time": ["dora l"], "missing": ["carl"]}
            data |= {"own": ["ada", "left", "eve", "tom"], "removed": ["gone", "left"]}
        elif path == "littlest/passwords":
            name = seen[-1][2]["name"]
            data = {"password": f"four-words-for-{name}"}
            if name == "nobody":
                status, data = 409, {"status": 409, "message": "nobody may log in as nobody", "hint": "add it"}
        elif path in ("", "../login"):
            data = {"version": "</html>"}
        return Answer(path, status, json.dumps(data).encode())

    monkeypatch.setattr(HubApi, "send", send)
    return seen


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada\nbob\n", {"": ("ada", "bob")}),
        ("name,group\nada,biology\nbob,\nada,biology\n", {"": ("ada", "bob"), "biology": ("ada",)}),
        (
            "\ufeffName;Group\r\nada;biology\r\n\r\nbob;chemistry\r\n",
            {"": ("ada", "bob"), "biology": ("ada",), "chemistry": ("bob",)},
        ),
        ('"ada",  biology\n', {"": ("ada",), "biology": ("ada",)}),
        ("name\tgroup\nada\tbiology\n", {"": ("ada",), "biology": ("ada",)}),
        ("name\nada;biology\n;\n;;\nbob;;;\n", {"": ("ada", "bob"), "biology": ("ada",)}),
        ("ada\rbob\r", {"": ("ada", "bob")}),
    ],
)
def test_class_lists_of_every_form_are_read(machine: Machine, text: str, found: dict[str, tuple[str, ...]]) -> None:
    machine.path(CLASS).write_text(text, newline="")
    assert read_class_list(machine, "/tmp/class.csv") == found


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\n\n", "has no names"),
        (b"name,group\n", "has no names"),
        (b"ada\n" * 300_000, "is too long"),
        (b"Nachname;Vorname;Login\nLovelace;Ada;ada\n", "class.csv:1: this line is not a name and a group"),
        (b"ada,biology\n,chemistry\n", "class.csv:2: this line is not a name and a group"),
        (b'ada\n"bob,biology\ncarl\n', "class.csv:3: this is no line of a CSV file"),
        (b"ada\n" + b"x" * 200_000, "class.csv:2: this is no line of a CSV file"),
    ],
)
def test_a_class_list_without_names_is_refused(machine: Machine, content: bytes, problem: str) -> None:
    machine.path(CLASS).write_bytes(content)
    with pytest.raises(LittlestError, match=problem):
        read_class_list(machine, "/tmp/class.csv")
    with pytest.raises(LittlestError, match="cannot be read"):
        read_class_list(machine, "/tmp/nowhere.csv")


def test_names_that_cannot_be_are_named_with_their_lines(machine: Machine) -> None:
    machine.path(CLASS).write_text("name,group\nada,9b\na/b,9b\nbob,9 b\n\n carl/,-x\n")
    with pytest.raises(InvalidConfig) as refused:
        read_class_list(machine, "/tmp/class.csv")
    lines = refused.value.message.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"/tmp/class.csv:{n}" for n in (3, 4, 6, 6)]
    assert '"a/b" contains a slash' in lines[0]
    assert '"9 b" must be small letters' in lines[1]
    assert "Nothing was changed" in str(refused.value.hint)


@pytest.mark.parametrize(("name", "group"), [("a/b", ""), ("ada", "Biology"), ("", "x"), ("ada", "-")])
def test_names_on_the_command_line_are_checked_without_a_line_of_the_settings(name: str, group: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_names(["bob", name], group)
    assert "config.yaml" not in refused.value.message
    check_names(["bob", "Ada L"], "9b")


def test_a_list_of_first_and_last_names_says_what_the_columns_are(machine: Machine) -> None:
    machine.path(CLASS).write_text("Lovelace, Ada\nHopper, Grace\n")
    with pytest.raises(InvalidConfig, match=r"class.csv:1: .*the columns are user name and group, not last name"):
        read_class_list(machine, "/tmp/class.csv")


def test_a_file_of_another_kind_is_refused_in_a_few_lines(machine: Machine) -> None:
    machine.path(CLASS).write_text("a/b\n" * 300)
    with pytest.raises(InvalidConfig) as refused:
        read_class_list(machine, "/tmp/class.csv")
    assert len(refused.value.message.splitlines()) <= 10
    assert "290 more" in str(refused.value.hint)


@pytest.mark.parametrize("content", ["Jürgen;Übung\n".encode("cp1252"), "ada\tbio\n".encode("utf-16")])
def test_a_class_list_in_another_character_set_says_what_to_do(machine: Machine, content: bytes) -> None:
    machine.path(CLASS).write_bytes(content)
    with pytest.raises(LittlestError, match="cannot be read") as refused:
        read_class_list(machine, "/tmp/class.csv")
    assert "CSV UTF-8" in (refused.value.hint or "")


def test_lists_are_changed_all_or_not_at_all(machine: Machine) -> None:
    machine.path(paths.ETC_DIR).mkdir(parents=True)
    text = "users: {allowed: [ada], groups: {biology: {members: [ada]}}}\n"
    machine.path(paths.CONFIG_FILE).write_text(text)
    with pytest.raises(LittlestError):
        run_add(machine, {"users.allowed": ["bob"], 'users.groups."x\n".members': ["bob"]})
    with pytest.raises(LittlestError):
        run_remove(machine, {"users.allowed": ["ada"], "users.admin": ["ada"]})
    assert machine.path(paths.CONFIG_FILE).read_text() == text


def test_a_user_is_found_in_every_list_of_the_settings(machine: Machine) -> None:
    machine.path(paths.ETC_DIR).mkdir(parents=True)
    text = "users: {admin: [tom], allowed: [ada, tom], groups: {biology: {members: [ada]}}}\n"
    machine.path(paths.CONFIG_FILE).write_text(text)
    assert find_lists_of(machine, ["Ada", "tom"]) == {
        "users.allowed": ("ada", "tom"),
        "users.admin": ("tom",),
        "users.groups.biology.members": ("ada",),
    }
    with pytest.raises(LittlestError, match="eve: not in the settings; nothing was changed"):
        find_lists_of(machine, ["ada", "eve"])


@pytest.fixture
def applied(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with two admins, for the command line, on which applying only reports its warnings."""
    machine.path(paths.ETC_DIR).mkdir(parents=True)
    machine.path(paths.CONFIG_FILE).write_text("users: {admin: [tom, eve], allowed: [ada]}\n")
    monkeypatch.setattr(cli_user, "make_machine", lambda: machine)
    monkeypatch.setattr(cli_config, "make_machine", lambda: machine)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))

    def report(machine: Machine, **_: object) -> Report:
        return Report(tuple(find_warnings(load_active_config(machine))))

    monkeypatch.setattr(apply, "run_apply", report)
    return machine


def test_the_last_admin_goes_only_when_somebody_confirms(
    applied: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["user", "remove", "Tom"]) == 0
    before = applied.read_text(paths.CONFIG_FILE)
    assert cli.run(["user", "remove", "ada", "EVE"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "users.admin would be empty" in said
    assert "--yes" in said
    assert applied.read_text(paths.CONFIG_FILE) == before
    assert cli.run(["user", "remove", "ada", "eve", "--yes"]) == 0
    everything = capsys.readouterr()
    assert (everything.out + everything.err).count("users.admin is empty") == 1


def test_a_person_at_the_terminal_is_asked_about_the_last_admin(
    applied: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "is_interactive", lambda: True)
    assert cli.run(["user", "remove", "tom", "eve"]) == 0
    assert load_active_config(applied).users.admin == ()
    # nobody goes who is not asked about
    assert cli.run(["user", "remove", "ada"]) == 0


def test_a_no_keeps_the_last_admin(applied: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert cli.run(["user", "remove", "tom", "eve"]) == ExitCode.FAILED
    assert load_active_config(applied).users.admin == ("tom", "eve")


def test_a_note_about_changed_settings_is_printed_once(applied: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["config", "remove", "users.admin", "tom", "eve", "--apply"]) == 0
    everything = capsys.readouterr()
    assert (everything.out + everything.err).count("users.admin is empty") == 1


def test_passwords_are_made_for_those_who_are_named(machine: Machine, asked: list[tuple[str, str, Any]]) -> None:
    report = run_passwd(machine, ["ada"])
    assert asked == [("POST", "littlest/passwords", {"name": "ada"})]
    assert report.data == {"passwords": {"ada": "four-words-for-ada"}}
    assert "four-words-for-ada" in report.lines[1]
    with pytest.raises(LittlestError, match="nobody may log in as nobody") as refused:
        run_passwd(machine, ["nobody"])
    assert refused.value.hint == "add it"


def test_passwords_that_were_made_are_shown_when_the_next_one_fails(
    machine: Machine, asked: list[tuple[str, str, Any]]
) -> None:
    report = run_passwd(machine, ["ada", "nobody", "carl"])
    assert report.exit_code == ExitCode.FAILED
    assert report.data == {"passwords": {"ada": "four-words-for-ada"}}
    assert report.lines[-2:] == ("Then nobody: nobody may log in as nobody", "Still without one: nobody, carl")


def test_new_users_get_a_password_when_they_need_one(machine: Machine, asked: list[tuple[str, str, Any]]) -> None:
    names = ["ada", "Bob", "carl"]
    assert list(run_hand_out(machine, names, to_unclaimed=False).data["passwords"]) == ["carl"]
    assert list(run_hand_out(machine, names, to_unclaimed=True).data["passwords"]) == ["bob", "carl"]
    assert [one[0] for one in asked] == ["GET", "POST", "GET", "POST", "POST"]


def test_a_second_import_says_that_passwords_are_shown_once(
    machine: Machine, asked: list[tuple[str, str, Any]]
) -> None:
    report = run_hand_out(machine, ["bob", "dora l", "ada"], to_unclaimed=True)
    assert list(report.data["passwords"]) == ["bob"]
    assert "shown only once" in report.lines[-2]
    assert report.lines[-1] == "  sudo littlest user passwd 'dora l'"
    assert run_hand_out(machine, ["dora l", "ada"], to_unclaimed=False).lines == ()


def test_the_list_says_what_each_user_has(machine: Machine, asked: list[tuple[str, str, Any]]) -> None:
    machine.path(paths.INITIAL_PASSWORD_DIR).mkdir(parents=True)
    machine.path(paths.INITIAL_PASSWORD_DIR / "tom").write_text("x")
    report = run_list(machine)
    years = render_ago(SEEN, datetime.now(UTC)).split()[:-1]
    assert [line.split() for line in report.lines] == [
        ["name", "rights", "groups", "password", "server", "memory", "last", "activity"],
        ["ada", "user", "biology", "own", "running", "0", "MB", *years, "ago"],
        ["bob", "user", "-", "not", "chosen", "yet", "-", "-", "never"],
        ["tom", "admin", "-", "generated", "-", "-", "never"],
        ["eve", "admin", "-", "own", "-", "-", "never"],
        ["gone", "removed", "-", "-", "-", "-", "never"],
        ["left", "removed", "-", "own", "-", "-", "never"],
    ]
    ada = report.data["users"][0]
    assert (ada["last_activity"], ada["memory_limit_bytes"]) == ("2020-11-29T10:00:00.000000Z", None)
    assert [(user["groups"], user["server"]) for user in report.data["users"]] == [
        (["biology"], "running"),
        *[([], None)] * 5,
    ]
    assert report.data["users"][4]["password"] is None


def test_status_counts_only_users_who_may_log_in(machine: Machine, asked: list[tuple[str, str, Any]]) -> None:
    people, found = readings._ask_hub(machine, Config())
    assert (found["users"], found["removed_users"], len(people)) == (4, ["gone", "left"], 6)
