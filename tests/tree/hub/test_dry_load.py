"""What JupyterHub's own classes say about settings and drop-ins, each by itself."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import urllib3  # noqa: F401  # which some authenticators import: it tries out, once, whether there is IPv6
from jupyterhub.crypto import CryptKeeper

from littlest import paths
from littlest.config.sections.section import list_secrets
from littlest.config.text.load import load_located_config
from littlest.config.text.render import make_data
from littlest.hub.application import LittlestHub
from littlest.hub.check import reserved_traits
from littlest.hub.check.dry_load import TOKENS, DryLoad
from littlest.hub.live import live
from littlest.hub.login.authenticators import CLASSES, make_login_settings
from littlest.hub.login.classes import make_authenticator_class
from littlest.hub.merge import add_trait_values, read_trait_secrets
from littlest.hub.servers.spawner import UserServerSpawner
from littlest.hub.socket_proxy import SocketProxy
from littlest.machine.machine import Machine
from littlest.plan.effects import list_secret_files
from littlest.system.hub.dry_run import find_hub_problems, make_hub_problem

Explain = Callable[..., list[str]]


@pytest.fixture
def explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Say what is wrong with a text, and with drop-ins that are given by name."""
    for number, name in enumerate(TOKENS):
        monkeypatch.setenv(name, str(number) * 64)
    monkeypatch.setattr(live, "config", live.config)

    def explain(text: str = "", **drop_ins: str) -> list[str]:
        machine = Machine(tmp_path)
        for name, content in drop_ins.items():
            machine.write_file(paths.DROP_IN_DIR / f"{name}.py", content)
        loaded = load_located_config(text, "config.yaml")
        began: list[str] = []
        load = DryLoad(loaded.config, machine.path(paths.DROP_IN_DIR), began.append)
        return [str(make_hub_problem(loaded, found)) for found in load.find_problems()]

    return explain


def test_every_reserved_trait_is_one_of_a_class() -> None:
    others = (LittlestHub, UserServerSpawner, SocketProxy, CryptKeeper)
    known: dict[str, set[str]] = {}
    for one in (*map(make_authenticator_class, CLASSES.values()), *others):
        for ancestor in one.__mro__:
            known.setdefault(ancestor.__name__, set()).update(one.class_traits(config=True))
    for family, reasons in reserved_traits._RESERVED.items():
        assert {trait for traits in reasons.values() for trait in traits.split()} <= known[family]


@pytest.mark.parametrize("line", ["c.Spawner.args = [%s]", "c.SystemdSpawner.args.append(%s)"])
def test_the_usual_line_for_frames_is_refused_with_the_setting_for_it(explain: Explain, line: str) -> None:
    (said,) = explain(moodle=line % "'--ServerApp.tornado_settings={\"headers\": {}}'")
    assert "moodle.py:1" in said
    assert "use frame_ancestors" in said
    assert explain(moodle=line % "'--debug'") == []


def test_values_that_jupyterhub_takes_are_fine(explain: Explain) -> None:
    text = """\
auth:
  type: native
  settings: {check_common_password: false, username_map: {ada: lovelace}}
services:
  managed:
    grader: {command: [/bin/true], scopes: [list:users, "read:servers!user=ada", "custom:grade:read"]}
jupyterhub:
  JupyterHub:
    shutdown_on_logout: true
    template_paths: [/srv/templates]
    custom_scopes: {"custom:grade:read": {description: Read grades}}
    services: [{name: other, url: "http://127.0.0.1:9100"}]
    load_roles: [{name: other, services: [other], scopes: [list:users]}]
    tornado_settings: {slow_spawn_timeout: 0}
  Spawner: {http_timeout: 200, environment: {COURSE: biology}}
  SystemdSpawner: {unit_extra_properties: {Nice: "10"}}
  traitlets.config.Application: {log_level: 10}
"""
    drop_in = (
        "c.JupyterHub.load_roles = [{'name': 'third', 'services': ['third'], 'scopes': ['list:users']}]\n"
        "c.JupyterHub.services.append({'name': 'third', 'api_token': 'x' * 64})\nc.Spawner.pre_spawn_hook = print\n"
    )
    assert explain(text, drop_in=drop_in) == []


