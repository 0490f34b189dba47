"""What a configuration means for the machine, as data."""

import json
import pathlib as filesystem
from pathlib import PurePosixPath as Path

import pytest

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.users import Users
from littlest.config.text.load import load_config
from littlest.errors import LittlestError
from littlest.plan.build import make_plan, make_probe_url
from littlest.plan.describe import find_warnings, make_step_data
from littlest.plan.proxy_pages import PROXY_PAGES
from littlest.plan.record import (
    Record,
    list_made,
    make_record,
    make_removals,
    narrow,
    order_steps,
    parse_record,
    render_record,
    widen,
)
from littlest.plan.server_files import COMMAND_SCRIPT, SUDOERS
from littlest.plan.steps import (
    CloseSharedFolder,
    CreateEnvironment,
    EnsureGroup,
    KeepSettings,
    MakeDirectory,
    Plan,
    Release,
    ReloadHub,
    RemovePath,
    RemoveSystemUser,
    RemoveUnits,
    RunUnit,
    SetInitialPassword,
    SetServerLimits,
    TryServer,
    WaitUntilReady,
    WriteEnvironmentFile,
    WriteFile,
)

RELEASE = Release("0.1.0", Path("/opt/littlest/releases/0.1.0"))


def test_things_are_made_before_what_needs_them() -> None:
    steps = make_plan(Config(), RELEASE, first_admin="olga").steps
    kinds = [type(step) for step in steps]
    assert kinds.index(EnsureGroup) < kinds.index(CreateEnvironment)
    assert kinds.index(SetInitialPassword) < kinds.index(RunUnit)
    assert kinds.index(CreateEnvironment) < kinds.index(RunUnit)
    # servers that start after the hub has the settings have their limits already
    assert kinds[-3:] == [WaitUntilReady, ReloadHub, SetServerLimits]
    made: set[Path] = set()
    for step in steps:
        if isinstance(step, MakeDirectory):
            made.add(step.path)
        elif isinstance(step, WriteFile | WriteEnvironmentFile) and "littlest" in step.path.parent.parts:
            assert step.path.parent in made, step.path
        elif isinstance(step, RunUnit):
            written = {s.path for s in steps[: steps.index(step)] if hasattr(s, "path")}
            assert set(step.inputs) <= written, set(step.inputs) - written


def test_proxy_is_started_before_the_hub_and_the_culler_last() -> None:
    steps = make_plan(Config(), RELEASE).steps
    units = [step.unit for step in steps if isinstance(step, RunUnit)]
    assert units == [
        paths.PROXY_SOCKET_UNIT,
        paths.PROXY_UNIT,
        paths.HUB_SOCKET_UNIT,
        paths.HUB_UNIT,
        paths.CULLER_UNIT,
    ]


def test_without_a_start_nothing_is_run_and_nothing_is_waited_for() -> None:
    steps = make_plan(Config(), RELEASE, start=False).steps
    assert not [step for step in steps if isinstance(step, RunUnit | WaitUntilReady)]


def test_every_admin_gets_a_first_password() -> None:
    # else anyone who comes first chooses one, and is root
    config = load_config("users: {admin: [vera, olga, ada]}", "config.yaml")
    plan = make_plan(config, RELEASE, first_admin="olga", password_file=Path("/root/password"))
    steps = {step.user: step.password_file for step in plan.steps if isinstance(step, SetInitialPassword)}
    assert steps == {"olga": Path("/root/password"), "vera": None, "ada": None}
    named = [step.user for step in make_plan(config, RELEASE).steps if isinstance(step, SetInitialPassword)]
    assert sorted(named) == ["ada", "olga", "vera"]


def test_an_install_ends_with_a_trial_and_then_keeps_its_settings() -> None:
    steps = make_plan(Config(), RELEASE, is_install=True).steps
    assert [type(step) for step in steps[-3:]] == [SetServerLimits, TryServer, KeepSettings]
    assert make_plan(Config(), RELEASE, is_install=True, start=False).steps[-1] == KeepSettings(once=True)
    assert not [step for step in make_plan(Config(), RELEASE).steps if isinstance(step, TryServer | KeepSettings)]


def test_drop_ins_with_their_passwords_are_roots_alone() -> None:
    steps = make_plan(Config(), RELEASE).steps
    assert MakeDirectory(paths.DROP_IN_DIR, 0o700) in steps


SECRETS = """
external_url: https://hub.example.org/
auth: {type: github, client_id: hub, client_secret: hush-login, settings: {api_token: hush-trait}}
user_environment: {environment: {API_TOKEN: hush-variable}}
services: {managed: {grader: {command: [/bin/true], environment: {PGPASSWORD: hush-service}}}}
jupyterhub: {JupyterHub: {db_url: 'postgresql://hub:hush-address@db.example.org/hub', crypt_key: hush-key}}
"""


