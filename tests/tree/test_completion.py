"""Completion of verbs and settings in a real bash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["config", "set", "limits.mem"], ["limits.memory"]),
        (["config", "get", "services.cull.e"], ["services.cull.enabled", "services.cull.every"]),
        (["config", "uns"], ["unset"]),
        (["completi"], ["completion"]),
    ],
)
def test_bash_completes_verbs_and_keys(words: list[str], expected: list[str], tmp_path: Path) -> None:
    command = tmp_path / "littlest"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m littlest "$@"\n')
    command.chmod(0o755)
    bash = shutil.which("bash")
    assert bash
    line = " ".join(words)
    script = (
        'eval "$(littlest completion bash)"\n'
        f"COMP_WORDS=(littlest {line}) COMP_CWORD={len(words)}\n"
        "_littlest_completion littlest\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
        "complete -p littlest"
    )
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "--norc", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    *offered, registered = done.stdout.splitlines()
    assert offered == expected
    assert "_littlest_completion" in registered