GITHUB = """\
external_url: https://hub.example.org/
auth:
  type: github
  client_id: a
  client_secret: b"""
TRAITS = {
    "a trait that there is not": (
        "jupyterhub:\n  JupyterHub:\n    shutdown_on_logot: true\n",
        "config.yaml:3: jupyterhub.JupyterHub.shutdown_on_logot: LittlestHub has no trait of this name;"
        " did you mean shutdown_on_logout?",
    ),
    "a class that there is not": (
        "jupyterhub:\n  Spawnr:\n    http_timeout: 3\n",
        "config.yaml:2: jupyterhub.Spawnr: the hub uses no class of this name; did you mean Spawner?",
    ),
    "a class that is not used": (
        "jupyterhub:\n  LocalProcessSpawner:\n    http_timeout: 3\n",
        "config.yaml:2: jupyterhub.LocalProcessSpawner: the hub uses no class of this name; it uses"
        " CryptKeeper, LittlestHub, PasswordAuthenticator, SocketProxy, UserServerSpawner",
    ),
    "text for a number": (
        "jupyterhub:\n  Spawner:\n    http_timeout: soon\n",
        "config.yaml:3: jupyterhub.Spawner.http_timeout: takes a whole number, not text",
    ),
    "a number for text": (
        "jupyterhub:\n  JupyterHub:\n    default_server_name: 3\n",
        "config.yaml:3: jupyterhub.JupyterHub.default_server_name: takes text, not a number; put it in quotes",
    ),
    "a list for true or false": (
        "jupyterhub:\n  JupyterHub:\n    shutdown_on_logout:\n      - true\n",
        "config.yaml:3: jupyterhub.JupyterHub.shutdown_on_logout: takes true or false, not a list",
    ),
    "numbers in a list of text": (
        "jupyterhub:\n  Spawner:\n    args: [1]\n",
        "config.yaml:3: jupyterhub.Spawner.args: an entry takes text, not a number",
    ),
    "an argument that servers have": (
        "jupyterhub:\n  Spawner:\n    args: [--debug, --ServerApp.port=8888]\n",
        "config.yaml:3: jupyterhub.Spawner.args: --ServerApp.port cannot be given: littlest starts servers with it",
    ),
    "the usual argument for frames": (
        "jupyterhub:\n  Spawner:\n    args: [\"--NotebookApp.tornado_settings={'headers': {}}\"]\n",
        "config.yaml:3: jupyterhub.Spawner.args: --NotebookApp.tornado_settings cannot be given: littlest starts"
        " servers with it; to show the hub in a page of another site, use frame_ancestors",
    ),
    "who may show the hub in a frame": (
        "jupyterhub:\n  JupyterHub:\n    tornado_settings:\n      headers:\n"
        "        Content-Security-Policy: frame-ancestors https://moodle.example.org\n",
        "config.yaml:3: jupyterhub.JupyterHub.tornado_settings: says who may show the hub in a frame, which has a"
        " setting of its own; use frame_ancestors",
    ),
    "a function's name": (
        "jupyterhub:\n  Spawner:\n    pre_spawn_hook: make_folders\n",
        "config.yaml:3: jupyterhub.Spawner.pre_spawn_hook: takes a function; this takes a file of Python in"
        " /etc/littlest/jupyterhub_config.d",
    ),
    "a trait with a setting of its own": (
        "jupyterhub:\n  SystemdSpawner:\n    mem_limit: 2G\n",
        "config.yaml:3: jupyterhub.SystemdSpawner.mem_limit: has a setting of its own; use limits.memory",
    ),
    "a trait that would break the hub": (
        "jupyterhub:\n  JupyterHub:\n    db_url: sqlite:///elsewhere\n",
        "config.yaml:3: jupyterhub.JupyterHub.db_url: cannot be set: the hub's database stays where backup and"
        " uninstall look for it",
    ),
    "a trait of the way to log in": (
        "auth:\n  type: github\n  client_id: a\n  client_secret: b\n  settings:\n    scop: []\n"
        "external_url: https://hub.example.org/\n",
        "config.yaml:6: auth.settings.scop: GitHubOAuthenticator has no trait of this name; did you mean scope?",
    ),
    "a trait that a setting of this way to log in has": (
        "auth:\n  type: native\n  settings:\n    open_signup: true\n",
        "config.yaml:4: auth.settings.open_signup: has a setting of its own; use auth.open_signup",
    ),
    "the same by its class": (
        "auth: {type: native}\njupyterhub:\n  SignUpAuthenticator:\n    open_signup: true\n",
        "config.yaml:4: jupyterhub.SignUpAuthenticator.open_signup: has a setting of its own; use auth.open_signup",
    ),
    "the same by the class that ours is made of": (
        "auth: {type: pam}\njupyterhub:\n  PAMAuthenticator:\n    service: sshd\n",
        "config.yaml:4: jupyterhub.PAMAuthenticator.service: has a setting of its own; use auth.service",
    ),
    "the same by its old name": (
        f"{GITHUB}\n  settings:\n    github_organization_whitelist: [school]\n",
        "config.yaml:7: auth.settings.github_organization_whitelist: has a setting of its own;"
        " use auth.organizations",
    ),
    "the address for the provider": (
        f"{GITHUB}\n  settings:\n    oauth_callback_url: http://other/\n",
        "config.yaml:7: auth.settings.oauth_callback_url: has a setting of its own; use external_url",
    ),
    "a trait that something nearer sets": (
        f"{GITHUB}\njupyterhub:\n  OAuthenticator:\n    scope: [user]\n",
        "config.yaml:8: jupyterhub.OAuthenticator.scope: has no effect: GitHubOAuthenticator.scope is set as well;"
        " set it for GitHubOAuthenticator",
    ),
    "its value": (
        "auth:\n  type: native\n  settings:\n    check_common_password: 3\n",
        "config.yaml:4: auth.settings.check_common_password: takes true or false, not a number",
    ),
    "a class that cannot be imported": (
        "auth:\n  type: no.such.Class\n",
        "config.yaml:2: auth.type: no.such.Class cannot be imported: No module named 'no'",
    ),
    "a class that is no authenticator": (
        "auth:\n  type: jupyterhub.spawner.Spawner\n",
        "config.yaml:2: auth.type: jupyterhub.spawner.Spawner is no authenticator class of JupyterHub's",
    ),
    "a scope that there is not": (
        "services:\n  managed:\n    grader:\n      command: [/bin/true]\n      scopes:\n        - list:user\n",
        "config.yaml:6: services.managed.grader.scopes: JupyterHub has no scope list:user; did you mean list:users?",
    ),
    "a scope that is limited to nothing": (
        "services:\n  managed:\n    grader:\n      command: [/bin/true]\n      scopes: ['list:users!x=3']\n",
        "config.yaml:5: services.managed.grader.scopes: list:users!x=3 is limited to something that there is not;"
        " write !user=NAME, !group=NAME or !server=NAME",
    ),
    "a service twice": (
        "services:\n  managed:\n    grader: {command: [/bin/true]}\n"
        "jupyterhub:\n  JupyterHub:\n    services: [{name: grader}]\n",
        "config.yaml:6: jupyterhub.JupyterHub.services: there is a service grader already; choose another name",
    ),
    "a service of ours": (
        "jupyterhub:\n  JupyterHub:\n    services: [{name: littlest}]\n",
        "config.yaml:3: jupyterhub.JupyterHub.services: there is a service littlest already; choose another name",
    ),
    "a token that is too short": (
        "jupyterhub:\n  JupyterHub:\n    services: [{name: grader, api_token: hush}]\n",
        "config.yaml:3: jupyterhub.JupyterHub.services: JupyterHub refuses it: APIToken.token must be at least 8"
        " characters, got 4: ********",
    ),
    "a token that is too long": (
        f"jupyterhub:\n  JupyterHub:\n    services: [{{name: grader, api_token: {'x' * 65}}}]\n",
        "config.yaml:3: jupyterhub.JupyterHub.services: JupyterHub refuses it: Cannot create tokens larger than 64"
        " characters",
    ),
    "a service without a name": (
        "jupyterhub:\n  JupyterHub:\n    services: [{api_token: hush-hush-hush}]\n",
        "config.yaml:3: jupyterhub.JupyterHub.services: JupyterHub refuses it: service spec must have a name:"
        " {'api_token': '********'}",
    ),
    "a page that cannot be imported": (
        "jupyterhub:\n  JupyterHub:\n    extra_handlers: [[/x, no.such.Handler]]\n",
        "config.yaml:3: jupyterhub.JupyterHub.extra_handlers: JupyterHub would not start: ModuleNotFoundError:"
        " No module named 'no'",
    ),
    "a role of a service that there is not": (
        "jupyterhub:\n  JupyterHub:\n    load_roles: [{name: grader, services: [grader]}]\n",
        "config.yaml:3: jupyterhub.JupyterHub.load_roles: JupyterHub refuses it: Found undefined service grader in"
        " role grader. Define it first in c.JupyterHub.services.",
    ),
    "a class that lets anybody in": (
        "auth:\n  type: jupyterhub.auth.DummyAuthenticator\n  allow_all: true\n",
        "config.yaml:2: auth.type: DummyAuthenticator has a type of its own, which protects the admins' names;"
        " write type: dummy",
    ),
    "a class that sends people to a provider, without an address to come back to": (
        "auth:\n  type: oauthenticator.openshift.OpenShiftOAuthenticator\n"
        "  settings: {client_id: a, client_secret: b}\n",
        "config.yaml:2: auth.type: OpenShiftOAuthenticator needs external_url: people are sent back to that address",
    ),
    "what only a start of the hub shows": (
        "jupyterhub:\n  Spawner:\n    http_timeout: 30\n  JupyterHub:\n    shutdown_on_logout: true\n"
        "    load_roles:\n      - {name: grader, scopes: [nothing]}\n",
        "config.yaml:6: jupyterhub.JupyterHub.load_roles: JupyterHub would not start: ",
    ),
}


