"""Whatever is wrong with the settings, no command that meets it changes anything on the server."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_root import RELEASE, list_tree, make_tree

from littlest import paths
from littlest.commands.apply import run_apply
from littlest.commands.config.change import run_set
from littlest.commands.config.edit import run_edit
from littlest.commands.config.show import run_validate
from littlest.commands.install import run_install
from littlest.config.text.problems import InvalidConfig
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.report import Report
from tests.support.bad_files import BAD_FILES, BAD_PLACES, BAD_REFERENCES, BadFile, BadPlace

FILES = (*BAD_FILES, *BAD_REFERENCES)
PLACES = [place for place in BAD_PLACES if place.account == "root"]
"""Those of others than root: `tests/machine`."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A server that every test leaves as it found it, which is what they show."""
    machine = make_tree(tmp_path_factory.mktemp("bad-files") / "root")
    run_install(machine, "olga", False, None, release=RELEASE)
    return machine


@pytest.fixture
def machine(installed: Machine) -> Iterator[Machine]:
    before = list_tree(installed)
    good = installed.path(paths.CONFIG_FILE).read_bytes()
    yield installed
    installed.remove(paths.CONFIG_FILE)
    installed.write_file(paths.CONFIG_FILE, good, mode=0o640)
    assert list_tree(installed) == before


def refuse(machine: Machine, command: Callable[[], Report]) -> LittlestError:
    """Run a command that must be refused, see that nothing changed, and return what is said."""
    before = list_tree(machine)
    with pytest.raises(LittlestError) as caught:
        command()
    assert list_tree(machine) == before
    return caught.value


@pytest.mark.parametrize("case", FILES, ids=[case.name for case in FILES])
def test_a_bad_file_changes_nothing(case: BadFile, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.path(paths.CONFIG_FILE).write_bytes(case.data)
    assert run_validate(machine, None).exit_code == case.exit
    error = refuse(machine, lambda: run_apply(machine, release=RELEASE))
    assert error.exit_code == case.exit
    assert isinstance(error, InvalidConfig)
    found = [(problem.line, problem.column, problem.key) for problem in error.problems]
    assert found == [(problem.line, problem.column or 1, problem.key) for problem in case.problems], str(error)
    for problem, expected in zip(error.problems, case.problems, strict=True):
        assert expected.words in str(problem)
    # one that mends nothing
    words = ["http.port", "81"] if "http.port" not in {key for _, _, key in found} else ["announcement", "x"]
    refuse(machine, lambda: run_set(machine, words, [], lambda _question: ""))
    # an editor that saves what it was given, and a person who then gives up
    monkeypatch.setenv("VISUAL", "true")
    before = list_tree(machine)
    run_edit(machine, lambda _question: "x")
    assert list_tree(machine) == before


@pytest.mark.parametrize("place", PLACES, ids=[place.name for place in PLACES])
def test_what_is_no_file_of_settings_changes_nothing(place: BadPlace, machine: Machine) -> None:
    folder = machine.path(paths.ETC_DIR)
    machine.remove(paths.CONFIG_FILE)
    others = set(folder.iterdir())
    subprocess.run(["sh", "-euc", place.make], cwd=folder, check=True)
    try:
        for command in (lambda: run_apply(machine, release=RELEASE), lambda: run_validate(machine, None)):
            error = refuse(machine, command)
            assert error.exit_code == place.exit
            assert place.words in error.message
    finally:
        for left in set(folder.iterdir()) - others:
            remove(left)


def remove(path: Path) -> None:
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
