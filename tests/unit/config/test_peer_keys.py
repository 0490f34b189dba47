"""What people bring with them from other ways to install JupyterHub."""

import pytest

from littlest.config.reference.keys import UnknownKey, find_target, parse_key
from littlest.config.reference.unknown_key import explain_unknown_key
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("users.extra_user_groups.course", "users.groups.NAME.members"),
        ("auth.FirstUseAuthenticator.create_users", "auth.allow_all"),
        ("auth.NativeAuthenticator.open_signup", "auth.open_signup"),
        ("auth.GoogleOAuthenticator.client_id", "auth.client_id"),
        ("auth.LDAPAuthenticator.auth_state_attributes", "auth.settings.auth_state_attributes"),
        ("https.tls.key", "https.key"),
        ("https.tls.cert", "https.certificate"),
        ("services.cull.users", "are kept"),
        ("traefik_api.port", "another one"),
    ],
)
def test_an_unknown_key_names_the_setting_that_is_meant(key: str, hint: str) -> None:
    with pytest.raises(UnknownKey) as unknown:
        find_target(parse_key(key), "firstuse")
    assert hint in (explain_unknown_key(unknown.value, key, "nothing").hint or "")


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("users: {extra_user_groups: {a: [x]}}", "users.extra_user_groups", "users.groups"),
        ("auth: {FirstUseAuthenticator: {create_users: true}}", "auth.FirstUseAuthenticator", "auth.settings"),
        ("https: {tls: {key: /a, cert: /b}}", "https.tls", "https.key and https.certificate"),
        ("services: {cull: {users: true}}", "services.cull.users", "delete it"),
        ("services: {configurator: {enabled: true}}", "services.configurator", "littlest config"),
        ("services: {cull: {concurrency: 5}}", "services.cull.concurrency", "delete it"),
        ("https: {letsencrypt: {staging: true}}", "https.letsencrypt.staging", "delete it"),
        ("auth: {admin_users: [ada]}", "auth.admin_users", "users.admin"),
        ("user_environment: {default_app: classic}", "user_environment.default_app", "did you mean notebook?"),
        ("services: {cull: {timeout: 2h}}", "services.cull.timeout", "7200"),
        ("services: {cull: {timeout: 90min}}", "services.cull.timeout", "5400"),
    ],
)
def test_a_file_that_has_them_is_told_what_to_write(text: str, key: str, hint: str) -> None:
    with pytest.raises(InvalidConfig) as invalid:
        load_config(text, "config.yaml")
    (problem,) = invalid.value.problems
    assert problem.key == key
    assert hint in (problem.hint or "")


@pytest.mark.parametrize("port", [22, 25, 587, 6000, 10080])
@pytest.mark.parametrize("group", ["http", "https"])
def test_ports_that_browsers_refuse(group: str, port: int) -> None:
    with pytest.raises(InvalidConfig, match="browsers refuse"):
        load_config(f"{group}: {{port: {port}}}", "config.yaml")


@pytest.mark.parametrize(
    "address", ["https://hub.example.org:6000/", "http://hub.example.org:22", "https://[::1]:10080/a/"]
)
def test_addresses_with_a_port_that_browsers_refuse(address: str) -> None:
    with pytest.raises(InvalidConfig, match="browsers refuse"):
        load_config(f'external_url: "{address}"', "config.yaml")


def test_a_line_break_of_windows_is_called_so() -> None:
    with pytest.raises(InvalidConfig, match="line break"):
        load_config('users: {allowed: ["ada\\r"]}', "config.yaml")