@pytest.mark.parametrize(("text", "problem"), TRAITS.values(), ids=TRAITS)
def test_a_value_that_jupyterhub_does_not_take_is_named(explain: Explain, text: str, problem: str) -> None:
    (found,) = explain(text)
    assert found == problem or (problem.endswith(": ") and found.startswith(problem))


DROP_INS = {
    "a typing error": (
        "c.Spawner.http_timeout = 3\nc.Spawner.environment = {\n",
        2,
        "SyntaxError: '{' was never closed",
    ),
    "an error while it runs": ("import os\n\nos.environ['NOT_THERE']\n", 3, "KeyError: 'NOT_THERE'"),
    "an end of the process": ("import sys\nsys.exit('no')\n", 2, "it ends the hub (SystemExit)"),
    "a trait that there is not": (
        "timeout = 3\nc.Spawner.http_timout = timeout\n",
        2,
        "c.Spawner.http_timout: UserServerSpawner has no trait of this name; did you mean http_timeout?",
    ),
    "a value that does not fit": (
        "c.JupyterHub.shutdown_on_logout = 'yes'\n",
        1,
        "c.JupyterHub.shutdown_on_logout: takes true or false, not text",
    ),
    "a trait with a setting of its own": (
        "# as in the manual\nc.Authenticator.admin_users = {'ada'}\n",
        2,
        "c.Authenticator.admin_users: has a setting of its own; use users.admin",
    ),
    "a trait that something nearer sets": (
        "c.Spawner.http_timeout = 3\nc.UserServerSpawner.http_timeout = 4\n",
        1,
        "c.Spawner.http_timeout: has no effect: UserServerSpawner.http_timeout is set as well;"
        " set it for UserServerSpawner",
    ),
    "a class that there is not": (
        "c.Spawnr.http_timeout = 3\n",
        1,
        "c.Spawnr: the hub uses no class of this name; did you mean Spawner?",
    ),
}


