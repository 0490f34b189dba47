"""Every bad file of the corpus through the command itself: exit code, JSON with places, and no traceback."""

import json
from pathlib import Path

import pytest

from littlest.cli import config as cli_config
from littlest.cli import main as cli
from littlest.machine.machine import Machine
from tests.support.bad_files import BAD_FILES, BadFile


@pytest.fixture(autouse=True)
def this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (cli, cli_config):
        monkeypatch.setattr(module, "make_machine", lambda: Machine("/"))


@pytest.mark.parametrize("case", BAD_FILES, ids=[case.name for case in BAD_FILES])
def test_bad_file_ends_the_command_with_its_problems_as_data(
    case: BadFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(case.data)
    assert cli.run(["config", "validate", str(file), "--json"]) == case.exit
    said = capsys.readouterr()
    data = json.loads(said.out)
    assert "Traceback" not in said.out + said.err
    assert {"file": data["file"], "valid": data["valid"], "exit_code": data["exit_code"]} == {
        "file": str(file),
        "valid": False,
        "exit_code": case.exit,
    }
    assert [(found["file"], found["line"], found["column"], found["key"]) for found in data["problems"]] == [
        (str(file), problem.line, problem.column or 1, problem.key) for problem in case.problems
    ]
    for found, problem in zip(data["problems"], case.problems, strict=True):
        assert problem.words in f"{found['problem']}; {found['hint']}"
    assert data["error"]
