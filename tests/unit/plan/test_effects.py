"""Which settings a running hub reloads, and which it is restarted for."""

import json

import pytest

from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.plan.effects import list_secret_files, make_live_digest, make_live_settings, make_restart_settings

GITHUB = "external_url: https://hub.example.org/\nauth: {{type: github, client_id: hub, client_secret: {secret}}}"


def load(text: str) -> Config:
    return load_config(text, "config.yaml")


def make_restart_text(config: Config) -> str:
    return json.dumps(make_restart_settings(config), sort_keys=True)


LIVE = [
    "announcement: The exam starts at 10.",
    "branding: {title: Physics 101}",
    "users: {allowed: [ada]}",
    "users: {admin: [ada]}",
    "users: {banned: [ada]}",
    "users: {groups: {biology: {members: [ada]}}}",
    "limits: {memory: 2G}",
    "limits: {users: {ada: {memory: null}}}",
    "user_environment: {default_app: notebook}",
    "shared_folders: {data: {}}",
]
RESTART = [
    "http: {port: 8000}",
    "base_url: /jupyter/",
    "external_url: https://hub.example.org/",
    "proxy: {trusted: [10.0.0.1]}",
    "auth: {type: firstuse, allow_all: true}",
    "auth: {type: firstuse, settings: {auth_refresh_age: 600}}",
    "services: {managed: {grader: {command: [/bin/true]}}}",
    "metrics: {public: true}",
    "jupyterhub: {JupyterHub: {shutdown_on_logout: true}}",
]
NEITHER = ["services: {cull: {timeout: 7200}}", "https: {redirect: false}"]


@pytest.mark.parametrize("text", LIVE)
def test_a_running_hub_takes_it_up(text: str) -> None:
    assert make_live_digest(load(text)) != make_live_digest(Config())
    assert make_restart_text(load(text)) == make_restart_text(Config())


@pytest.mark.parametrize("text", RESTART)
def test_the_hub_restarts_for_it(text: str) -> None:
    assert make_live_digest(load(text)) == make_live_digest(Config())
    assert make_restart_text(load(text)) != make_restart_text(Config())


@pytest.mark.parametrize("text", NEITHER)
def test_it_is_nothing_to_the_hub(text: str) -> None:
    assert make_live_digest(load(text)) == make_live_digest(Config())
    assert make_restart_text(load(text)) == make_restart_text(Config())


def test_every_group_of_settings_is_live_or_restarts_the_hub_or_the_proxy() -> None:
    live, restart = set(make_live_settings(Config())), set(make_restart_settings(Config()))
    assert live | restart | {"frame_ancestors"} == set(Config.model_fields)
    assert not live & restart


def test_a_limit_that_is_null_is_another_than_one_that_is_not_given() -> None:
    given, missing = (
        load(f"limits: {{users: {{ada: {{{text}}}}}}}") for text in ("cpu: null, memory: 1G", "memory: 1G")
    )
    assert make_live_digest(given) != make_live_digest(missing)


def test_the_order_of_groups_counts_as_it_decides_which_application_opens() -> None:
    one, other = "a: {default_app: notebook, members: [ada]}", "b: {default_app: jupyterlab, members: [ada]}"
    first, second = (load(f"users: {{groups: {{{text}}}}}") for text in (f"{one}, {other}", f"{other}, {one}"))
    assert make_live_digest(first) != make_live_digest(second)


def test_a_secret_is_never_in_the_data_and_a_change_of_it_is() -> None:
    first, second = (load(GITHUB.format(secret=secret)) for secret in ("hush-hush-hush", "other"))
    assert "hush-hush-hush" not in make_restart_text(first)
    assert make_restart_text(first) != make_restart_text(second)


def test_the_files_of_secrets_are_known_each_once() -> None:
    config = load(
        GITHUB.format(secret="{file: /etc/littlest/secret}")
        + "\nmetrics: {token: {file: /etc/littlest/secret}}"
        + "\nservices: {managed: {grader: {command: [/bin/true], api_token: {file: /etc/littlest/grader}}}}"
    )
    assert [str(file) for file in list_secret_files(config)] == ["/etc/littlest/secret", "/etc/littlest/grader"]
