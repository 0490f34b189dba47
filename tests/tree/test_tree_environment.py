"""Creating the user environment from a channel: whole or not at all, open to its group, checked."""

import os
import stat

import pytest
from fake_root import RELEASE

from littlest import paths
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.steps import CreateEnvironment, EnsureGroup, MakeLink
from littlest.system.accounts.groups import ensure_group
from littlest.system.environment.create import create_environment, is_environment_there
from littlest.system.files import make_link

STEP = CreateEnvironment(paths.USER_ENVIRONMENT_DIR, paths.PACKAGES_LINK, paths.ADMINS_GROUP)


@pytest.fixture
def ready(machine: Machine) -> Machine:
    ensure_group(machine, EnsureGroup(paths.ADMINS_GROUP))
    make_link(machine, MakeLink(paths.CURRENT_LINK, RELEASE.directory))
    make_link(machine, MakeLink(paths.PACKAGES_LINK, paths.CURRENT_LINK / "share/littlest/packages"))
    return machine


def test_files_name_the_final_prefix_and_are_open_to_the_group(ready: Machine) -> None:
    assert not is_environment_there(ready, STEP)
    lines: list[str] = []
    create_environment(ready, STEP, lines.append)
    assert lines == ["user environment: 2 of 2 packages"]
    assert ready.read_text(STEP.prefix / "bin/program") == "#!/opt/littlest/user/bin/python\n"
    group = ready.read_group(paths.ADMINS_GROUP)
    assert group is not None
    for path in (ready.path(STEP.prefix), *ready.path(STEP.prefix).rglob("*")):
        found = path.lstat()
        assert (found.st_uid, found.st_gid) == (0, group[0]), path
        wanted = 0o2775 if path.is_dir() else 0o775 if path.parent.name == "bin" else 0o664
        assert stat.S_IMODE(found.st_mode) == wanted, path
    assert ready.list_directory(paths.OPT_DIR) == ("current", "packages", "releases", "user")
    assert is_environment_there(ready, STEP)


def test_a_damaged_package_leaves_nothing_behind(ready: Machine) -> None:
    package = RELEASE.directory / "share/littlest/packages/linux-64/library-1.0-0.tar.bz2"
    content = bytearray(ready.read_bytes(package) or b"")
    content[len(content) // 2] ^= 1
    ready.write_file(package, bytes(content))
    with pytest.raises(LittlestError, match="damaged or missing: linux-64/"):
        create_environment(ready, STEP, lambda _line: None)
    assert ready.list_directory(paths.OPT_DIR) == ("current", "packages", "releases")


def test_a_whole_package_with_another_digest_is_refused(ready: Machine) -> None:
    repodata = RELEASE.directory / "share/littlest/packages/linux-64/repodata.json"
    text = ready.read_text(repodata) or ""
    start = text.index('"sha256": "') + len('"sha256": "')
    ready.write_file(repodata, text[:start] + "0" * 64 + text[start + 64 :])
    with pytest.raises(LittlestError, match="damaged or missing: linux-64/"):
        create_environment(ready, STEP, lambda _line: None)
    assert ready.list_directory(paths.OPT_DIR) == ("current", "packages", "releases")


def test_a_package_that_is_missing_is_named(ready: Machine) -> None:
    ready.write_file(RELEASE.directory / "share/littlest/packages/environment.txt", "program\nnot-there >=2\n")
    with pytest.raises(LittlestError, match="not-there"):
        create_environment(ready, STEP, lambda _line: None)


def test_what_an_interrupted_run_left_is_no_obstacle(ready: Machine) -> None:
    leftover = ready.path(paths.OPT_DIR / "user.incomplete/lib")
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("half")
    ready.path(STEP.prefix).mkdir()
    create_environment(ready, STEP, lambda _line: None)
    assert ready.list_directory(paths.OPT_DIR) == ("current", "packages", "releases", "user")
    assert not ready.path(STEP.prefix / "lib/half").exists()


def test_the_umask_is_the_callers_again(ready: Machine) -> None:
    before = os.umask(0o077)
    try:
        create_environment(ready, STEP, lambda _line: None)
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
    assert ready.path(STEP.prefix / "bin").stat().st_mode & 0o7777 == 0o2775