def test_no_secret_leaves_a_plan_or_stands_in_its_files() -> None:
    config = load_config(SECRETS, "config.yaml")
    plan = make_plan(config, RELEASE, first_admin="olga", password_file=Path("/root/password"))
    assert make_plan(config, RELEASE, first_admin="olga", password_file=Path("/root/password")) == plan
    assert "hush" not in repr(plan)
    assert "hush" not in "".join(step.describe() for step in plan.steps)
    assert "hush" not in json.dumps(make_step_data(plan.steps))
    assert "hush" not in render_record(make_record(plan, "0.1.0"))
    assert not [step for step in plan.steps if isinstance(step, WriteFile) and "secrets/" in str(step.path)]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "http://127.0.0.1:80/hub/api/"),
        ("http: {port: 8080}\nbase_url: /jupyter/", "http://127.0.0.1:8080/jupyter/hub/api/"),
        ("http: {address: 192.0.2.7}", "http://192.0.2.7:80/hub/api/"),
        ("http: {address: '::1'}", "http://[::1]:80/hub/api/"),
        ("http: {address: '0.0.0.0'}", "http://127.0.0.1:80/hub/api/"),
        ("http: {address: '::'}", "http://[::1]:80/hub/api/"),
    ],
)
def test_the_hub_is_asked_where_the_proxy_listens(text: str, url: str) -> None:
    assert make_probe_url(load_config(text, "config.yaml")) == url


def test_every_step_is_a_sentence_without_a_capital() -> None:
    for step in make_plan(Config(), RELEASE, first_admin="olga").steps:
        sentence = step.describe()
        assert sentence[0].islower()
        assert "\n" not in sentence


def test_what_is_recorded_is_what_may_be_removed() -> None:
    plan = make_plan(Config(), RELEASE, first_admin="olga")
    record = make_record(plan, "0.1.0")
    assert str(paths.CONFIG_FILE) not in record.paths
    assert str(paths.USER_ENVIRONMENT_DIR) not in record.paths
    assert not any("secrets/" in path and kind != "directory" for path, kind in record.paths.items())
    assert record.paths[str(paths.SUDOERS_FILE)].startswith("sha256:")
    assert record.accounts == (paths.PROXY_USER,)
    assert paths.USERS_SLICE in record.units


def test_removal_takes_units_first_and_directories_from_within() -> None:
    record = make_record(make_plan(Config(), RELEASE), "0.1.0")
    steps = make_removals(record, Record())
    assert isinstance(steps[0], RemoveUnits)
    assert isinstance(steps[-1], RemoveSystemUser)
    removed = [step.path for step in steps if isinstance(step, RemovePath)]
    assert len(removed) == len(record.paths)
    for number, path in enumerate(removed):
        assert not any(earlier in path.parents for earlier in removed[:number]), path
    assert make_removals(record, record) == ()


def test_widened_holds_both_and_narrowed_what_is_planned() -> None:
    a, b = f"{paths.SYSTEMD_DIR}/a.service", f"{paths.SYSTEMD_DIR}/b.service"
    before = Record("1", {a: "sha256:1"}, ("a",), {"a.service": "1", "b.service": "2"}, ("path:/a",))
    planned = Record("2", {b: "sha256:0"}, ("b",))
    wide = widen(before, planned)
    assert set(wide.paths) == {a, b}
    assert wide.units == ("a.service", "b.service")
    assert wide.made == ("path:/a",)
    assert narrow(wide, planned) == Record("2", {b: "sha256:0"}, ("b",), {"b.service": "2"})


def test_a_folder_that_is_shared_no_longer_is_closed_and_then_forgotten() -> None:
    text = "shared_folders: {a: {}, b: {path: /srv/b}}"
    before = make_record(make_plan(load_config(text, "config.yaml"), RELEASE), "1")
    planned = make_record(make_plan(load_config("shared_folders: {a: {}}", "config.yaml"), RELEASE), "1")
    assert [step for step in make_removals(before, planned) if isinstance(step, CloseSharedFolder)] == [
        CloseSharedFolder(Path("/srv/b"))
    ]
    assert set(widen(before, planned).folders) == {"/srv/littlest/a", "/srv/b"}
    assert narrow(widen(before, planned), planned).folders == ("/srv/littlest/a",)


def test_a_record_survives_its_file() -> None:
    record = Record("2", {"/b": "link:/a"}, ("b",), {"b.service": "2"}, ("group:c",), ("/srv/b",))
    assert parse_record(render_record(record), "record.json") == record