@pytest.mark.parametrize(("drop_in", "line", "problem"), DROP_INS.values(), ids=DROP_INS)
def test_what_is_wrong_with_a_drop_in_is_named(explain: Explain, drop_in: str, line: int, problem: str) -> None:
    assert explain(x=drop_in) == [f"/etc/littlest/jupyterhub_config.d/x.py:{line}: {problem}"]


def test_a_drop_in_sets_no_trait_that_a_setting_of_auth_has(explain: Explain) -> None:
    text = "auth: {type: pam}\n"
    assert explain(text, x="c.PAMAuthenticator.service = 'sshd'\n") == [
        "/etc/littlest/jupyterhub_config.d/x.py:1: c.PAMAuthenticator.service: has a setting of its own;"
        " use auth.service"
    ]


CHOSEN = "with this auth, anybody could choose the name of an account of this machine and use that account"


@pytest.mark.parametrize(
    ("text", "drop_in"),
    [
        (GITHUB.replace("github", "google") + "\n  settings: {allowed_google_groups: {school: [pupils]}}\n", ""),
        (f"{GITHUB}\n", "c.OAuthenticator.allowed_groups = {'pupils'}\nc.OAuthenticator.manage_groups = True\n"),
    ],
)
def test_nobody_chooses_the_name_of_an_account_by_a_rule_of_the_class(
    explain: Explain, text: str, drop_in: str
) -> None:
    (found,) = explain(f'{text}users: {{unix_name: "{{name}}"}}\n', **({"x": drop_in} if drop_in else {}))
    assert CHOSEN in found
    assert explain(text, **({"x": drop_in} if drop_in else {})) == []


