"""The default file and the applied settings, as YAML."""

import re
from typing import Any

import pytest

from littlest.config.model import Config
from littlest.config.reference.catalog import list_settings
from littlest.config.text.load import load_config
from littlest.config.text.render import make_data, render_default_config, render_settings, render_value
from littlest.paths import SCHEMA_FILE


def test_default_file_sets_nothing_but_the_admins() -> None:
    assert load_config(render_default_config(), "default") == Config()
    config = load_config(render_default_config(("ada", "null", "0123")), "default")
    assert config.users.admin == ("ada", "null", "0123")
    assert config.model_copy(update={"users": Config().users}) == Config()


def test_default_file_shows_every_setting_with_its_description() -> None:
    text = render_default_config()
    words = re.sub(r"\n *# ", " ", text)
    for setting in list_settings():
        assert setting.description in words, setting.key
        assert re.search(rf"^ *(# )?{setting.name}:", text, re.MULTILINE), setting.key


def test_default_file_names_its_schema_and_has_no_long_line() -> None:
    lines = render_default_config().splitlines()
    assert lines[0] == f"# yaml-language-server: $schema={SCHEMA_FILE}"
    # an example stands on one line, whatever its length
    assert [line for line in lines if len(line) > 118 and "# For example: " not in line] == []


def test_every_line_that_is_commented_out_can_be_put_in_force() -> None:
    text = re.sub(r"^( *)# (\w+: )", r"\1\2", render_default_config(), flags=re.MULTILINE)
    assert load_config(text, "default") == Config()


def test_every_example_is_valid_and_is_not_the_default() -> None:
    examples = {setting.key: setting.example for setting in list_settings() if setting.example is not None}
    assert len(examples) > 20
    for key, example in examples.items():
        group, _, _ = key.rpartition(".")
        # of a group all at once: some need each other
        given = {other: value for other, value in examples.items() if other.startswith(f"{group}.")} if group else {}
        given |= {"external_url": "https://jupyter.example.org/"} if key == "frame_ancestors" else {}
        changed = make_data(load_config(render_settings(nest({**given, key: example})), key))
        assert pick(changed, key) != pick(make_data(Config()), key), key


def nest(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings by their keys as groups in groups."""
    data: dict[str, Any] = {}
    for key, value in settings.items():
        *groups, name = key.split(".")
        place = data
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = value
    return data


def pick(data: dict[str, Any], key: str) -> Any:
    """The value at a key."""
    value: Any = data
    for part in key.split("."):
        value = value[part]
    return value


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
        ("😀\n", '"😀\\n"'),
        ("\U000e0001\u2028", '"\\U000e0001\\u2028"'),
        (0.1234567, "0.1234567"),
    ],
)
def test_value(value: object, written: str) -> None:
    assert render_value(value) == written
