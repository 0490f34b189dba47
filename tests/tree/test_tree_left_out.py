"""Who is not root may check a file; what only root may look at is left out, and said."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest
from fake_root import make_tree

from littlest import paths
from littlest.commands.config.show import run_validate
from littlest.errors import ExitCode, NeedsRoot
from littlest.machine.machine import Machine
from littlest.report import Report
from tests.support.certificates import make_certificate

NOBODY = 65534
TEXT = """\
https: {enabled: true, certificate: /etc/ssl/hub.pem, key: /etc/ssl/private/hub.key}
metrics: {token: {file: /etc/littlest/secrets/token}}
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def open_machine() -> Iterator[Machine]:
    """A tree that everybody can go through, unlike the other tests' own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    machine = make_tree(folder / "root")
    made = make_certificate()
    machine.write_file(PurePosixPath("/etc/ssl/hub.pem"), made.certificate, mode=0o644)
    machine.write_file(PurePosixPath("/etc/ssl/private/hub.key"), made.key, mode=0o600)
    machine.write_file(PurePosixPath("/etc/littlest/secrets/token"), "a-long-token\n", mode=0o600)
    machine.make_directory(paths.DROP_IN_DIR, mode=0o700)
    machine.path(PurePosixPath("/etc/ssl/private")).chmod(0o700)
    yield machine
    shutil.rmtree(folder)


@contextmanager
def be_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def validate(machine: Machine, text: str) -> Report:
    file = machine.path(PurePosixPath("/home/mine.yaml"))
    file.write_text(text)
    # what it imports lies where only root may look, in the tests' own environment
    assert run_validate(machine, "/home/mine.yaml").data["problems"] == []
    with be_nobody():
        return run_validate(machine, "/home/mine.yaml")


def test_what_needs_root_is_left_out_and_named(open_machine: Machine) -> None:
    report = validate(open_machine, TEXT)
    assert report.exit_code == ExitCode.DONE
    left_out = ["/etc/littlest/jupyterhub_config.d", "/etc/littlest/secrets/token", "/etc/ssl/private/hub.key"]
    assert report.data == {"file": "/home/mine.yaml", "valid": True, "problems": [], "left_out": left_out}
    assert report.notes == (f"Skipped (root only): {', '.join(left_out)}. With sudo all of it is checked.",)


def test_what_nobody_must_hide_is_checked_all_the_same(open_machine: Machine) -> None:
    open_machine.write_file(PurePosixPath("/etc/ssl/hub.pem"), "none\n", mode=0o644)
    open_machine.path(PurePosixPath("/home/mine.yaml")).write_text(TEXT)
    assert run_validate(open_machine, "/home/mine.yaml").exit_code == ExitCode.INVALID_CONFIG
    with be_nobody():
        report = run_validate(open_machine, "/home/mine.yaml")
    assert report.exit_code == ExitCode.INVALID_CONFIG
    assert [problem["key"] for problem in report.data["problems"]] == ["https.certificate"]
    assert "/etc/ssl/private/hub.key" in report.data["left_out"]


def test_root_leaves_nothing_out(open_machine: Machine) -> None:
    open_machine.path(PurePosixPath("/home/mine.yaml")).write_text(TEXT)
    report = run_validate(open_machine, "/home/mine.yaml")
    assert report.data == {"file": "/home/mine.yaml", "valid": True, "problems": []}
    assert report.notes == ()


def test_a_file_that_only_root_may_read_asks_for_root(open_machine: Machine) -> None:
    open_machine.path(PurePosixPath("/etc/ssl/private/config.yaml")).write_text(TEXT)
    with be_nobody(), pytest.raises(NeedsRoot):
        run_validate(open_machine, "/etc/ssl/private/config.yaml")