def test_a_secret_of_a_trait_may_stand_in_a_file(explain: Explain, tmp_path: Path) -> None:
    text = """\
external_url: https://hub.example.org/
auth:
  type: oauthenticator.openshift.OpenShiftOAuthenticator
  settings: {client_id: a, client_secret: {file: /etc/secret}, openshift_auth_api_url: "https://x.example"}
jupyterhub:
  OpenShiftOAuthenticator: {http_request_kwargs: {auth_password: {file: /etc/other}}}
"""
    Machine(tmp_path).write_file(PurePosixPath("/etc/secret"), "the-secret\n")
    assert explain(text) == []
    config = load_located_config(text, "config.yaml").config
    assert [(place, secret.file) for place, secret in list_secrets(config)] == [
        (("auth", "settings", "client_secret"), "/etc/secret"),
        (("jupyterhub", "OpenShiftOAuthenticator", "http_request_kwargs", "auth_password"), "/etc/other"),
    ]
    # another secret in the file restarts the hub
    assert [str(file) for file in list_secret_files(config)] == ["/etc/secret", "/etc/other"]
    assert make_data(config)["auth"]["settings"]["client_secret"] == {"file": "/etc/secret"}
    made = make_login_settings(config, lambda secret: f"from {secret.file}")["OpenShiftOAuthenticator"]
    assert made["client_secret"] == "from /etc/secret"
    assert read_trait_secrets(config.jupyterhub, lambda secret: f"from {secret.file}") == {
        "OpenShiftOAuthenticator": {"http_request_kwargs": {"auth_password": "from /etc/other"}}
    }


def test_a_file_that_is_no_secrets_is_left_as_it_is_written() -> None:
    text = "jupyterhub: {Spawner: {environment: {file: /x}, args: [a]}}"
    assert load_located_config(text, "config.yaml").config.jupyterhub["Spawner"]["environment"] == {"file": "/x"}


def test_a_drop_in_with_which_the_hub_would_not_start_is_named(explain: Explain) -> None:
    bad = "c.JupyterHub.load_roles.append({'scopes': []})\n"
    assert explain(a="c.Spawner.http_timeout = 3\n", b=bad) == [
        "/etc/littlest/jupyterhub_config.d/b.py:1: c.JupyterHub.load_roles: JupyterHub would not start:"
        " KeyError: 'name'"
    ]


