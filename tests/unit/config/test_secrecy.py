"""Secrets that no setting of their own holds are hidden as well: by the names of traits and variables."""

import json

import pytest

from littlest.config.sections.secrecy import is_hidden
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.render import make_data
from littlest.plan.changes import find_changes, render_change

GITHUB = "external_url: https://hub.example.org/\nauth:\n  type: github\n  client_id: abc\n"
SERVICE = "services: {managed: {gg: {command: [/bin/true], environment: {KIND: seen, {name}: {value}}}}}"
PLACES = {
    "a trait of the way to log in": "auth: {settings: {kind: seen, {name}: {value}}}",
    "a trait of a class": "jupyterhub: {GenericOAuthenticator: {kind: seen, {name}: {value}}}",
    "something within a trait": "jupyterhub: {JupyterHub: {services: [{name: seen, {name}: {value}}]}}",
    "a variable of servers": "user_environment: {environment: {KIND: seen, {name}: {value}}}",
    "a variable of a service": SERVICE,
}
NAMES = ("client_secret", "user_password", "api_token", "CRYPT_KEY", "MYSQL_PWD", "PGPASSWORD", "apikey", "dbPass")


def write(place: str, name: str, value: str) -> str:
    return PLACES[place].replace("{name}", name).replace("{value}", value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", PLACES)
def test_a_secret_by_its_name_is_shown_nowhere(place: str, name: str) -> None:
    old, new = (load_config(write(place, name, value), "config.yaml") for value in ("hush-one", "hush-two"))
    shown = json.dumps(make_data(new))
    assert "hush" not in shown
    assert "seen" in shown
    assert "hush-two" in json.dumps(make_data(new, reveal=True))
    for before, after in ((old, new), (load_config("", "x"), new), (new, load_config("", "x"))):
        changes = find_changes(before, after)
        assert changes
        assert "hush" not in json.dumps([change.make_data() for change in changes])
        assert "hush" not in "".join(map(render_change, changes))
    missing = load_config(write(place, "other", "seen"), "config.yaml")
    assert "hush" not in "".join(map(render_change, find_changes(missing, new)))
    assert "another secret" not in "".join(map(render_change, find_changes(missing, new)))
    assert "another secret" in "".join(map(render_change, find_changes(old, new)))


@pytest.mark.parametrize("password", ["hush", "hu/sh-hush", "hu@sh/hush", "hush?#hush", "9hush", "9"])
@pytest.mark.parametrize("place", PLACES)
def test_a_password_in_an_address_is_hidden(place: str, password: str) -> None:
    text = write(place, "db_url", f"'postgresql://hush:{password}@db.example.org/hub'")
    config = load_config(text, "config.yaml")
    assert "hush" not in json.dumps(make_data(config))
    assert "hush" not in "".join(map(render_change, find_changes(load_config("", "x"), config)))


@pytest.mark.parametrize(
    "command",
    [
        "[/bin/x, --api-token=hush]",
        "[/bin/x, --verbose, --token, hush]",
        "[/bin/x, -password=hush]",
        "[/bin/x, 'postgresql://ada:hush@db/']",
        "[/bin/sh, -c, 'x --token hush']",
    ],
)
def test_a_secret_in_a_command_is_shown_nowhere(command: str) -> None:
    text = f"services: {{managed: {{gg: {{command: {command}}}}}}}\n"
    config = load_config(text, "x")
    assert "hush" not in json.dumps(make_data(config))
    assert "hush" in json.dumps(make_data(config, reveal=True))
    assert "hush" not in "".join(map(render_change, find_changes(load_config("", "x"), config)))
    other = load_config(text.replace("hush", "hush-two"), "x")
    assert "hush" not in "".join(map(render_change, find_changes(config, other)))


def test_a_command_without_a_secret_is_shown() -> None:
    for word in (
        "--port=9000",
        "--token-file=/etc/x",
        "--ssl-key=/etc/x/y.key",
        "--verbose",
        "https://x.example.org:1/a@b",
    ):
        text = f"services: {{managed: {{gg: {{command: [/bin/x, '{word}', seen]}}}}}}\n"
        assert "seen" in json.dumps(make_data(load_config(text, "x"))), word


def test_the_consumers_of_lti_are_secrets() -> None:
    text = "auth: {type: ltiauthenticator.LTIAuthenticator, settings: {consumers: {hush: hush}}}\n"
    assert "hush" not in json.dumps(make_data(load_config(text, "x")))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_url", "https://login.example.org/token"),
        ("cookie_secret_file", "/etc/littlest/cookie"),
        ("minimum_password_length", 9),
        ("token_expires_in_seconds", 60),
        ("check_common_password", True),
        ("user_password", None),
        ("user_password", ""),
        ("callback_url", "https://hub.example.org:8443/hub@home"),
        ("monkey", "banana"),
    ],
)
def test_what_is_no_secret_is_shown(name: str, value: object) -> None:
    assert not is_hidden(value, ("auth", "settings", name))


def test_names_of_classes_and_settings_of_the_model_tell_nothing() -> None:
    assert not is_hidden(3, ("jupyterhub", "SharedPasswordAuthenticator", "http_timeout"))
    assert not is_hidden("key", ("https", "key"))


def test_tokens_that_are_names_themselves_are_hidden() -> None:
    text = "jupyterhub: {JupyterHub: {service_tokens: {hush: grader}}}"
    assert "hush" not in json.dumps(make_data(load_config(text, "x")))
    assert "hush" not in "".join(map(render_change, find_changes(load_config("", "x"), load_config(text, "x"))))


@pytest.mark.parametrize(
    "text",
    [
        "metrics: hush\n",
        "auth: hush\n",
        "services: {managed: {gg: hush}}\n",
        "services: {managed: hush}\n",
        "auth:\n  - client_secret: hush\n",
        "auth: {settings: hush}\n",
        "auth: {settings: {user_password: !x hush}}\n",
        "auth: {settings: {user_password: [hush, {hush: hush}]}}\n",
        "auth: {settings: {user_password: &a [hush, *a]}}\n",
        "auth: {settings: {extra: &a [*a], other: {user_password: hush}}}\n",
        "user_environment: {environment: {API_TOKEN: [hush]}}\n",
        "user_environment: {environment: {API_TOKEN: hush\n   more}}\n",
        'user_environment: {environment: {API_TOKEN: "hush\\0"}}\n',
        GITHUB + "  client_secrett: hush\n",
        GITHUB + "  client_secret: hush\n  client_secret: hush\n",
        "auth:\n  type: githib\n  client_secret: hush\n",
        "metrics:\n  token: !secret hush\n",
        "auth:\n  type: dummy\n  password: hush\n",
        "auth: {type: dummy, password: *missing, other: hush}\n",
    ],
)
def test_no_mistake_in_the_file_shows_a_secret(text: str) -> None:
    try:
        shown = json.dumps(make_data(load_config(text, "config.yaml")))
    except InvalidConfig as error:
        shown = error.message
    assert "hush" not in shown
