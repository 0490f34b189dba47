"""scripts/release, in throwaway repositories with the real files that name the version."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import littlest

TOP = Path(__file__).resolve().parents[2]
NEXT = "987.0.1"
CHANGELOG = """\
# Changelog

## [Unreleased]

### Added

- A thing that people asked for.

## [0.0.1] - 2020-01-01

### Fixed

- An old fault.
"""
FAILING_BUILD = "#!/bin/sh\necho 'no room left' >&2\nexit 1\n"


def git(repository: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=repository, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository on the branch main with everything that a release changes."""
    top = tmp_path / "project"
    for name in (
        "littlest/__init__.py",
        "construct/construct.yaml",
        "README.md",
        "environment.yml",
        "scripts/release",
    ):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, top / name)
    shutil.copytree(TOP / "docs", top / "docs")
    (top / "CHANGELOG.md").write_text(CHANGELOG)
    (top / "scripts/build").write_text(FAILING_BUILD)
    (top / "scripts/build").chmod(0o755)
    git(top, "init", "--quiet", "--initial-branch", "main")
    git(top, "config", "user.name", "Ada")
    git(top, "config", "user.email", "ada@example.org")
    commit_all(top)
    return top


def commit_all(repository: Path) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "A state")


def release(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [repository / "scripts/release", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def describe(repository: Path) -> tuple[str, str, str]:
    return git(repository, "rev-parse", "HEAD"), git(repository, "status", "--porcelain"), git(repository, "tag")


def test_a_release_writes_the_version_everywhere_and_tags_it(repository: Path) -> None:
    result = release(repository, NEXT, "--no-build")
    assert result.returncode == 0, result.stderr
    assert f"git push origin main v{NEXT}" in result.stdout
    old = re.escape(littlest.__version__)
    for path in [*(repository / "docs").rglob("*.md"), *repository.glob("*.*"), *repository.glob("*/*.*")]:
        if path.is_file():
            assert not re.search(rf"Littlest-{old}-|releases/{old}\b|littlest =={old}", path.read_text()), path
    assert f'__version__ = "{NEXT}"' in (repository / "littlest/__init__.py").read_text()
    construct = (repository / "construct/construct.yaml").read_text()
    assert construct.count(NEXT) == 3
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "log", "-1", "--format=%s") == f"Release {NEXT}"
    assert git(repository, "rev-parse", f"v{NEXT}^{{commit}}") == git(repository, "rev-parse", "HEAD")


def test_the_changelog_moves_on_and_is_the_text_of_the_tag(repository: Path) -> None:
    release(repository, NEXT, "--no-build")
    text = (repository / "CHANGELOG.md").read_text()
    assert re.search(rf"## \[Unreleased\]\n\n## \[{NEXT}\] - \d{{4}}-\d\d-\d\d\n\n### Added\n\n- A thing", text)
    assert text.endswith("## [0.0.1] - 2020-01-01\n\n### Fixed\n\n- An old fault.\n")
    tag = git(repository, "tag", "--list", f"v{NEXT}", "--format=%(contents)")
    assert tag == f"The Littlest JupyterHub {NEXT}\n\n### Added\n\n- A thing that people asked for."


def test_a_dry_run_changes_nothing(repository: Path) -> None:
    before = describe(repository)
    result = release(repository, NEXT, "--dry-run")
    assert result.returncode == 0
    assert "construct/construct.yaml" in result.stdout
    assert "- A thing that people asked for." in result.stdout
    assert describe(repository) == before


def test_a_failed_build_leaves_everything_as_it_was(repository: Path) -> None:
    before = describe(repository)
    result = release(repository, NEXT)
    assert result.returncode == 1
    assert "scripts/build failed" in result.stderr
    assert describe(repository) == before


def test_a_refused_commit_leaves_everything_as_it_was(repository: Path) -> None:
    hook = repository / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = describe(repository)
    result = release(repository, NEXT, "--no-build")
    assert result.returncode == 1
    assert "not on a Friday" in result.stderr
    assert describe(repository) == before


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.2", "is not a version"),
        ("v1.2.3", "is not a version"),
        ("0.0.1", "is not newer than"),
        (littlest.__version__, "is not newer than"),
    ],
)
def test_a_wrong_version_is_one_clear_error(repository: Path, version: str, message: str) -> None:
    result = release(repository, version, "--no-build")
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_it_refuses_another_branch_and_uncommitted_changes(repository: Path) -> None:
    (repository / "new").write_text("")
    assert "?? new" in release(repository, NEXT, "--no-build").stderr
    git(repository, "switch", "--quiet", "--create", "other")
    assert "git switch main" in release(repository, NEXT, "--no-build").stderr


def test_it_refuses_a_tag_that_exists(repository: Path) -> None:
    git(repository, "tag", f"v{NEXT}")
    assert "exists already" in release(repository, NEXT, "--no-build").stderr


@pytest.mark.parametrize(
    ("changelog", "message"),
    [
        (CHANGELOG.replace("[Unreleased]", "[Next]"), "has no section"),
        (CHANGELOG.replace("- A thing that people asked for.\n", ""), "has no entries"),
        (CHANGELOG + f"\n## [{NEXT}] - 2020-01-02\n", "has a section for"),
    ],
)
def test_a_changelog_without_news_is_one_clear_error(repository: Path, changelog: str, message: str) -> None:
    (repository / "CHANGELOG.md").write_text(changelog)
    commit_all(repository)
    result = release(repository, NEXT, "--no-build")
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_help_names_the_options() -> None:
    result = subprocess.run([TOP / "scripts/release", "--help"], capture_output=True, text=True, check=True)
    assert "--dry-run" in result.stdout
    assert "--no-build" in result.stdout
