"""No message about a mistake with a secret holds a part of it, and each says what to do."""

import pytest

from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig

AUTH = "auth: {type: github, client_id: '1', client_secret: %s }\nexternal_url: https://hub.example.org/\n"
BLOCK = "external_url: https://hub.example.org/\nauth:\n  type: github\n  client_id: '1'\n  client_secret: %s"
QUOTES = "put the secret in quotes"


def explain(text: str) -> str:
    with pytest.raises(InvalidConfig) as caught:
        load_config(text, "config.yaml")
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("!hush", f"auth.client_secret: begins with !, which has a meaning in YAML; {QUOTES}"),
        ("!hush,", f"auth.client_secret: begins with !, which has a meaning in YAML; {QUOTES}"),
        ("!!hush more", f"auth.client_secret: begins with !, which has a meaning in YAML; {QUOTES}"),
        ("&hush", f"auth.client_secret: begins with &, which has a meaning in YAML; {QUOTES}"),
        ("'{hush}'", ""),
        ("{hush}", "auth.client_secret: takes a secret, or {file: PATH}; put a secret that begins with {"),
        ("{hush: 1}", "auth.client_secret: takes a secret, or {file: PATH}; put a secret that begins with {"),
        (
            "{hush: 1, hush: 2}",
            "auth.client_secret: takes a secret, or {file: PATH}; put a secret that begins with {",
        ),
        (
            "{file: /etc/hub, hush: 2}",
            "auth.client_secret: takes a secret, or {file: PATH}; put a secret that begins with {",
        ),
        ("{file: hush}", "auth.client_secret.file: is not an absolute path; write one that begins with /"),
        (
            "[hush]",
            "auth.client_secret: takes a secret, or {file: PATH}, not a list; put a secret that begins with [",
        ),
        ("*hush", "config.yaml:1:"),
        ("!hush!hush", "config.yaml:1:"),
        ("!<hush", "config.yaml:1:"),
        ("!%hu%sh", "config.yaml:1:"),
        ("@hush", "config.yaml:1:"),
        ("|hush", "config.yaml:1:"),
        ('"hush', "config.yaml:1:"),
        ("hush: hush", "config.yaml:1:"),
        (
            "hush\n    hush",
            "auth.client_secret: is on more than one line; write the secret on one line, in quotes",
        ),
    ],
)
@pytest.mark.parametrize("is_block", [False, True], ids=["in braces", "on a line"])
def test_a_secret_without_its_quotes_is_not_shown(written: str, said: str, is_block: bool) -> None:
    text = (BLOCK if is_block else AUTH) % written
    if not said:
        assert load_config(text, "config.yaml").auth
        return
    message = explain(text)
    assert "hu" not in message.replace("hub.example", ""), message
    assert said.replace("config.yaml:1:", "config.yaml:5:" if is_block else "config.yaml:1:") in message


@pytest.mark.parametrize(
    "written", ["!hush", "!x hush", "{hush: 1, hush: 2}", "[{hush: 1, hush: 2}]", "hush\n  hush"]
)
@pytest.mark.parametrize(
    "place",
    [
        "auth: {settings: {user_password: %s }}",
        "jupyterhub: {GenericOAuthenticator: {client_secret: %s }}",
        "user_environment: {environment: {API_TOKEN: %s }}",
    ],
)
def test_a_secret_by_its_name_without_its_quotes_is_not_shown(place: str, written: str) -> None:
    message = explain(place % written)
    assert "hush" not in message
    assert "user_password" in message or "client_secret" in message or "API_TOKEN" in message


def test_the_end_of_braces_is_no_part_of_a_tag() -> None:
    message = explain(AUTH.replace(" }", "}") % "!hush")
    assert message == "config.yaml:1: a value that begins with ! has a meaning in YAML; put the value in quotes"


def test_a_tag_within_a_value_of_any_shape_is_refused() -> None:
    message = explain("auth:\n  settings:\n    extra:\n      - {kind: !none x}\n")
    assert message == "config.yaml:4: auth.settings.extra.kind: the tag !none means nothing here; remove it"


@pytest.mark.parametrize(
    "text",
    [
        "external_url: https://ada:hush@hub.example.org/",
        "external_url: https://ada:hu/sh@hu@hub.example.org/",
        "services: {managed: {gg: {url: 'ftp://ada:hush@x/', command: [/bin/x]}}}",
        "services: {managed: {gg: {command: /bin/x --token=hush}}}",
        "services: {managed: {gg: {command: '/bin/x --api-token hush'}}}",
        "users: {admin: https://ada:hush@hub.example.org/}",
        "limits: {memory: postgresql://ada:hush@db/}",
    ],
)
def test_what_looks_like_a_password_elsewhere_is_not_shown(text: str) -> None:
    message = explain(text)
    assert "hu" not in message.replace("hub.example", "")
