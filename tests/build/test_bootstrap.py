"""The bootstrap executable's four calls, on the real executable."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from builder.construct import read_construct
from builder.packer import Payload
from small_installer import TOP, build_bootstrap, build_installer, make_project

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def conda() -> Path:
    subprocess.run([TOP / "scripts/system-packages", "strace"], check=True)
    return build_bootstrap()


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> Payload:
    folder = tmp_path_factory.mktemp("bootstrap")
    return build_installer(make_project(folder / "project"), folder / "x.sh")


def call(conda: Path, *words: object, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    # nothing of the caller's environment
    return subprocess.run([conda, *map(str, words)], input=stdin, capture_output=True, check=False, env=environment)


def unpack(conda: Path, payload: Payload, prefix: Path) -> None:
    prefix.mkdir()
    for source in (payload.parts[1], prefix / "preconda.tar.bz2"):
        result = call(conda, "constructor", "--prefix", prefix, "--extract-tarball", stdin=source.read_bytes())
        assert result.returncode == 0, result.stderr
    assert call(conda, "constructor", "--prefix", prefix, "--extract-conda-pkgs").returncode == 0


def install(conda: Path, prefix: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    listed = prefix / "conda-meta/initial-state.explicit.txt"
    return call(conda, "install", "--offline", "--file", listed, "-yp", prefix, "--no-rc", **environment)


def test_it_says_its_version_and_is_not_taken_for_conda(conda: Path) -> None:
    result = call(conda, "--version")
    assert result.returncode == 0
    # constructor asks so, and would give options that only conda knows
    assert "conda" not in result.stdout.decode().split()
    assert b"mamba" not in call(conda, "--help").stdout


def test_it_installs(conda: Path, payload: Payload, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    unpack(conda, payload, prefix)
    result = install(conda, prefix)
    assert result.returncode == 0, result.stderr
    assert subprocess.check_output([prefix / "bin/hello"], text=True) == f"hello from {prefix}\n"
    record = json.loads((prefix / "conda-meta/hello-1.0-0.json").read_text())
    assert record["url"] == "https://littlest.invalid/packages/linux-64/hello-1.0-0.tar.bz2"
    assert str(prefix) not in (prefix / "conda-meta/hello-1.0-0.json").read_text()
    assert not (prefix / "CACHEDIR.TAG").exists()


def test_its_manifest_holds_what_it_laid_down(conda: Path, payload: Payload, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    unpack(conda, payload, prefix)
    install(conda, prefix)
    manifest = prefix / "share/littlest/manifest.sha256"
    listed = {line.split("  ")[1]: line.split("  ")[0] for line in manifest.read_text().splitlines()}
    assert set(listed) == {"bin/hello", "share/hello/ballast", "share/world"}
    for name, digest in listed.items():
        assert hashlib.sha256((prefix / name).read_bytes()).hexdigest() == digest


def test_it_opens_no_connection(conda: Path, payload: Payload, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    unpack(conda, payload, prefix)
    trace = tmp_path / "trace"
    listed = prefix / "conda-meta/initial-state.explicit.txt"
    command = ["strace", "-f", "-o", trace, "-e", "trace=connect,sendto,sendmsg,socket", conda]
    subprocess.run([*command, "install", "--offline", "--file", listed, "-yp", prefix], check=True)
    assert not [line for line in trace.read_text().splitlines() if "AF_INET" in line]


def test_it_unpacks_itself_where_it_is_told(conda: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    (tmp_path / "here").mkdir()
    command = ["strace", "-f", "-o", trace, "-e", "trace=mkdir,mkdirat", conda, "--version"]
    subprocess.run(command, check=True, env={"TMPDIR": str(tmp_path / "here")}, capture_output=True)
    made = [line for line in trace.read_text().splitlines() if "= 0" in line]
    assert made
    assert all(str(tmp_path / "here") in line for line in made)


@pytest.mark.parametrize("harm", ["changed", "missing", "without sha256", "list"])
def test_a_package_that_is_not_as_recorded_is_refused(
    conda: Path, payload: Payload, tmp_path: Path, harm: str
) -> None:
    prefix = tmp_path / "prefix"
    unpack(conda, payload, prefix)
    archive = prefix / "pkgs/hello-1.0-0.tar.bz2"
    record = prefix / "pkgs/hello-1.0-0/info/repodata_record.json"
    if harm == "changed":
        archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    elif harm == "missing":
        archive.unlink()
    elif harm == "without sha256":
        record.write_text(json.dumps({k: v for k, v in json.loads(record.read_text()).items() if k != "sha256"}))
    else:
        listed = prefix / "conda-meta/initial-state.explicit.txt"
        md5 = json.loads(record.read_text())["md5"]
        listed.write_text(listed.read_text().replace(md5, "0" * 32))
    result = install(conda, prefix)
    assert result.returncode == 1
    assert b"hello-1.0-0.tar.bz2" in result.stderr
    assert not (prefix / "bin").exists()


def test_a_tar_cannot_leave_the_prefix(conda: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    for name in ("../escaped", "/escaped"):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.addfile(tarfile.TarInfo(name))
        call(conda, "constructor", "--prefix", prefix, "--extract-tarball", stdin=buffer.getvalue())
        assert not (tmp_path / "escaped").exists()
        assert not Path("/escaped").exists()


def test_a_cut_off_tar_is_an_error(conda: Path, payload: Payload, tmp_path: Path) -> None:
    content = payload.parts[1].read_bytes()
    result = call(conda, "constructor", "--prefix", tmp_path, "--extract-tarball", stdin=content[: len(content) // 2])
    assert result.returncode == 1
    assert b"error:" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["constructor", "--prefix", "/nowhere"],
        ["constructor", "--extract-tarball"],
        ["install", "--file", "x", "-yp", "/nowhere"],
        ["create", "--offline"],
    ],
)
def test_other_calls_are_refused(conda: Path, words: list[str]) -> None:
    assert call(conda, *words).returncode == 2


@pytest.fixture(scope="module")
def unpacked(conda: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the executable unpacks of itself, taken while it waits for its input."""
    folder = tmp_path_factory.mktemp("unpacked")
    command = [conda, "constructor", "--prefix", folder / "prefix", "--extract-tarball"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"TMPDIR": str(folder)}
    ) as process:
        deadline = time.monotonic() + 60
        # the program proper is a child of the process that unpacks, begun when that is done
        while not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        (made,) = folder.glob("_MEI*")
        shutil.copytree(made, folder / "members")
        process.communicate()
    return folder / "members"


