"""The generated documentation is what the code says today."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

from littlest.cli.main import app

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reference_pages_are_what_the_code_says(reference: ModuleType) -> None:
    assert reference.find_stale_pages() == [], "run scripts/docs"


def test_a_changed_page_is_noticed(reference: ModuleType, tmp_path: Path) -> None:
    schema_file = tmp_path / "config.schema.json"
    files = [*reference.PAGES, schema_file.name]
    assert reference.find_stale_pages(tmp_path, schema_file) == files
    for name, render in (*reference.PAGES.items(), (schema_file.name, reference.render_schema)):
        (tmp_path / name).write_text(render())
    assert reference.find_stale_pages(tmp_path, schema_file) == []
    for name in files:
        (tmp_path / name).write_text("old\n")
    assert reference.find_stale_pages(tmp_path, schema_file) == files


def test_every_command_and_every_option_has_help() -> None:
    def check(command: Any, words: str) -> None:
        assert command.help, words
        for parameter in command.params:
            assert parameter.help, f"{words} {parameter.name}"
        for name, inner in getattr(command, "commands", {}).items():
            check(inner, f"{words} {name}")

    check(typer.main.get_command(app), "littlest")
