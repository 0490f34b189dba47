"""The seal: our header before our payload, and before one that constructor made."""

import re
import subprocess
from pathlib import Path

import pytest
from builder.construct import read_construct
from builder.packer import Payload
from builder.seal import END_LINE, SealError, read_constructor_payload, render_header, seal
from small_installer import TOP, build_installer, make_project

pytestmark = pytest.mark.build
HEADER = TOP / "construct" / "header.sh"
PREFLIGHT = TOP / "construct" / "preflight.sh"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Payload]:
    folder = tmp_path_factory.mktemp("seal")
    payload = build_installer(make_project(folder / "project"), folder / "x.sh")
    return folder / "x.sh", payload


def test_the_header_knows_its_own_length(made: tuple[Path, Payload]) -> None:
    content = made[0].read_bytes()
    end = content.index(END_LINE) + len(END_LINE)
    assert re.search(rb"^header_bytes=(\d+)$", content[:end], re.MULTILINE).group(1) == str(end).encode()
    assert content[end:] == b"".join(part.read_bytes() for part in made[1].parts)


def test_the_sealed_header_is_clean(made: tuple[Path, Payload], tmp_path: Path) -> None:
    content = made[0].read_bytes()
    header = tmp_path / "header.sh"
    header.write_bytes(content[: content.index(END_LINE)])
    for shell in ("sh", "dash", "busybox"):
        subprocess.run(["shellcheck", "--shell", shell, "--exclude", "SC2154", header], check=True)


@pytest.mark.parametrize("script", ["header.sh", "preflight.sh", "post_install.sh"])
def test_the_scripts_are_clean_for_the_strictest_shell(script: str) -> None:
    command = ["shellcheck", "--external-sources", "--shell", "dash", f"construct/{script}"]
    subprocess.run(command, check=True, cwd=TOP)


def test_a_value_that_a_shell_would_not_take_is_refused(made: tuple[Path, Payload], tmp_path: Path) -> None:
    construct = read_construct(
        make_project(
            tmp_path / "p",
            construct="name: 'a;b'\n"
            + (made[0].parent / "project/construct/construct.yaml").read_text().partition("\n")[2],
        )
    )
    with pytest.raises(SealError, match="product"):
        render_header(construct, made[1], HEADER.read_text(), PREFLIGHT.read_text(), "0" * 64)


def test_a_header_without_its_places_is_refused(made: tuple[Path, Payload], tmp_path: Path) -> None:
    construct = read_construct(made[0].parent / "project/construct/construct.yaml")
    header = HEADER.read_text().replace("# constants: begin", "")
    with pytest.raises(SealError, match="0 places"):
        render_header(construct, made[1], header, PREFLIGHT.read_text(), "0" * 64)


def write_as_constructor(payload: Payload, output: Path, *, middle: int = 0, cut: int = 0) -> None:
    """Write an installer with as much of constructor's header as tells where its parts begin."""
    sizes = [payload.parts[0].stat().st_size, middle, payload.parts[1].stat().st_size]
    lines = [b"#!/bin/sh\n", b'boundary0=$(head -n "${last_line}" "${THIS_PATH}" | wc -c | sed \'s/ //g\')\n']
    for number, size in enumerate(sizes, 1):
        lines.append(f"boundary{number}=$(( boundary{number - 1} + {size} ))\n".encode())
    content = b"".join([*lines, b"exit 0\n", END_LINE, *(part.read_bytes() for part in payload.parts)])
    output.write_bytes(content[: len(content) - cut])


def test_constructors_payload_is_taken_as_it_is(made: tuple[Path, Payload], tmp_path: Path) -> None:
    project = made[0].parent / "project"
    construct = read_construct(project / "construct/construct.yaml")
    write_as_constructor(made[1], tmp_path / "theirs.sh")
    taken = read_constructor_payload(tmp_path / "theirs.sh", tmp_path)
    assert {package.archive.name for package in taken.packages} == {p.archive.name for p in made[1].packages}
    for ours, theirs in zip(made[1].parts, taken.parts, strict=True):
        assert ours.read_bytes() == theirs.read_bytes()
    seal(construct, taken, HEADER, PREFLIGHT, tmp_path / "ours.sh")
    target = tmp_path / "prefix"
    subprocess.run(["sh", tmp_path / "ours.sh", "--extract-only", target], check=True, capture_output=True)
    assert subprocess.check_output([target / "bin/hello"], text=True) == f"hello from {target}\n"


def test_constructors_payload_of_many_files_is_refused(made: tuple[Path, Payload], tmp_path: Path) -> None:
    write_as_constructor(made[1], tmp_path / "theirs.sh", middle=17)
    with pytest.raises(SealError, match="single-file"):
        read_constructor_payload(tmp_path / "theirs.sh", tmp_path)


def test_a_cut_off_payload_is_refused(made: tuple[Path, Payload], tmp_path: Path) -> None:
    write_as_constructor(made[1], tmp_path / "theirs.sh", cut=100)
    with pytest.raises(SealError, match="cut short by 100 bytes"):
        read_constructor_payload(tmp_path / "theirs.sh", tmp_path)
    (tmp_path / "not.sh").write_text("#!/bin/sh\n")
    with pytest.raises(SealError, match="end-of-header"):
        read_constructor_payload(tmp_path / "not.sh", tmp_path)
