"""What config.yaml becomes in JupyterHub's words. Each test names the fault that the setting prevents."""

from typing import Any

import pytest

from littlest.config.text.load import load_config
from littlest.hub.traits import make_hub_settings

TOKENS = {"LITTLEST_CULLER_TOKEN": "c" * 64, "LITTLEST_COMMAND_TOKEN": "d" * 64}


def settings(text: str = "") -> dict[str, dict[str, Any]]:
    return make_hub_settings(load_config(text, "config.yaml"), TOKENS, 2, "/templates")


def test_nobody_gets_in_who_was_not_let_in() -> None:
    # the first-use authenticator lets everybody in while no user is listed
    authenticator = settings()["Authenticator"]
    assert authenticator["allow_all"] is False
    assert authenticator["allow_existing_users"] is True


@pytest.mark.parametrize(
    ("https", "sent"), [("", None), ("hsts: false", "max-age=0"), ("hsts: true", "max-age=31536000")]
)
def test_a_browser_forgets_https_once_it_is_turned_off(https: str, sent: str | None) -> None:
    text = f"https: {{enabled: true, certificate: /c.pem, key: /k.pem, {https}}}" if https else ""
    headers = settings(text)["JupyterHub"]["tornado_settings"]["headers"]
    assert headers.get("Strict-Transport-Security") == sent


def test_users_of_the_file_are_in_the_lists() -> None:
    authenticator = settings("users: {admin: [teacher], allowed: [ada], banned: [mallory]}")["Authenticator"]
    assert authenticator["admin_users"] == {"teacher"}
    assert authenticator["allowed_users"] == {"ada"}
    assert authenticator["blocked_users"] == {"mallory", "littlest-canary"}


def test_the_culler_and_the_command_may_do_only_what_they_must() -> None:
    roles = {role["name"]: set(role["scopes"]) for role in settings()["JupyterHub"]["load_roles"]}
    assert roles == {
        "idle-culler": {"list:users", "read:users:activity", "read:servers", "delete:servers"},
        "littlest": {
            "list:users",
            "read:users",
            "read:servers",
            "read:hub",
            "proxy",
            # of this one user only, whom nobody can be
            "admin:users!user=littlest-canary",
            "start:servers!user=littlest-canary",
            "access:servers!user=littlest-canary",
        },
    }


def test_a_missing_token_stops_the_hub_rather_than_leaving_a_service_open() -> None:
    with pytest.raises(KeyError, match="LITTLEST_COMMAND_TOKEN"):
        make_hub_settings(load_config("", "config.yaml"), {"LITTLEST_CULLER_TOKEN": "x"}, 2, "/templates")


def test_what_runs_survives_a_restart_of_the_hub() -> None:
    hub = settings()["JupyterHub"]
    assert (hub["cleanup_servers"], hub["cleanup_proxy"]) == (False, False)
    assert settings()["Proxy"]["should_start"] is False
    # servers that are still being looked at must not keep the hub from answering
    assert hub["init_spawners_timeout"] == 1


def test_a_class_that_starts_together_is_queued_and_not_refused() -> None:
    made = settings()
    assert made["JupyterHub"]["concurrent_spawn_limit"] == 0
    assert made["UserServerSpawner"]["concurrent_starts"] == 3
    assert made["Spawner"]["start_timeout"] == 300
    assert made["Spawner"]["http_timeout"] == 120
    # more than 0 ends the hub after so many failures
    assert made["Spawner"]["consecutive_failure_limit"] == 0


@pytest.mark.parametrize(
    ("text", "bind_url"),
    [
        ("", "http://:80/"),
        ("http: {address: 192.0.2.10, port: 8000}", "http://192.0.2.10:8000/"),
        ("http: {address: '::1'}", "http://[::1]:80/"),
        ("base_url: /jupyter/", "http://:80/jupyter/"),
    ],
)
def test_the_address_that_people_use(text: str, bind_url: str) -> None:
    assert settings(text)["JupyterHub"]["bind_url"] == bind_url


def test_apis_are_on_loopback_and_on_a_socket() -> None:
    made = settings()
    assert made["JupyterHub"]["hub_bind_url"] == "http://127.0.0.1:15081/"
    assert made["ConfigurableHTTPProxy"]["api_url"] == "http+unix://%2Frun%2Flittlest-proxy%2Fapi.sock"


@pytest.mark.parametrize("text", ["auth: {type: pam}", "users: {unix_name: '{name}'}"])
def test_nobody_is_root_where_hub_users_are_unix_accounts(text: str) -> None:
    assert "root" in settings(text)["Authenticator"]["blocked_users"]
