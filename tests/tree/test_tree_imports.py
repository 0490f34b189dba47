"""What the command does not import: together that is half of the time of `littlest config show`."""

import subprocess
import sys

SPARED = {
    "asyncio",
    "email",
    "http",
    "importlib.metadata",
    "jupyterhub",
    "littlest.commands.apply",
    "littlest.hub",
    "littlest.plan",
    "littlest.server",
    "rich",
    "sqlalchemy",
    "tornado",
    "urllib.request",
    "zipfile",
}


WITHOUT_TYPES = """
import typing
from littlest.skipped_imports import import_core_schema
usual = typing.TypedDict
import_core_schema()
assert typing.TypedDict is usual
from pydantic_core import core_schema
assert not hasattr(core_schema.StringSchema, "__total__")
"""
READ_ALL = """
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.render import make_data
from tests.support.bad_files import BAD_FILES
for text in ("", *(file.content for file in BAD_FILES if isinstance(file.content, str))):
    try:
        print(make_data(load_config(text, "config.yaml"), reveal=True))
    except InvalidConfig as error:
        print(error)
"""


def list_imports(*words: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "littlest", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_config_show_imports_only_what_it_needs() -> None:
    imported = list_imports("config", "show", "--defaults")
    assert "littlest.commands.config.show" in imported
    assert imported & SPARED == set()


def test_the_version_is_told_without_the_settings() -> None:
    imported = list_imports("--version")
    assert "littlest.cli.main" in imported
    assert not {name for name in imported if name.split(".")[0] == "pydantic" or name == "littlest.config.model"}


def test_without_the_types_of_its_dictionaries_pydantic_finds_the_same() -> None:
    with_types, without = (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        for script in (READ_ALL, WITHOUT_TYPES + READ_ALL)
    )
    assert len(with_types.splitlines()) > 200
    assert without == with_types
