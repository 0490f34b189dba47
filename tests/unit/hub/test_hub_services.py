"""Services in JupyterHub's words: our own, those of the settings, and the metrics'."""

from typing import Any

import pytest

from littlest.config.sections.section import Secret
from littlest.config.text.load import load_config
from littlest.errors import LittlestError
from littlest.hub.scopes import check_scopes
from littlest.hub.services import make_service_settings

TOKENS = {"LITTLEST_CULLER_TOKEN": "c" * 64, "LITTLEST_COMMAND_TOKEN": "d" * 64}


def read_secret(secret: Secret) -> str:
    return secret.value or "token-of-a-file"


def settings(text: str) -> dict[str, Any]:
    return make_service_settings(load_config(text, "config.yaml"), TOKENS, read_secret)


def find(made: dict[str, Any], trait: str, name: str) -> dict[str, Any]:
    return next(dict(item) for item in made[trait] if item["name"] == name)


def test_a_program_never_runs_as_root() -> None:
    text = "services: {managed: {grader: {command: [/opt/grader, --port=9000], environment: {COURSE: bio}}}}"
    service = find(settings(text), "services", "grader")
    assert service == {
        "name": "grader",
        "command": ["/opt/grader", "--port=9000"],
        "environment": {"COURSE": "bio"},
        "user": "littlest-services",
        "cwd": "/var/lib/littlest-services",
    }


def test_a_service_may_do_what_its_scopes_say_and_everybody_may_open_its_pages() -> None:
    text = "services: {managed: {grader: {command: [/opt/g], url: 'http://127.0.0.1:9000', scopes: [list:users]}}}"
    made = settings(text)
    assert find(made, "load_roles", "service-grader") == {
        "name": "service-grader",
        "services": ["grader"],
        "scopes": ["list:users"],
    }
    assert made["extra_user_scopes"] == {"access:services!service=grader"}


def test_a_service_that_runs_elsewhere_has_a_token_and_no_program() -> None:
    text = "services: {managed: {grader: {api_token: {file: /etc/littlest/grader}}}}"
    assert find(settings(text), "services", "grader") == {"name": "grader", "api_token": "token-of-a-file"}


def test_the_metrics_are_for_who_has_their_token_or_for_all() -> None:
    assert settings("")["authenticate_prometheus"] is True
    assert settings("metrics: {public: true}")["authenticate_prometheus"] is False
    made = settings("metrics: {token: sesame-open}")
    assert find(made, "services", "metrics") == {"name": "metrics", "api_token": "sesame-open"}
    assert find(made, "load_roles", "metrics")["scopes"] == ["read:metrics"]
    assert not [service for service in settings("")["services"] if service["name"] == "metrics"]


@pytest.mark.parametrize("token", ["short", "x" * 65])
def test_a_token_that_jupyterhub_cannot_have_is_refused_before_it_stops_the_hub(token: str) -> None:
    with pytest.raises(LittlestError, match="8 to 64 characters") as refused:
        settings(f"metrics: {{token: {token}}}")
    assert token not in refused.value.message


def test_two_services_with_one_token_would_be_one_and_the_same() -> None:
    with pytest.raises(LittlestError, match="the services metrics and grader have the same token") as refused:
        settings("metrics: {token: sesame-open}\nservices: {managed: {grader: {api_token: sesame-open}}}")
    assert "sesame" not in refused.value.message


def test_a_scope_that_there_is_not_is_named() -> None:
    with pytest.raises(LittlestError, match="list:user"):
        check_scopes([{"name": "service-grader", "scopes": ["list:user"]}], ())
    known = ["list:users", "read:users!group=biology", "custom:grade"]
    check_scopes([{"name": "service-grader", "scopes": known}, {"name": "empty"}], {"custom:grade": {}})
