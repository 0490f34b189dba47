"""Asks JupyterHub itself about settings, in another process: `littlest.hub.check.dry_load`."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from littlest import paths
from littlest.config.sections.auth import ClassAuth
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.errors import CommandFailed
from littlest.machine.commands import CommandResult
from littlest.machine.machine import Machine
from littlest.system.settings.drop_in_copies import list_drop_ins

SECONDS = 30.0
"""How long each drop-in may take, and each try to start the hub."""
_MARGIN = 60.0
"""Seconds that the process needs before it begins, on a busy machine."""
_HELP_SECONDS = 30.0
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')


def _ask(machine: Machine, request: dict[str, Any], seconds: float) -> CommandResult:
    """Run the other process, and return how it ended. Raises CommandFailed where it takes longer than that."""
    program = "import sys; sys.path.append(sys.argv[1]); from littlest.hub.check.dry_load import main; main()"
    # this very program, wherever it is
    command = (sys.executable, "-I", "-c", program, str(Path(__file__).parents[3]))
    # on its input, where nobody else sees it: the text may hold secrets
    return machine.run(command, input=json.dumps(request), check=False, timeout=seconds)


def read_trait_help(machine: Machine, text: str, class_name: str, trait: str) -> dict[str, Any] | None:
    """Ask JupyterHub what a trait is, in a hub with these settings: `about`, `takes` and `default`, or the `problem`
    with its name and a `hint`. None where JupyterHub cannot be asked."""
    try:
        done = _ask(machine, {"text": text, "class": class_name, "trait": trait}, _HELP_SECONDS)
        found: dict[str, Any] = json.loads(done.stdout)
    except (CommandFailed, ValueError):
        return None
    return found


def find_hub_problems(machine: Machine, loaded: LoadedConfig, seconds: float = SECONDS) -> tuple[Problem, ...]:
    """Return what JupyterHub would not take: traits and their values, classes, drop-ins.

    It costs a second or more, so JupyterHub is asked only about drop-ins, and settings that it alone understands or
    that the class of a provider checks.
    """
    if not _is_needed(machine, loaded):
        return ()
    folder = machine.path(paths.DROP_IN_DIR)
    request = {"text": loaded.text, "folder": str(folder), "seconds": seconds}
    try:
        done = _ask(machine, request, seconds * 10 + _MARGIN)
    except CommandFailed as error:
        return (loaded.make_problem((), f"JupyterHub could not be asked whether it can start: {error.message}"),)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    problems = [make_hub_problem(loaded, answer["found"]) for answer in answers if "found" in answer]
    if not any("done" in answer for answer in answers):
        running = next((str(answer["doing"]) for answer in reversed(answers) if "doing" in answer), "")
        problems.append(_explain_end(loaded, done, running, seconds))
    return tuple(problems)


def _is_needed(machine: Machine, loaded: LoadedConfig) -> bool:
    config = loaded.config
    return bool(
        config.auth.settings
        or config.jupyterhub
        or config.services.managed
        or isinstance(config.auth, ClassAuth)
        or config.auth.sends_people_back
        # none for a person who may not read the folder: `config_checks.list_left_out` names it
        or list_drop_ins(machine.path(paths.DROP_IN_DIR))
    )


def make_hub_problem(loaded: LoadedConfig, found: dict[str, Any]) -> Problem:
    """Return what the other process found as a problem of config.yaml or of a drop-in."""
    if "file" in found:
        file = str(paths.DROP_IN_DIR / found["file"])
        return Problem(file, found["line"], 1, "", found["problem"], found["hint"])
    return loaded.make_problem(tuple(found["place"]), found["problem"], found["hint"])


def _explain_end(loaded: LoadedConfig, done: CommandResult, running: str, seconds: float) -> Problem:
    """Return why there is no answer: the drop-in that ran at the end took too long, or ended the process."""
    frames = [found for line in done.stdout.splitlines() if (found := _FRAME.search(line))]
    took_too_long = "Timeout (" in done.stdout
    problem = f"does not finish within {seconds:g} seconds" if took_too_long else "ends the hub"
    if not running:
        return loaded.make_problem((), f"JupyterHub {problem} with these settings")
    line = next((int(found["line"]) for found in frames if found["file"] == running), 1)
    return Problem(str(paths.DROP_IN_DIR / running.rpartition("/")[2]), line, 1, "", problem)