def test_it_starts_on_the_oldest_glibc_that_the_installer_accepts(conda: Path, unpacked: Path) -> None:
    construct = read_construct(TOP / "construct/construct.yaml")
    accepted = tuple(map(int, construct.minimum_glibc.split(".")))
    members = [conda, *(path for path in unpacked.rglob("*") if path.is_file())]
    assert len(members) > 20
    too_new = {
        f"{member.name} wants {version.decode()}"
        for member in members
        for version in re.findall(rb"GLIBC_([0-9.]+)\0", member.read_bytes())
        if tuple(map(int, version.split(b"."))) > accepted
    }
    assert not too_new


def test_it_holds_the_python_that_the_installer_carries(unpacked: Path) -> None:
    assert [path.name for path in unpacked.glob("libpython*")] == ["libpython3.13.so.1.0"]


def test_it_is_made_alike_twice(conda: Path, tmp_path: Path) -> None:
    code = """
import sys, pathlib, builder.bootstrap as b
b.run_pyinstaller(b.build_python()[1], b.compile_libpython(), pathlib.Path(sys.argv[1]))
"""
    command = [TOP / "scripts/environment", "build", "python", "-c", code, tmp_path]
    subprocess.run(command, check=True, env=os.environ | {"SOURCE_DATE_EPOCH": "1"})
    assert (tmp_path / "dist/_conda").read_bytes() == conda.read_bytes()
