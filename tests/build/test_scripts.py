"""The scripts that people call, as they are called."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.build

TOP = Path(__file__).resolve().parents[2]


def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=TOP, capture_output=True, text=True, check=False, timeout=300, env=os.environ | environment
    )


def test_an_ordinary_user_is_told_which_tiers_cannot_run_and_why() -> None:
    nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    result = call(*nobody, "sh", "scripts/test", "hub", "build", "machine")
    assert result.returncode == 1
    for tier in ("hub", "build", "machine"):
        assert f"sudo ./scripts/test {tier}" in result.stdout


@pytest.mark.parametrize("script", ["test", "quickstart"])
def test_a_search_path_of_cd_leads_nowhere_else(script: str, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    result = call("sh", f"scripts/{script}", "--help", CDPATH=str(tmp_path))
    assert result.returncode == 0
    assert not result.stderr
    assert f"scripts/{script}" in result.stdout


def test_quickstart_does_not_ignore_a_second_word() -> None:
    result = call("scripts/quickstart", "--stop", "--offline")
    assert result.returncode == 2
    assert "usage" in result.stderr


def test_two_builds_wait_for_each_other(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    # one build environment is enough
    (tmp_path / "python").symlink_to(Path(os.environ["LITTLEST_CACHE"]) / "python")
    with (tmp_path / "locks/build").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [TOP / "scripts/build", "--output", tmp_path / "dist"],
            env=os.environ | {"LITTLEST_CACHE": str(tmp_path)},
            stderr=subprocess.DEVNULL,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(timeout=5)
        second.kill()
        second.wait()
    assert {path.name for path in tmp_path.iterdir()} == {"locks", "python"}


def test_tiers_that_need_no_installer_run_where_it_cannot_be_built(tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(Path(os.environ["LITTLEST_CACHE"]) / "python")
    (tmp_path / "cpython").write_text("a file where the build wants a folder")
    words = ("scripts/test", "tree", "build", "--", "-k", "test_it_names_the_version_of_the_package")
    result = call(*words, LITTLEST_CACHE=str(tmp_path))
    assert "1 passed" in result.stdout
    assert "build: the installer could not be built (see above)" in result.stdout
    assert result.returncode == 1
