"""The payload: its layout, what it was solved from, and that the same inputs give the same bytes."""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from builder.construct import ConstructError, read_construct
from builder.packer import PUBLIC_CHANNEL, Payload, read_channel, solve_packages, write_packages_tar
from builder.sbom import render_checksum, render_package_list, render_sbom
from small_installer import CONSTRUCT, build_installer, make_package, make_project

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> Payload:
    folder = tmp_path_factory.mktemp("packer")
    return build_installer(make_project(folder / "project"), folder / "x.sh")


def read_tar(path: Path, name: str) -> tarfile.TarFile:
    return tarfile.open(fileobj=tarfile.open(path).extractfile(name))


def test_the_layout_is_constructors(payload: Payload) -> None:
    with tarfile.open(payload.parts[1]) as archive:
        outer = archive.getnames()
    assert outer == [
        "preconda.tar.bz2",
        "postconda.tar.bz2",
        "share/littlest/packages.tar",
        "pkgs/hello-1.0-0.tar.bz2",
        "pkgs/world-1.0-0.tar.bz2",
    ]
    assert set(read_tar(payload.parts[1], "preconda.tar.bz2").getnames()) == {
        ".installer.info",
        "pkgs/.constructor-build.info",
        "pkgs/urls",
        "pkgs/urls.txt",
        "conda-meta/initial-state.explicit.txt",
        "conda-meta/history",
        "pkgs/post_install.sh",
        "pkgs/hello-1.0-0/info/repodata_record.json",
        "pkgs/world-1.0-0/info/repodata_record.json",
    }
    assert read_tar(payload.parts[1], "postconda.tar.bz2").getnames() == ["conda-meta/history"]


def test_the_list_is_in_the_order_of_dependencies(payload: Payload) -> None:
    with read_tar(payload.parts[1], "preconda.tar.bz2") as archive:
        text = archive.extractfile("conda-meta/initial-state.explicit.txt").read().decode()
    md5 = {package.archive.name: package.record["md5"] for package in payload.packages}
    assert text.splitlines()[-3:] == [
        "@EXPLICIT",
        *(f"{PUBLIC_CHANNEL}/linux-64/{name}#{md5[name]}" for name in ("world-1.0-0.tar.bz2", "hello-1.0-0.tar.bz2")),
    ]


def test_no_member_tells_of_the_machine(payload: Payload) -> None:
    content = payload.parts[1].read_bytes()
    assert str(payload.parts[1].parent).encode() not in content
    for name in (None, "preconda.tar.bz2", "postconda.tar.bz2"):
        with read_tar(payload.parts[1], name) if name else tarfile.open(payload.parts[1]) as archive:
            members = archive.getmembers()
        assert {(m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, "", "")}
        assert len({m.mtime for m in members}) == 1


def test_shared_packages_travel_once(tmp_path: Path) -> None:
    construct = read_construct(make_project(tmp_path / "p"))
    packages = solve_packages(construct)
    tar = tmp_path / "packages.tar"
    write_packages_tar(construct.channels[0], packages, tar)
    with tarfile.open(tar) as archive:
        assert archive.getnames() == [
            "linux-64/repodata.json",
            "noarch/repodata.json",
            "environment.txt",
            "from-release.txt",
        ]
        shared = archive.extractfile("from-release.txt").read().decode().split()
        repodata = json.loads(archive.extractfile("linux-64/repodata.json").read())
    assert shared == ["linux-64/hello-1.0-0.tar.bz2", "linux-64/world-1.0-0.tar.bz2"]
    assert set(repodata["packages"]) == {"hello-1.0-0.tar.bz2", "world-1.0-0.tar.bz2"}
    assert "indexed_timestamp" not in json.dumps(repodata)
    # one of another content does not count as the same
    other = tmp_path / "other"
    make_package(other, "world", {"share/world": b"another world\n"})
    shutil.copytree(construct.channels[0], tmp_path / "copy")
    shutil.copy(other / "linux-64/world-1.0-0.tar.bz2", tmp_path / "copy/linux-64")
    file = tmp_path / "copy/linux-64/repodata.json"
    record = json.loads(file.read_text())
    record["packages"]["world-1.0-0.tar.bz2"]["sha256"] = "0" * 64
    file.write_text(json.dumps(record))
    write_packages_tar(tmp_path / "copy", packages, tar)
    with tarfile.open(tar) as archive:
        assert "linux-64/world-1.0-0.tar.bz2" in archive.getnames()


def test_what_cannot_be_solved_is_said(tmp_path: Path) -> None:
    path = make_project(tmp_path / "p", construct=CONSTRUCT.replace("hello >=1", "hello >=2"))
    with pytest.raises(ConstructError, match="hello"):
        solve_packages(read_construct(path))


def test_sizes_are_those_of_the_prefix(payload: Payload) -> None:
    # ballast in whole blocks, two small files, the tar of the user channel
    tar = payload.parts[1].parent / "packages.tar"
    assert payload.installed_bytes == 200704 + 4096 + 4096 + tar.stat().st_size
    assert payload.user_files == 3


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name, umask in (("one", 0o022), ("another/and/deeper", 0o077)):
        before = os.umask(umask)
        try:
            construct = make_project(tmp_path / name)
        finally:
            os.umask(before)
        build_installer(construct, tmp_path / name / "x.sh")
        made.append((tmp_path / name / "x.sh").read_bytes())
    assert made[0] == made[1]


def test_the_bill_of_materials_names_every_package(payload: Payload, tmp_path: Path) -> None:
    construct = read_construct(make_project(tmp_path / "p"))
    document = json.loads(render_sbom(construct, payload, "ab" * 32))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    hello = next(item for item in document["components"] if item["name"] == "hello")
    assert hello["purl"] == "pkg:conda/hello@1.0?build=0&subdir=linux-64&type=tar.bz2"
    assert hello["hashes"][0]["content"] == next(
        package.record["sha256"] for package in payload.packages if package.record["name"] == "hello"
    )
    values = {item["value"] for item in hello["properties"] if item["name"] == "littlest:environment"}
    assert values == {"hub", "user"}
    references = {item["bom-ref"] for item in document["components"]} | {document["metadata"]["component"]["bom-ref"]}
    listed = [entry["ref"] for entry in document["dependencies"]]
    assert len(listed) == len(set(listed))
    assert set(listed) == references
    assert {other for entry in document["dependencies"] for other in entry["dependsOn"]} <= references


def test_the_checksum_is_what_sha256sum_reads(tmp_path: Path) -> None:
    file = tmp_path / "Littlest-1-Linux-x86_64.sh"
    file.write_bytes(b"abc")
    digest = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout.split()[0]
    (tmp_path / "x.sha256").write_text(render_checksum(digest, file))
    subprocess.run(["sha256sum", "--strict", "-c", "x.sha256"], cwd=tmp_path, check=True, capture_output=True)


def test_the_package_list(payload: Payload, tmp_path: Path) -> None:
    construct = read_construct(make_project(tmp_path / "p"))
    lines = render_package_list(construct, payload).splitlines()
    assert [line.split("\t")[:5] for line in lines[1:]] == [
        [environment, name, "1.0", "0", "BSD-3-Clause"]
        for environment in ("hub", "user")
        for name in ("hello", "world")
    ]


def test_a_channel_is_read_without_the_time_of_its_index(tmp_path: Path) -> None:
    channel = read_construct(make_project(tmp_path / "p")).channels[0]
    assert "indexed_timestamp" in (channel / "linux-64/repodata.json").read_text()
    assert all("indexed_timestamp" not in package.record for package in read_channel(channel))
