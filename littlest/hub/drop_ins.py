"""The admin's own JupyterHub configuration: /etc/littlest/jupyterhub_config.d/*.py, in the order of their names."""

import ast
import logging
import signal
import traceback
from pathlib import Path
from typing import Any

from traitlets.config.loader import PyFileConfigLoader

from littlest import paths
from littlest.hub.merge import merge_settings
from littlest.machine.machine import Machine
from littlest.system.settings.drop_in_copies import are_drop_ins_good, list_drop_ins

SECONDS = 30
"""How long a drop-in may take, as before it is applied."""
log = logging.getLogger("littlest")


def load_drop_ins(c: Any, machine: Machine, refusal: str = "") -> tuple[str, ...]:
    """Run every drop-in on the configuration `c`, as JupyterHub runs a configuration file of its own.

    In the place of a drop-in that fails, its last known good version is used, or nothing where there is none: a
    typing error must neither keep a class from logging in nor undo what the file said before. With a refusal, all of
    them come from the last known good ones. Returns a line for each that failed; the log has more.
    """
    problems = []
    folder, last_good = machine.path(paths.DROP_IN_DIR), machine.path(paths.LAST_GOOD_DROP_IN_DIR)
    if refusal and not are_drop_ins_good(machine):
        problems.append(f"{folder}: {refusal}")
        log.error("%s\nThe hub uses the last known good ones, copies in %s.", problems[-1], last_good)
        folder = last_good
    for file in list_drop_ins(folder):
        kept = last_good / file.name
        settings, problem = _try(file)
        if problem:
            problems.append(problem)
        if settings is None and kept != file and kept.exists():
            log.error("%s is not used; the hub tries its last known good version, a copy in %s", file, kept)
            settings, _problem = _try(kept)
        if settings is None:
            log.error("%s is not used", file)
        else:
            merge_settings(c, settings)
    return tuple(problems)


def run_drop_in(file: Path) -> Any:
    """Run one drop-in, and return its own `c`. Whatever the file raises goes through."""
    return PyFileConfigLoader(file.name, path=str(file.parent)).load_config()


def describe_failure(file: Path, error: BaseException) -> tuple[int, str]:
    """Return the line of a drop-in that failed, and what it failed with."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    if isinstance(error, SyntaxError) and error.filename in (None, str(file)):
        lines.append(error.lineno)
    is_end = isinstance(error, SystemExit)
    said = "it ends the hub (SystemExit)" if is_end else traceback.format_exception_only(error)[-1].strip()
    return (lines or [1])[-1] or 1, said


def find_line(file: Path, name: str, trait: str) -> int:
    """Return the line in which a drop-in sets a trait of a class, or names the class; 1 where no line does."""
    names = f"{name}.{trait}" if trait else name
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Attribute) and f".{ast.unparse(node)}".endswith(f".{names}"):
            return node.lineno
    return 1


def _try(file: Path) -> tuple[Any | None, str]:
    """Return what a drop-in sets, or what it failed with. Only for the process's first thread, which gets signals."""

    def end(_number: int, _frame: object) -> None:
        raise TimeoutError(f"does not finish within {SECONDS:g} seconds")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        return run_drop_in(file), ""
    except (Exception, SystemExit) as error:  # whatever an admin's file raises
        line, said = describe_failure(file, error)
        problem = f"{file}:{line}: {said}"
        log.error("%s", problem)
        return None, problem
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
