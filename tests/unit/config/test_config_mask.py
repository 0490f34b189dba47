"""Secrets in the text of a configuration file are masked where the model has them, whatever the file looks like."""

import pytest

from littlest.config.text.mask import mask_secrets
from littlest.errors import ConfigError

GITHUB = "external_url: https://hub.example.org/\nauth:\n  type: github\n  client_id: abc\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (GITHUB + "  client_secret: hush # ours\n", GITHUB + "  client_secret: ******** # ours\n"),
        (GITHUB + "  client_secret: {value: 'hush'}\n", GITHUB + "  client_secret: {value: ********}\n"),
        (
            GITHUB + "  client_secret:\n    file: /etc/hush\n",
            GITHUB + "  client_secret:\n    file: /etc/hush\n",
        ),
        (
            GITHUB + "  client_secret: |\n    hush\n    hush\nlimits: {cpu: 1}\n",
            GITHUB + "  client_secret: ********\nlimits: {cpu: 1}\n",
        ),
        ("metrics: {token: &t hush}\n", "metrics: {token: ********}\n"),
        (
            "services: {managed: {ä: {api_token: hush}, b: {command: [/b], api_token: hush2}}}\r\n"
            "http: {port: 81}\r\n",
            "services: {managed: {ä: {api_token: ********}, b: {command: [/b], api_token: ********}}}\r\n"
            "http: {port: 81}\r\n",
        ),
        ("", ""),
        ("# token: a comment\n", "# token: a comment\n"),
    ],
)
def test_only_the_value_of_a_secret_is_masked(before: str, after: str) -> None:
    assert mask_secrets(before, "config.yaml") == after


@pytest.mark.parametrize(
    "text",
    [
        GITHUB + "  client_secrett: hush\n",
        GITHUB + "  client_secret: hush\n  client_secret: hush\n",
        GITHUB + "  client_secret: [hush]\n",
        GITHUB + "  client_secret: {valeu: hush}\n",
        GITHUB + "  client_secret: {hush: 1, hush: 2}\n",
        "auth:\n  type: githib\n  client_secret: hush\n",
        "metrics:\n  token: !secret hush\n",
        "auth:\n  type: dummy\n  password: hush\n",
        "auth: {type: dummy, password: *missing, other: hush}\n",
    ],
)
def test_no_mistake_in_the_file_shows_a_secret(text: str) -> None:
    try:
        masked = mask_secrets(text, "config.yaml")
    except ConfigError as error:
        masked = error.message
    assert "hush" not in masked


def test_the_file_of_a_traits_secret_is_shown() -> None:
    text = (
        "auth:\n  type: native\n  settings: {recaptcha_secret: {file: /etc/secret}}\n"
        "jupyterhub:\n  Spawner:\n    api_token:\n      file: /etc/token\n"
    )
    assert mask_secrets(text, "config.yaml") == text
    for secret in ("{file: hush}", "{file: /etc/secret, value: hush}", "{files: /hush}", "[/hush]"):
        masked = mask_secrets(f"jupyterhub: {{Spawner: {{api_token: {secret}}}}}\n", "config.yaml")
        assert "hush" not in masked
