"""The default file and the settings in force, as YAML."""

import re

import pytest

from littlest.config.document import make_data, render_default_config, render_settings, render_value
from littlest.config.load import load_config
from littlest.config.model import Config
from littlest.config.settings import list_settings


def test_default_file_sets_nothing_but_the_admins() -> None:
    assert load_config(render_default_config(), "default") == Config()
    config = load_config(render_default_config(("ada", "null", "0123")), "default")
    assert config.users.admin == ("ada", "null", "0123")
    assert config.model_copy(update={"users": Config().users}) == Config()


def test_default_file_shows_every_setting_with_its_description() -> None:
    text = render_default_config()
    for setting in list_settings():
        assert f"# {setting.description}" in text
        assert re.search(rf"^ *(# )?{setting.name}:", text, re.MULTILINE), setting.key


def test_every_line_that_is_commented_out_can_be_put_in_force() -> None:
    text = re.sub(r"^( *)# (\w+: )", r"\1\2", render_default_config(), flags=re.MULTILINE)
    assert load_config(text, "default") == Config()


def test_every_example_is_valid_and_is_not_the_default() -> None:
    examples = [setting for setting in list_settings() if setting.example is not None]
    assert len(examples) > 5
    for setting in examples:
        *groups, name = setting.key.split(".")
        example = tuple(setting.example) if isinstance(setting.example, list) else setting.example
        data = {name: example}
        for group in reversed(groups):
            data = {group: data}
        changed = make_data(load_config(render_settings(data), setting.key))
        assert changed != make_data(Config()), setting.key


def test_every_default_is_valid() -> None:
    assert Config.model_validate(make_data(Config())) == Config()


def test_settings_in_force_hold_every_key_in_the_order_of_the_model() -> None:
    text = render_settings(make_data(Config()))
    names = re.findall(r"^ *(\w+):", text, re.MULTILINE)
    assert names == [setting.name for setting in list_settings()]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (80, "80"),
        (0.5, "0.5"),
        (2.0, "2"),
        ("1G", "1G"),
        ("ada", "ada"),
        ("/jupyter/", "/jupyter/"),
        ("", '""'),
        ("null", '"null"'),
        ("Yes", '"Yes"'),
        ("0123", '"0123"'),
        ("a: b", '"a: b"'),
        ("jürgen", '"jürgen"'),
        ("a\nb", '"a\\nb"'),
    ],
)
def test_value(value: object, written: str) -> None:
    assert render_value(value) == written
