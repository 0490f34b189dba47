"""Every command, option, file and link that the documentation names is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from littlest import __version__
from littlest.cli.main import app

REPOSITORY = Path(__file__).resolve().parents[3]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]
CODE = re.compile(r"```.*?\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def list_code_lines(page: Path) -> Iterator[str]:
    """The lines of a page that are code, without comments at their end."""
    for block, span in CODE.findall(page.read_text()):
        for line in (block or span).splitlines():
            yield line.split(" #")[0].split("|")[0].strip()


def make_anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
            assert anchor in {make_anchor(heading) for heading in headings}, target


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_of_littlest_exist(page: Path) -> None:
    for line in list_code_lines(page):
        words = line.removeprefix("sudo ").split()
        if words[:1] != ["littlest"] or any(word.isupper() or "[" in word for word in words):
            continue
        command: Any = typer.main.get_command(app)
        for word in words[1:]:
            if word.startswith("-"):
                assert word in {option for part in command.params for option in (*part.opts, "--help")}, line
            elif hasattr(command, "commands"):
                assert word in command.commands, line
                command = command.commands[word]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_scripts_exist_and_know_their_options(page: Path) -> None:
    for line in list_code_lines(page):
        found = re.match(r"(?:sudo )?(?:\./)?scripts/([a-z-]+)(?: (.*))?$", line)
        if not found:
            continue
        script = REPOSITORY / "scripts" / found[1]
        assert script.exists(), line
        sources = script.read_text() + "".join(path.read_text() for path in find_sources(found[1]))
        for option in re.findall(r"(?<!\S)--[a-z-]+", re.sub(r"\$\(.*?\)", "", found[2] or "")):
            assert option in sources, line


def find_sources(script: str) -> list[Path]:
    """Where the options of a script are read, when that is not the script itself."""
    others = {"build": "builder/build.py", "bench": "benchmarks/__main__.py", "docs": "reference.py"}
    return [REPOSITORY / "scripts" / others[script]] if script in others else []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_installer_knows_its_options(page: Path) -> None:
    understood = (REPOSITORY / "construct/header.sh").read_text()
    for line in list_code_lines(page):
        if line.removeprefix("sudo ").startswith("bash ") and "Littlest-" in line:
            for option in re.findall(r"(?<!\S)--?[a-z-]+", line):
                assert option in understood, line


def test_the_installer_is_named_as_the_build_names_it() -> None:
    for page in PAGES:
        for name in re.findall(r"Littlest-[\w.-]+?\.(?:sh|txt|json)\b", page.read_text()):
            assert name.startswith(f"Littlest-{__version__}-Linux-x86_64."), f"{page.name}: {name}"
