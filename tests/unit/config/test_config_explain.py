"""What `littlest config help` says of every key, and the keys that a shell offers."""

import json

import pytest
from pydantic import AfterValidator

from littlest.config.model import Config
from littlest.config.reference.catalog import list_metadata, list_settings, list_variants, read_docstring
from littlest.config.reference.completion import SCHEMA_FILE, complete_keys
from littlest.config.reference.keys import UnknownKey
from littlest.config.sections.auth import Auth
from littlest.config.sections.kinds import Kind
from littlest.config.text.explain import render_help


def test_every_setting_is_explained() -> None:
    for setting in list_settings(inner=True):
        text = " ".join(render_help(setting.key).split())
        assert text.startswith(setting.key)
        assert setting.key == "auth.type" or setting.description in text, setting.key


def test_every_way_to_log_in_is_explained_with_what_it_needs() -> None:
    text = " ".join(render_help("auth").split())
    for kind, model in list_variants(Auth):
        assert f" {kind} {read_docstring(model)}" in text
        needed = [name for name, field in model.model_fields.items() if field.is_required() and name != "type"]
        assert all(name in text for name in needed)
    assert (
        "ldap Users log in with their password in a directory (LDAP, Active Directory). Needs server, user_dns or"
        in text
    )
    assert "Needs client_id, client_secret, external_url at the top of the file." in text
    assert "client_secret  Secret that the provider gave" in render_help("auth.github")


def test_a_key_of_some_types_names_them() -> None:
    assert "With auth.type azuread:" in render_help("auth.tenant_id")
    assert "With auth.type" not in render_help("auth.settings")
    assert "With auth.type tmp:" in render_help("auth.allow_all")
    assert "oidc, github" in render_help("auth.client_secret.file")


def test_any_name_may_stand_where_the_admin_chooses_one() -> None:
    text = render_help("users.groups.biology.limits.memory")
    assert "Takes:    an amount of memory, or null" in text
    assert "      biology:\n        limits:\n          memory: 4G" in text
    assert "members" in render_help("users.groups.biology")
    assert "COURSE_DATA: /srv/data" in render_help("user_environment.environment.X")
    assert "shutdown_on_logout: true" in render_help("jupyterhub.JupyterHub.port")


def test_without_a_key_every_group_is_listed() -> None:
    assert [line.split()[0] for line in render_help().splitlines() if line[2] != " "] == list(Config.model_fields)


@pytest.mark.parametrize("key", ["nonsense", "limits.nonsense", "limits.memory.more", "auth.nonsense", "a..b"])
def test_what_there_is_not_is_not_explained(key: str) -> None:
    with pytest.raises(UnknownKey):
        render_help(key)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("http.port", "a whole number, at least 1 and at most 65535"),
        ("users.admin", "a list of user names"),
        ("proxy.trusted", "a list of IP addresses or networks"),
        ("user_environment.environment", "names of variables, each with a text"),
        ("services.cull.enabled", "true or false"),
        ("user_environment.default_app", "jupyterlab or notebook"),
    ],
)
def test_what_a_setting_takes(key: str, words: str) -> None:
    assert words in " ".join(render_help(key).split())


def test_every_check_of_the_model_has_words_and_a_schema() -> None:
    models = [setting.owner for setting in list_settings(inner=True)] + [model for _, model in list_variants(Auth)]
    checks = [
        part
        for model in models
        for field in model.model_fields.values()
        for annotation in (field.annotation, *getattr(field.annotation, "__args__", ()))
        for part in [*field.metadata, *list_metadata(annotation)]
        if isinstance(part, AfterValidator)
    ]
    assert checks
    assert all(isinstance(check, Kind) and check.schema for check in checks)


def complete(prefix: str) -> tuple[str, ...]:
    return complete_keys(prefix, json.loads(SCHEMA_FILE.read_text("utf-8")))


def test_a_shell_offers_every_key() -> None:
    assert set(complete("")) == {setting.key for setting in list_settings()} | {
        f"auth.{name}" for _, model in list_variants(Auth) for name in model.model_fields
    }
    assert complete("limits.m") == ("limits.memory",)
    assert complete("users.groups.biology.limits.m") == ("users.groups.biology.limits.memory",)
    assert complete("auth.client_") == ("auth.client_id", "auth.client_secret", "auth.client_ids")
    assert complete("nonsense.") == complete("jupyterhub.x.") == ()
