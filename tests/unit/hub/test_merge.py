"""What comes after has the last word, and adds to lists of services and roles."""

import pytest
from traitlets.config.loader import Config

from littlest.hub.merge import merge_settings


def make_config() -> Config:
    c = Config()
    c.JupyterHub.services = [{"name": "littlest"}, {"name": "idle-culler"}]
    c.JupyterHub.template_vars = {"a": 1}
    c.Spawner.start_timeout = 300
    return c


def test_the_last_word_counts_and_other_traits_stay() -> None:
    c = make_config()
    merge_settings(c, {"Spawner": {"start_timeout": 60}, "JupyterHub": {"shutdown_on_logout": True}})
    assert (c.Spawner.start_timeout, c.JupyterHub.shutdown_on_logout) == (60, True)
    assert c.JupyterHub.template_vars == {"a": 1}


def test_services_and_roles_are_added_to_ours() -> None:
    c = make_config()
    merge_settings(c, {"JupyterHub": {"services": [{"name": "grader"}], "load_roles": [{"name": "grader"}]}})
    assert [service["name"] for service in c.JupyterHub.services] == ["littlest", "idle-culler", "grader"]
    assert c.JupyterHub.load_roles == [{"name": "grader"}]


def test_a_drop_in_that_appends_adds_too() -> None:
    c, drop_in = make_config(), Config()
    drop_in.JupyterHub.services.append({"name": "grader"})
    merge_settings(c, drop_in)
    assert [service["name"] for service in c.JupyterHub.services] == ["littlest", "idle-culler", "grader"]


def test_nothing_takes_the_place_of_our_own_service(caplog: pytest.LogCaptureFixture) -> None:
    c = make_config()
    merge_settings(c, {"JupyterHub": {"services": [{"name": "littlest", "admin": True}]}})
    assert c.JupyterHub.services[0] == {"name": "littlest"}
    assert "JupyterHub.services names littlest again" in caplog.text


def test_what_is_put_in_is_left_as_it_was() -> None:
    settings = {"JupyterHub": {"services": [{"name": "grader"}]}}
    merge_settings(make_config(), settings)
    assert settings == {"JupyterHub": {"services": [{"name": "grader"}]}}
