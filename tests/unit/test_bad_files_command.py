"""Every bad file of the corpus through the command itself: exit code, JSON with places, and no traceback."""

import json
import sys
from pathlib import Path

import pytest

from littlest import cli, cli_config
from littlest.errors import ExitCode
from littlest.system.machine import Machine

sys.path.append(str(Path(__file__).parent / "config"))
from bad_files import BAD_FILES, BadFile


@pytest.mark.parametrize("case", BAD_FILES, ids=[name for name, _, _ in BAD_FILES])
def test_bad_file_ends_the_command_with_its_problems_as_data(
    case: BadFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, content, expected = case
    for module in (cli, cli_config):
        monkeypatch.setattr(module, "make_machine", lambda: Machine("/"))
    file = tmp_path / "config.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    assert cli.run(["config", "validate", str(file), "--json"]) == ExitCode.INVALID_CONFIG
    said = capsys.readouterr()
    data = json.loads(said.out)
    assert "Traceback" not in said.out + said.err
    assert {"file": data["file"], "valid": data["valid"], "exit_code": data["exit_code"]} == {
        "file": str(file),
        "valid": False,
        "exit_code": 3,
    }
    assert [(found["file"], found["line"], found["key"]) for found in data["problems"]] == [
        (str(file), line, key) for line, key, _ in expected
    ]
    assert data["error"]