def test_a_record_that_version_0_1_0_wrote_is_read_whole_and_says_the_same() -> None:
    text = (filesystem.Path(__file__).parents[2] / "golden/record-0.1.0.json").read_text()
    record = parse_record(text, "record.json")
    assert record.units[-1] == paths.CULLER_UNIT
    assert record.accounts == (paths.PROXY_USER,)
    assert record.made[-1] == f"path:{paths.LAST_GOOD_DROP_IN_DIR}"
    assert json.loads(render_record(record)) == json.loads(text)
    # a plan of today makes nothing else but the group for sudo; the installer itself makes the first folder
    plan = make_plan(Config(), RELEASE, first_admin="olga", is_install=True)
    moved = Path("/usr/local/bin/littlest")
    rules = (paths.SSHD_FILE, paths.POLKIT_FILE)
    folders = {folder for rule in rules for folder in (rule.parent, rule.parent.parent)}
    units = (paths.SYSTEMD_DIR / unit for unit in (paths.PROXY_SOCKET_UNIT, paths.SERVERS_MOUNT_UNIT))
    pages = (paths.PAGES_DIR, *(paths.PAGES_DIR / name for name in PROXY_PAGES))
    later = {str(path) for path in (*units, paths.COMMAND_FILE, *rules, *folders, *pages)}
    groups = {f"group:{group}" for group in (paths.SUDO_GROUP, paths.HUB_ONLY_GROUP)}
    assert set(list_made(plan)) - set(record.made) == {*(f"path:{path}" for path in (paths.OPT_DIR, *later)), *groups}
    assert record.paths.keys() | later == make_record(plan, "0.1.0").paths.keys() | {str(moved)}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', json.dumps({"format": "x"})])
def test_a_damaged_record_is_refused(text: str) -> None:
    with pytest.raises(LittlestError, match=r"record\.json is damaged"):
        parse_record(text, "record.json")


def test_an_empty_plan_owns_nothing() -> None:
    assert make_record(Plan(), "") == Record()


def test_the_command_has_no_placeholder_left_and_the_sudo_rule_names_the_group() -> None:
    assert "{paths" not in COMMAND_SCRIPT
    assert "%littlest-sudo ALL=(ALL) NOPASSWD:ALL\n" in SUDOERS


def test_settings_that_name_no_admin_are_warned_of() -> None:
    assert not list(find_warnings(Config(users=Users(admin=("teacher",)))))
    assert "users.admin is empty" in next(find_warnings(Config()))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("proxy: {trusted: [10.0.0.1, 0.0.0.0/0]}", "proxy.trusted names everybody (0.0.0.0/0)"),
        ("proxy: {trusted: ['::/0']}", "proxy.trusted names everybody (::/0)"),
        ("https: {letsencrypt: {email: a@b.org, domains: [b.org]}}", "https.letsencrypt does nothing"),
        (
            "https: {enabled: true, certificate: /a, key: /b, letsencrypt: {email: a@b.org, domains: [b.org]}}",
            "https.letsencrypt does nothing",
        ),
        (
            "services: {managed: {gg: {command: [/bin/x, --token=hush]}}}",
            "services.managed.gg.command gives a secret",
        ),
    ],
)
def test_what_is_hardly_meant_is_told(text: str, word: str) -> None:
    (warning,) = find_warnings(load_config(f"users: {{admin: [teacher]}}\n{text}\n", "x"))
    assert word in warning
    assert "hush" not in warning


def test_usual_settings_give_no_warning() -> None:
    text = "users: {admin: [teacher]}\nproxy: {trusted: [10.0.0.0/8, 127.0.0.1]}\n"
    assert not list(find_warnings(load_config(text, "x")))


def test_an_account_is_removed_after_what_runs_under_it() -> None:
    text = "services: {managed: {grader: {command: [/opt/grader]}}}"
    before = make_record(make_plan(load_config(text, "config.yaml"), RELEASE), RELEASE.version)
    assert "littlest-services" in before.accounts
    plan = make_plan(Config(), RELEASE)
    removals = make_removals(before, make_record(plan, RELEASE.version))
    steps = order_steps(removals, plan)
    assert steps[-1] == RemoveSystemUser("littlest-services")
    assert sorted(map(repr, steps)) == sorted(map(repr, (*removals, *plan.steps)))


def test_the_certificate_is_there_until_the_proxy_needs_none() -> None:
    # a power cut in between would else find a proxy that cannot start
    text = "https: {enabled: true, certificate: /etc/ssl/hub.pem, key: /etc/ssl/key.pem}"
    before = make_record(make_plan(load_config(text, "config.yaml"), RELEASE), RELEASE.version)
    plan = make_plan(Config(), RELEASE)
    steps = order_steps(make_removals(before, make_record(plan, RELEASE.version)), plan)
    assert steps[-1] == RemovePath(paths.HTTPS_FILE)