def test_what_keeps_the_hub_from_starting_is_named_at_its_own_line(explain: Explain) -> None:
    # each value needs another one, and some come before what they need
    text = """\
jupyterhub:
  JupyterHub:
    load_roles: [{name: other, services: [other, grader], scopes: ["custom:grade:read"]}]
    extra_handlers: [[/x, no.such.Handler]]
    services: [{name: other, url: "http://127.0.0.1:9100"}]
    custom_scopes: {"custom:grade:read": {description: Read grades}}
services:
  managed:
    grader: {command: [/bin/true], scopes: ["custom:grade:read"]}
"""
    (found,) = explain(text, x="c.Spawner.http_timeout = 3\n")
    assert found.startswith("config.yaml:4: jupyterhub.JupyterHub.extra_handlers: ")
    good = text.replace("    extra_handlers: [[/x, no.such.Handler]]\n", "")
    drop_in = "c.Spawner.http_timeout = 3\n\nc.JupyterHub.extra_handlers = [('/x', 'no.such.Handler')]\n"
    (found,) = explain(good, x=drop_in)
    assert found.startswith("/etc/littlest/jupyterhub_config.d/x.py:3: c.JupyterHub.extra_handlers: ")


def test_a_token_in_a_drop_in_is_tried_and_not_shown(explain: Explain) -> None:
    (found,) = explain(x="c.JupyterHub.services.append({'name': 'grader', 'api_token': 'hush'})\n")
    assert "must be at least 8 characters" in found
    assert "hush" not in found


def test_what_a_drop_in_appends_is_tried_and_not_shown(explain: Explain) -> None:
    (found,) = explain(x="c.Spawner.http_timeout = 3\nc.Spawner.args.append({'hush': 3})\n")
    assert found.startswith("/etc/littlest/jupyterhub_config.d/x.py:2: c.Spawner.args: JupyterHub refuses it: ")
    assert found.endswith("expected a unicode string, not the dict")


def test_every_problem_is_named_in_one_run_and_no_secret(explain: Explain) -> None:
    text = (
        "auth:\n  type: native\n  settings: {check_common_password: s3cret, nothing: s3cret}\n"
        "jupyterhub: {Spawner: {http_timeout: s3cret}}\n"
    )
    found = explain(
        text, x="c.Spawner.poll_interval = 's3cret'\nraise_this\n", y="c.Spawner.poll_interval = 's3cret'\n"
    )
    assert [line.split(": ")[0] for line in found] == [
        *("config.yaml:3", "config.yaml:3", "config.yaml:4"),
        "/etc/littlest/jupyterhub_config.d/x.py:2",
        "/etc/littlest/jupyterhub_config.d/y.py:1",
    ]
    assert "s3cret" not in "".join(found)


def test_jupyterhub_is_not_asked_where_it_has_nothing_to_say(tmp_path: Path) -> None:
    class Unasked(Machine):
        def run(self, *arguments: object, **settings: object) -> object:  # type: ignore[override]
            raise AssertionError("a second for nothing")

    loaded = load_located_config("users: {admin: [ada]}\nlimits: {memory: 1G}\n", "config.yaml")
    assert find_hub_problems(Unasked(tmp_path), loaded) == ()
    # what a provider is told goes through checks of the class's own
    with pytest.raises(AssertionError):
        find_hub_problems(Unasked(tmp_path), load_located_config(f"{GITHUB}\n", "config.yaml"))


def test_values_are_put_together_with_ours() -> None:
    ours = {
        "JupyterHub": {
            "services": [{"name": "littlest"}],
            "template_paths": ["/ours"],
            "tornado_settings": {"headers": {"A": "1"}, "slow_spawn_timeout": 3},
        }
    }
    theirs: dict[str, dict[str, Any]] = {
        "JupyterHub": {
            "services": [{"name": "other"}],
            "template_paths": ["/theirs"],
            "tornado_settings": {"headers": {"B": "2"}, "slow_spawn_timeout": 0},
            "shutdown_on_logout": True,
        },
        "package.module.Class": {"trait": [1]},
    }
    assert add_trait_values(ours, theirs) == {
        "JupyterHub": {
            "services": [{"name": "littlest"}, {"name": "other"}],
            "template_paths": ["/theirs", "/ours"],
            "tornado_settings": {"headers": {"A": "1", "B": "2"}, "slow_spawn_timeout": 0},
            "shutdown_on_logout": True,
        },
        "Class": {"trait": [1]},
    }
