"""What the installer refuses, before it changes anything, and what it says then."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.machine import Machine
from tests.support.traces import compare, take_inventory

RUN = "bash /media/littlest/littlest.sh"


@pytest.fixture
def untouched(bare: Machine) -> Iterator[Machine]:
    """The bare machine, which must look afterwards as it did before."""
    before = take_inventory(bare)
    yield bare
    assert compare(before, take_inventory(bare)) == []


def test_check_finds_nothing_wrong_with_a_fresh_server_and_changes_nothing(untouched: Machine) -> None:
    assert untouched.run(f"{RUN} --check", check=False).returncode == 0


def test_a_port_that_is_taken_is_named_with_its_owner(untouched: Machine) -> None:
    untouched.run("systemd-run --unit=webshop systemd-socket-activate -l 80 /bin/cat")
    try:
        done = untouched.run(f"{RUN} 2>&1", check=False)
    finally:
        untouched.run("systemctl stop webshop")
    assert done.returncode == 69
    assert "80" in done.stdout
    assert "webshop" in done.stdout or "systemd-socket" in done.stdout


def test_everything_that_is_missing_is_listed_at_once(untouched: Machine) -> None:
    untouched.run("systemd-run --unit=webshop systemd-socket-activate -l 80 /bin/cat")
    untouched.run("mv /usr/sbin/useradd /usr/sbin/useradd.away; mv /usr/sbin/groupadd /usr/sbin/groupadd.away")
    try:
        done = untouched.run(f"{RUN} --check 2>&1", check=False)
    finally:
        untouched.run("systemctl stop webshop")
        untouched.run("mv /usr/sbin/useradd.away /usr/sbin/useradd; mv /usr/sbin/groupadd.away /usr/sbin/groupadd")
    assert done.returncode == 69
    for word in ("80", "useradd", "groupadd"):
        assert word in done.stdout, done.stdout


def test_without_root_it_says_how_to_run_it(untouched: Machine) -> None:
    done = untouched.run(["runuser", "-u", "nobody", "--", "sh", "-c", f"{RUN} 2>&1"], check=False)
    assert done.returncode == 77
    assert "sudo" in done.stdout or "root" in done.stdout


@pytest.mark.parametrize("option", ["-u", "-f", "-s"])
def test_options_of_other_installers_are_refused_with_what_to_do_instead(untouched: Machine, option: str) -> None:
    done = untouched.run(f"{RUN} {option} 2>&1", check=False)
    assert done.returncode == 2
    assert option in done.stdout
    assert len(done.stdout.split()) > 8, done.stdout


def test_an_unknown_word_is_an_error(untouched: Machine) -> None:
    assert untouched.run(f"{RUN} --frobnicate 2>&1", check=False).returncode == 2
    assert untouched.run(f"{RUN} please 2>&1", check=False).returncode == 2


def damage(source: Path, target: Path, how: str) -> None:
    """Copy an installer with one fault: some of its end missing, or one bit other than it was."""
    data = bytearray(source.read_bytes())
    size = len(data)
    if how.startswith("flipped"):
        data[{"early": size // 10, "middle": size // 2, "last": size - 1}[how.split()[1]]] ^= 0x10
    else:
        del data[{"half": size // 2, "little": size - 1000}[how.split()[1]] :]
    target.write_bytes(data)


@pytest.mark.parametrize("how", ["flipped early", "flipped middle", "flipped last", "cut half", "cut little"])
def test_a_damaged_file_stops_before_anything_is_written(untouched: Machine, installer: Path, how: str) -> None:
    target = untouched.media / "damaged.sh"
    damage(installer, target, how)
    try:
        done = untouched.run("bash /media/littlest/damaged.sh 2>&1", check=False)
    finally:
        target.unlink()
    assert done.returncode == 65, done.stdout
    assert "download" in done.stdout.lower() or "copy" in done.stdout.lower(), done.stdout
