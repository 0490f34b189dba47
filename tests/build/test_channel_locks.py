"""The locks under recipes/: whole, with a checksum for everything, and naming no registry."""

import json
import re
from pathlib import Path

import pytest
from builder.cache import RECIPES
from builder.locks import Locked, read_changes, read_lock, read_names
from builder.user_environment import read_requirements
from packaging.utils import canonicalize_name
from packaging.version import Version
from ruamel.yaml import YAML

LOCKS = ("hub", "user", "nodejs/nodejs")


def read(name: str) -> dict[str, Locked]:
    """A committed lock, by name."""
    return {str(entry.name): entry for entry in read_lock((RECIPES / f"{name}.txt").read_text())}


@pytest.mark.parametrize(
    "text", ["numpy==2.0\n", "numpy --hash=sha256:" + "0" * 64, "numpy==2.0 --hash=md5:" + "0" * 32, "-e .\n"]
)
def test_a_line_without_version_or_checksum_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a lock needs a version and a sha256"):
        read_lock(text)


def test_a_line_may_go_on_over_several(tmp_path: Path) -> None:
    first, second = "a" * 64, "b" * 64
    text = f"# comment\nRuamel.yaml==1.0 \\\n    --hash=sha256:{first} \\\n    --hash=sha256:{second}\n"
    assert read_lock(text) == [Locked(canonicalize_name("ruamel.yaml"), "1.0", (first, second))]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_what_its_source_asks_for(name: str) -> None:
    locked = read(name)
    for requirement in read_requirements(RECIPES / f"{name}.in"):
        entry = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(Version(entry.version))


def test_both_environments_have_the_same_versions() -> None:
    hub, user = read("hub"), read("user")
    shared = hub.keys() & user.keys()
    assert "ipykernel" in shared
    assert {name: hub[name].version for name in shared} == {name: user[name].version for name in shared}


def test_what_is_never_to_be_there_is_in_no_lock() -> None:
    without = read_changes().without
    assert "rfc3987-syntax" in without
    for name in LOCKS:
        assert not read(name).keys() & set(without)


def test_what_comes_only_as_source_is_really_in_a_lock() -> None:
    locked = read("hub").keys() | read("user").keys()
    assert set(read_changes().sources) <= locked


def test_the_hub_can_be_what_pyproject_asks_for() -> None:
    locked = read("hub")
    project = (RECIPES.parent / "pyproject.toml").read_text()
    (block,) = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    names = re.findall(r'"([A-Za-z0-9._-]+)', block)
    assert len(names) > 5
    assert {canonicalize_name(name) for name in names} <= locked.keys()


def test_the_proxys_lock_has_a_checksum_for_everything() -> None:
    packages = json.loads((RECIPES / "configurable-http-proxy/package-lock.json").read_text())["packages"]
    assert Version(packages["node_modules/configurable-http-proxy"]["version"]) >= Version("5.3")
    for name, package in packages.items():
        assert not name or package["integrity"].startswith("sha512-"), name


def test_cpythons_source_has_checksums() -> None:
    source = YAML(typ="safe").load(RECIPES / "python/source.yaml")
    assert {name.split(".")[-3] for name in source["files"]} == {"orig", "debian"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in source["files"].values())


def test_no_lock_names_a_registry() -> None:
    for file in RECIPES.rglob("*"):
        if file.is_file():
            text = file.read_text()
            assert "resolved" not in re.findall(r'"(\w+)":', text), file
            found = re.findall(r"https?://(\S+)", text) if file.suffix in (".txt", ".in", ".yaml") else []
            assert not found, f"{file}: {found}"


def test_the_names_are_written_as_the_converter_looks_them_up() -> None:
    for wheel, conda in read_names().items():
        assert wheel == canonicalize_name(wheel)
        assert wheel != conda
