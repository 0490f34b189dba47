"""The real installer: that its files belong together, and that what it promises of the machine is true."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from builder.construct import read_construct
from small_installer import TOP

pytestmark = pytest.mark.build
MAXIMUM_SIZE = 300_000_000


@pytest.fixture(scope="module")
def installer() -> Path:
    # from the cache where nothing changed
    printed = subprocess.run([TOP / "scripts/build"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return Path(printed.splitlines()[0])


@pytest.fixture(scope="module")
def prefix(installer: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    target = tmp_path_factory.mktemp("release") / "prefix"
    subprocess.run([installer, "--extract-only", target], check=True, capture_output=True)
    yield target
    subprocess.run(["rm", "-rf", target], check=True)


def test_it_is_as_small_as_promised(installer: Path) -> None:
    assert installer.stat().st_size <= MAXIMUM_SIZE


def test_the_files_beside_it_are_about_it(installer: Path) -> None:
    checksum = installer.with_name(installer.name + ".sha256")
    subprocess.run(["sha256sum", "--strict", "-c", checksum.name], cwd=installer.parent, check=True)
    document = json.loads(installer.with_name(installer.name + ".sbom.json").read_text())
    assert document["metadata"]["component"]["hashes"][0]["content"] == checksum.read_text().split()[0]
    listed = installer.with_name(installer.name + ".packages.txt").read_text().splitlines()[1:]
    assert {line.split("\t")[0] for line in listed} == {"hub", "user"}
    # as many as there are packages, and what some of them carry inside
    own = [one for one in document["components"] if any(p["name"] == "littlest:conda" for p in one["properties"])]
    assert len({tuple(line.split("\t")[1:4]) for line in listed}) == len(own)


def test_the_bill_of_materials_has_what_scanners_look_for(installer: Path) -> None:
    document = json.loads(installer.with_name(installer.name + ".sbom.json").read_text())
    found = {one["purl"].split("@")[0]: one for one in document["components"]}
    for purl in (
        "pkg:pypi/jinja2",
        "pkg:pypi/jupyterhub",
        "pkg:npm/configurable-http-proxy",
        "pkg:npm/http-proxy-3",
        "pkg:deb/debian/libssl3",
        "pkg:deb/debian/libsqlite3-0",
        "pkg:deb/debian/zlib1g",
        "pkg:generic/nodejs",
    ):
        assert purl in found, sorted(found)
    assert found["pkg:deb/debian/libssl3"]["purl"].endswith("upstream=openssl")
    assert found["pkg:generic/python"]["cpe"].startswith("cpe:2.3:a:python:python:3.13.")
    kinds = {purl.split("/")[0] for purl in found}
    assert kinds == {"pkg:pypi", "pkg:npm", "pkg:deb", "pkg:generic"}, [p for p in found if p.startswith("pkg:conda")]
    without = [one["purl"] for one in document["components"] if not one.get("licenses")]
    assert not without
    names = {one["licenses"][0]["license"]["name"] for one in document["components"]}
    assert not [name for name in names if re.match("[^A-Za-z0-9]|copyright", name, re.IGNORECASE)]


def test_nothing_asks_for_a_newer_glibc_than_it_says(prefix: Path) -> None:
    minimum = tuple(map(int, read_construct(TOP / "construct/construct.yaml").minimum_glibc.split(".")))
    asked: dict[tuple[int, ...], Path] = {}
    for path in prefix.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if content.startswith(b"\x7fELF"):
            for version in set(re.findall(rb"GLIBC_(\d+\.\d+)\b", content)):
                asked.setdefault(tuple(map(int, version.split(b"."))), path)
    assert asked
    assert max(asked) <= minimum, asked[max(asked)]


def test_the_channel_of_the_user_environment_is_whole(prefix: Path) -> None:
    channel = prefix / "share/littlest/packages"
    assert (channel / "environment.txt").read_text().strip()
    for subdir in ("linux-64", "noarch"):
        repodata = json.loads((channel / subdir / "repodata.json").read_text())
        for name, record in (repodata["packages"] | repodata["packages.conda"]).items():
            assert (channel / subdir / name).stat().st_size == record["size"], name


def test_it_holds_its_own_manifest(prefix: Path) -> None:
    command = ["sha256sum", "--strict", "--quiet", "-c", "share/littlest/manifest.sha256"]
    subprocess.run(command, cwd=prefix, check=True)


def test_no_path_of_the_builder_is_inside(prefix: Path) -> None:
    found = subprocess.run(
        ["grep", "-rlIF", "--exclude-dir=__pycache__", str(TOP), prefix], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""


def test_its_programs_start(prefix: Path) -> None:
    for words in (["bin/python", "-I", "-m", "littlest", "--version"], ["bin/node", "--version"]):
        subprocess.run([prefix / words[0], *words[1:]], check=True, capture_output=True, env={})
