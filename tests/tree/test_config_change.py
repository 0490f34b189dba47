"""`littlest config set`, `unset`, `add`, `remove`: what they leave in a real file, and what they refuse."""

import stat
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from littlest.commands.config.change import run_add, run_remove, run_set, run_unset
from littlest.config.text.render import render_default_config
from littlest.errors import ConfigError, ExitCode, LittlestError, UsageError
from littlest.machine.machine import Machine
from littlest.report import Report

CONFIG = PurePosixPath("/etc/littlest/config.yaml")
DEFAULT = render_default_config(("admin",))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with the settings of a new server."""
    (tmp_path / "etc" / "littlest").mkdir(parents=True)
    machine = Machine(tmp_path)
    machine.path(CONFIG).write_text(DEFAULT)
    return machine


def write(machine: Machine, text: str) -> None:
    machine.path(CONFIG).write_text(text)


def read(machine: Machine) -> str:
    return machine.path(CONFIG).read_text()


def ask_nobody(question: str) -> str:
    raise AssertionError(question)


def set_(machine: Machine, *words: str, unset: tuple[str, ...] = ()) -> Report:
    return run_set(machine, words, unset, ask_nobody)


def refuse(machine: Machine, change: Callable[[], object], code: ExitCode = ExitCode.USAGE) -> LittlestError:
    """Make a change that must be refused, see that the file is as it was, and return what is said."""
    before = machine.path(CONFIG).read_bytes()
    with pytest.raises(LittlestError) as caught:
        change()
    assert caught.value.exit_code == code
    assert machine.path(CONFIG).read_bytes() == before
    return caught.value


def test_setting_takes_the_place_of_its_commented_default(machine: Machine) -> None:
    report = set_(machine, "limits.memory", "2G")
    assert read(machine) == DEFAULT.replace("  # memory: 1G\n", "  memory: 2G\n")
    assert report.lines[0].startswith("limits.memory: 1G → 2G")
    assert "sudo littlest apply" in report.lines[-1]
    run_unset(machine, ["limits.memory"])
    assert read(machine) == DEFAULT


def test_file_keeps_its_mode_and_its_link(machine: Machine) -> None:
    real = machine.path(PurePosixPath("/etc/site.yaml"))
    machine.path(CONFIG).rename(real)
    machine.path(CONFIG).symlink_to("../site.yaml")
    real.chmod(0o604)
    set_(machine, "base_url", "/x/")
    assert machine.path(CONFIG).is_symlink()
    assert "\nbase_url: /x/\n" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o604


def test_settings_that_belong_together_change_together(machine: Machine) -> None:
    refuse(machine, lambda: set_(machine, "https.certificate", "/c.pem"), ExitCode.INVALID_CONFIG)
    set_(machine, "https.port", "8443", "http.port", "8080")
    assert "\n  port: 8443\n" in read(machine)
    assert "\n  port: 8080\n" in read(machine)


def test_value_is_read_by_the_type_of_its_setting(machine: Machine) -> None:
    write(machine, "")
    run_add(machine, {"users.allowed": ["0123", "null", "yes"]})
    set_(machine, "announcement", "Exam: 10 # sharp", "limits.cpu", "null", "users.unix_name", "{name}")
    assert read(machine) == (
        'users:\n  allowed:\n    - "0123"\n    - "null"\n    - "yes"\n  unix_name: "{name}"\n'
        'announcement: "Exam: 10 # sharp"\nlimits:\n  cpu: null\n'
    )


@pytest.mark.parametrize(
    ("words", "said", "advice"),
    [
        (("users.admin", "ada"), "takes a list", "littlest config add users.admin ada"),
        (("users.admin", "ada, grace"), "takes a list", "littlest config add users.admin ada grace."),
        (("users.admin", "ada,grace"), "takes a list", "write '[ada, grace]'"),
        (("users.groups", "{}"), "holds other settings", "littlest config unset users.groups"),
        (("users.admin", "ada", "grace"), "takes a list", "littlest config add users.admin ada grace"),
        (("limits", "2G"), "is a group of settings", "littlest config set limits.memory VALUE"),
        (("users", "ada"), "is a group of settings", "littlest config add users.allowed VALUE"),
        (("users.groups", "biology"), "holds names", "littlest config add users.groups.NAME.members VALUE"),
        (("users.groups.biology", "ada"), "is a group", "littlest config add users.groups.biology.members VALUE"),
        (("user_environment.environment", "A"), "holds names", "user_environment.environment.NAME VALUE"),
        (("jupyterhub", "x"), "holds names", "littlest config set jupyterhub.NAME VALUE"),
        (("limits.memry", "2G"), "no setting limits.memry", "limits.memory"),
        (("limits.memory",), "has no value", "KEY VALUE"),
        (("limits.memory=2G",), "two words", "littlest config set limits.memory 2G"),
        (("limits.memory.x", "2G"), "no setting", ""),
        (("limits..memory", "2G"), "is no key", ""),
        (("http.port", "abc"), "http.port: abc is not a whole number", ""),
        (("http.port", "null"), "takes a whole number, not null", "littlest config unset http.port"),
        (("auth.client_id", "x"), "belongs to auth.type oidc", "littlest config set auth.type oidc auth.client_id"),
        (("jupyterhub.A.b", "a: b: c"), "is not YAML", "quotes"),
        (("limits.users.a.b.memory", "2G"), "no setting", "in quotes"),
        (("metrics.token", "hush"), "is a secret", "littlest config set metrics.token -"),
    ],
)
def test_what_is_not_meant_is_refused_with_what_is(
    words: tuple[str, ...], said: str, advice: str, machine: Machine
) -> None:
    error = refuse(machine, lambda: set_(machine, *words))
    assert said in error.message
    assert advice in (error.hint or "")
    assert "hush" not in error.message + str(error.hint)


def test_name_is_not_removed_as_if_it_were_an_entry(machine: Machine) -> None:
    write(machine, "users: {groups: {biology: {members: [ada]}}}\n")
    error = refuse(machine, lambda: run_remove(machine, {"users.groups": ["biology"]}))
    assert error.hint == "To remove one: littlest config unset users.groups.biology"


def test_hint_goes_the_way_of_the_command(machine: Machine) -> None:
    write(machine, "users: {groups: {biology: {members: [ada]}}}\n")
    error = refuse(machine, lambda: run_remove(machine, {"users.groups.biology": ["ada"]}))
    assert "littlest config remove users.groups.biology.members VALUE" in str(error.hint)


def test_misspelt_way_to_log_in_is_named_with_the_nearest(machine: Machine) -> None:
    error = refuse(machine, lambda: set_(machine, "auth.type", "githbu"), ExitCode.INVALID_CONFIG)
    assert "auth.type: githbu is not one of" in error.message
    assert "github" in error.message


def test_what_goes_with_another_way_to_log_in_can_be_unset(machine: Machine) -> None:
    report = run_unset(machine, ["auth.client_id"])
    assert report.lines[0] == "auth.client_id is not set in the file."


def test_what_is_hardly_meant_is_said_at_once_and_once(machine: Machine) -> None:
    assert "admin" in "".join(set_(machine, "users.admin", "[]").notes)
    assert set_(machine, "limits.memory", "2G").notes == ()


def test_a_change_repeats_no_warning_that_the_file_gave_before(machine: Machine) -> None:
    write(machine, "users: {admin: [ada]}\nproxy: {trusted: [0.0.0.0/0]}\n")
    (note,) = set_(machine, "users.admin", "[]").notes
    assert "users.admin is empty" in note


def test_quotes_make_no_difference_to_what_an_entry_is(machine: Machine) -> None:
    write(machine, 'jupyterhub: {Spawner: {args: [--debug, "-v", "5"]}}\n')
    run_add(machine, {"jupyterhub.Spawner.args": ["--debug", "-v"]})
    run_remove(machine, {"jupyterhub.Spawner.args": ["--debug"]})
    assert read(machine) == 'jupyterhub: {Spawner: {args: ["-v", "5"]}}\n'
    # the number is another thing than the text
    refuse(machine, lambda: run_remove(machine, {"jupyterhub.Spawner.args": ["5"]}), ExitCode.FAILED)


@pytest.mark.parametrize("text", ["http: 80\n", "http: {port: 80}\nhttp: {port: 81}\n"])
def test_what_was_invalid_before_is_named_with_its_line(text: str, machine: Machine) -> None:
    write(machine, text)
    error = refuse(machine, lambda: set_(machine, "http.port", "82"), ExitCode.INVALID_CONFIG)
    assert f"{CONFIG}:{text.count(chr(10))}: http" in error.message


@pytest.mark.parametrize(
    ("text", "words", "advice"),
    [
        ("jupyterhub: {A: {b: [1]}}\n", ("jupyterhub.A.b", "2"), "littlest config add jupyterhub.A.b VALUE"),
        (
            "jupyterhub:\n  A:\n    b:\n    - 1\n",
            ("jupyterhub.A.b", "{c: 1}"),
            "littlest config unset jupyterhub.A.b",
        ),
        ("jupyterhub: {A: {b: {c: 1}}}\n", ("jupyterhub.A.b", "2"), "littlest config unset jupyterhub.A.b"),
        ("jupyterhub: {A: {b: 2}}\n", ("jupyterhub.A.b", "{c: 1}"), "littlest config unset jupyterhub.A.b"),
    ],
)
def test_trait_of_another_shape_is_not_overwritten(
    text: str, words: tuple[str, ...], advice: str, machine: Machine
) -> None:
    write(machine, text)
    assert advice in str(refuse(machine, lambda: set_(machine, *words)).hint)


def test_value_that_is_not_valid_leaves_the_file_alone(machine: Machine) -> None:
    error = refuse(machine, lambda: set_(machine, "limits.memory", "lots"), ExitCode.INVALID_CONFIG)
    assert "limits.memory: lots is not an amount of memory" in error.message
    assert "Nothing was changed" in str(error.hint)
    error = refuse(machine, lambda: set_(machine, "metrics.token.file", "/nowhere"), ExitCode.INVALID_CONFIG)
    assert "there is no file /nowhere" in error.message


def test_secret_is_asked_for_and_shown_nowhere(machine: Machine) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "5e:cret#1"

    report = run_set(machine, ("metrics.token", "-"), (), ask)
    assert asked == ["metrics.token: "]
    assert '\n  token: "5e:cret#1"\n' in read(machine)
    assert "5e:cret" not in repr(report)
    refuse(machine, lambda: run_set(machine, ("metrics.token", "-"), (), lambda _: ""))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("jupyterhub.GenericOAuthenticator.extra", "{client_secret: hush}"),
        ("auth.settings.user_password", "hush"),
        ("user_environment.environment.API_TOKEN", "hush"),
        ("user_environment.environment.DATABASE_URL", "postgresql://ada:hush@db.example.org/"),
        ("user_environment.environment.DATABASE_URL", "postgresql://ada:hu/sh@hush@db.example.org/"),
        ("auth.settings.consumers", "{ada: hush}"),
        ("services.managed.gg.command", "[/bin/x, --api-token=hush]"),
    ],
)
def test_secret_by_its_name_is_not_taken_from_the_command_line(key: str, value: str, machine: Machine) -> None:
    error = refuse(machine, lambda: set_(machine, key, value))
    assert "hush" not in f"{error.message}{error.hint}"
    assert "littlest config" in str(error.hint)
    if key.endswith("command"):
        error = refuse(machine, lambda: run_add(machine, {key: ["--token=hush"]}))
        assert "hush" not in f"{error.message}{error.hint}"


def test_secret_by_its_name_is_asked_for_and_shown_nowhere(machine: Machine) -> None:
    report = run_set(machine, ("user_environment.environment.API_TOKEN", "-"), (), lambda _: "5e:cret#1")
    assert 'API_TOKEN: "5e:cret#1"' in read(machine)
    assert "5e:cret" not in repr(report)


def test_a_file_with_a_secret_in_it_is_closed_to_others(machine: Machine) -> None:
    machine.path(CONFIG).chmod(0o644)
    set_(machine, "base_url", "/x/")
    assert stat.S_IMODE(machine.path(CONFIG).stat().st_mode) == 0o644
    run_set(machine, ("metrics.token", "-"), (), lambda _: "long-enough")
    assert stat.S_IMODE(machine.path(CONFIG).stat().st_mode) == 0o640


def test_secret_may_stand_in_a_file(machine: Machine) -> None:
    file = machine.path(PurePosixPath("/etc/token"))
    file.write_text("x" * 32)
    file.chmod(0o600)
    set_(machine, "metrics.token.file", "/etc/token")
    assert "\n  token: {file: /etc/token}\n" in read(machine)
    run_set(machine, ("metrics.token", "-"), (), lambda _: "plain-text")
    assert '\n  token: "plain-text"\n' in read(machine)
    set_(machine, "metrics.token", "{file: /etc/token}")
    run_set(machine, ("metrics.token", "-"), (), lambda _: "plain-text")
    # the very command that is advised where a secret is given on the command line
    set_(machine, "metrics.token.file", "/etc/token")
    assert "\n  token: {file: /etc/token}\n" in read(machine)
    write(machine, "metrics:\n  token: |\n    plain-text\n")
    set_(machine, "metrics.token.file", "/etc/token")
    assert read(machine) == "metrics:\n  token: {file: /etc/token}\n"
    write(machine, DEFAULT)
    assert read(machine) == DEFAULT


def test_way_to_log_in_changes_with_all_that_belongs_to_it(machine: Machine) -> None:
    words = ("auth.type", "github", "auth.client_id", "1", "auth.client_secret", "-")
    words += ("external_url", "https://hub.example.org/")
    run_set(machine, words, (), lambda _: "hush")
    error = refuse(machine, lambda: set_(machine, "auth.type", "firstuse"), ExitCode.INVALID_CONFIG)
    assert "--unset auth.client_id --unset auth.client_secret" in str(error.hint)
    set_(machine, "auth.type", "firstuse", unset=("auth.client_id", "auth.client_secret"))
    run_unset(machine, ["auth", "external_url"])
    assert read(machine) == DEFAULT


def test_adding_tells_what_was_there_already(machine: Machine) -> None:
    run_add(machine, {"users.admin": ["Ada", "grace"]})
    assert "  admin:\n    - admin\n    - Ada\n    - grace\n" in read(machine)
    before = machine.path(CONFIG).stat()
    report = run_add(machine, {"users.admin": ["ada"]})
    assert report.lines == ("users.admin has ada already.", "Nothing was changed.")
    assert machine.path(CONFIG).stat() == before
    # a whole class is counted, in one line
    some, every = (run_add(machine, {"users.admin": names}) for names in (["ada", "bob", "Grace"], ["ada", "bob"]))
    assert some.lines[0] == "users.admin has 2 of these 3 already."
    assert every.lines[0] == "users.admin has all of these 2 already."


def test_adding_to_a_list_that_is_not_written_keeps_its_default(machine: Machine) -> None:
    write(machine, "external_url: https://h.example.org/\nauth:\n  type: dummy\n  i_know_this_is_insecure: true\n")
    url = "https://login.example.org/x"
    words = ["auth.type", "oidc", "auth.client_id", "1", "auth.client_secret", "-"]
    words += ["auth.authorize_url", url, "auth.token_url", url, "auth.userdata_url", url]
    run_set(machine, words, ("auth.i_know_this_is_insecure",), lambda _: "hush")
    run_add(machine, {"auth.scope": ["email"]})
    assert "  scope:\n    - openid\n    - profile\n    - email\n" in read(machine)
    run_remove(machine, {"auth.scope": ["openid", "profile", "email"]})
    assert "  scope: []\n" in read(machine)


def test_removing_what_is_not_there_names_the_nearest(machine: Machine) -> None:
    error = refuse(machine, lambda: run_remove(machine, {"users.admin": ["admn"]}), ExitCode.FAILED)
    assert error.message == "users.admin has no admn; nothing was changed."
    assert error.hint == "Did you mean admin?"


def test_adding_to_what_is_no_list_is_refused(machine: Machine) -> None:
    error = refuse(machine, lambda: run_add(machine, {"limits.memory": ["2G"]}))
    assert error.hint == "To give it another: littlest config set limits.memory 2G"
    refuse(machine, lambda: run_add(machine, {"users.groups.biology": ["ada"]}))


def test_names_are_the_same_in_small_and_capital_letters(machine: Machine) -> None:
    write(machine, "limits:\n  users:\n    Ada: {memory: 2G}\n")
    set_(machine, "limits.users.ada.memory", "4G", "limits.users.ADA.cpu", "2")
    assert read(machine) == "limits:\n  users:\n    Ada: {memory: 4G, cpu: 2}\n"


def test_name_with_dots_stands_in_quotes(machine: Machine) -> None:
    write(machine, "")
    set_(machine, 'limits.users."ada@example.org".memory', "4G")
    assert read(machine) == "limits:\n  users:\n    ada@example.org:\n      memory: 4G\n"


def test_groups_need_not_be_there_beforehand(machine: Machine) -> None:
    run_add(machine, {"users.groups.biology.members": ["ada"]})
    set_(machine, "users.groups.biology.limits.memory", "2G", "shared_folders.data.path", "/srv/data")
    run_unset(machine, ["users.groups.biology", "shared_folders.data"])
    assert read(machine) == DEFAULT


def test_same_value_again_changes_nothing(machine: Machine) -> None:
    write(machine, "limits: {memory: 2G}\n")
    assert "already set" in set_(machine, "limits.memory", "2048M").lines[0]
    assert read(machine) == "limits: {memory: 2G}\n"
    assert run_unset(machine, ["http.port"]).lines == ("http.port is not set in the file.", "Nothing was changed.")


def test_file_that_is_not_valid_may_be_mended_but_not_added_to(machine: Machine) -> None:
    write(machine, "limits:\n  memry: 2G\n  memory: 1G\n")
    error = refuse(machine, lambda: set_(machine, "limits.memory", "2G"), ExitCode.INVALID_CONFIG)
    assert "config.yaml:2: limits.memry: unknown key" in error.message
    assert "already invalid" in str(error.hint)
    run_unset(machine, ["limits.memry"])
    assert read(machine) == "limits:\n  memory: 1G\n"
    write(machine, "http:\n  port: x\n")
    set_(machine, "http.port", "81")
    assert read(machine) == "http:\n  port: 81\n"


@pytest.mark.parametrize("text", ["a: [\n", "- 1\n", "a: b: c\n"])
def test_file_that_is_no_yaml_is_left_alone(text: str, machine: Machine) -> None:
    write(machine, text)
    refuse(machine, lambda: set_(machine, "limits.memory", "2G"), ExitCode.INVALID_CONFIG)


def test_file_that_is_missing_is_begun_from_the_last_good_settings(machine: Machine) -> None:
    machine.path(CONFIG).unlink()
    last_good = machine.path(PurePosixPath("/var/lib/littlest/last-good-config.yaml"))
    last_good.parent.mkdir(parents=True)
    last_good.write_text("# mine\nbase_url: /x/\n")
    set_(machine, "limits.memory", "2G")
    assert read(machine) == "# mine\nbase_url: /x/\nlimits:\n  memory: 2G\n"


def test_errors_are_of_the_kinds_that_say_how_to_go_on(machine: Machine) -> None:
    with pytest.raises(UsageError):
        set_(machine, "limits", "x")
    with pytest.raises(ConfigError):
        set_(machine, "limits.cpu", "0")
