"""Every file that repeats the version says the same as the package."""

import re
from pathlib import Path

import littlest

TOP = Path(__file__).resolve().parents[2]


def test_construct_yaml_names_one_version() -> None:
    text = (TOP / "construct/construct.yaml").read_text()
    named = re.findall(r"^version: (\S+)$|^  - littlest ==(\S+)$|/releases/(\S+)$", text, re.MULTILINE)
    assert ["".join(groups) for groups in named] == [littlest.__version__] * 3


def test_file_names_in_pages_and_environment_yml_have_it() -> None:
    pages = [TOP / "README.md", TOP / "environment.yml", *(TOP / "docs").rglob("*.md")]
    named = {version for page in pages for version in re.findall(r"Littlest-(\d[\w.]*)-Linux", page.read_text())}
    assert named <= {littlest.__version__}


def test_the_changelog_begins_with_unreleased_and_then_this_version() -> None:
    headings = re.findall(r"^## \[([^\]]+)\]", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", littlest.__version__]
