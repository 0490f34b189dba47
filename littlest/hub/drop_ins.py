"""The admin's own JupyterHub configuration: /etc/littlest/jupyterhub_config.d/*.py, in the order of their names."""

import ast
import logging
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets.config.loader import PyFileConfigLoader

from littlest import paths
from littlest.hub.merge import merge_settings
from littlest.system.drop_ins import list_drop_ins

LAST_GOOD_DROP_IN_DIR = Path(paths.STATE_DIR) / "last-good-jupyterhub_config.d"
log = logging.getLogger("littlest")


def load_drop_ins(
    c: Any, folder: Path = Path(paths.DROP_IN_DIR), last_good: Path = LAST_GOOD_DROP_IN_DIR
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Run every drop-in on the configuration `c`, as JupyterHub runs a configuration file of its own.

    For one that fails its last good version is used, and where there is none, nothing of it: a typing error must
    neither keep a class from logging in nor undo what the file said before. The log says what failed and where.
    Hands back the content of those that ran, to be kept once the hub has started with them, and a line for each that
    failed.
    """
    ran, problems = {}, []
    for file in list_drop_ins(folder):
        kept = last_good / file.name
        settings, problem = _try(file)
        if problem:
            problems.append(problem)
        if settings is not None:
            ran[file.name] = file.read_bytes()
        elif kept.exists():
            log.error("%s is not used; its last good version is tried, a copy in %s", file, kept)
            settings, _problem = _try(kept)
        if settings is None:
            log.error("%s is not used", file)
        else:
            merge_settings(c, settings)
    return ran, tuple(problems)


def keep_drop_ins(ran: Mapping[str, bytes], last_good: Path = LAST_GOOD_DROP_IN_DIR) -> None:
    """Keep the drop-ins with which the hub has started, as the last good ones."""
    for name, content in ran.items():
        _keep(content, last_good / name)


def run_drop_in(file: Path) -> Any:
    """Run one drop-in, and return the `c` of its own that it filled. Whatever the file raises goes through."""
    return PyFileConfigLoader(file.name, path=str(file.parent)).load_config()


def describe_failure(file: Path, error: BaseException) -> tuple[int, str]:
    """Return the line of a drop-in that failed, and what it failed with."""
    if isinstance(error, SyntaxError) and error.filename in (None, str(file)):
        return error.lineno or 1, f"{type(error).__name__}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    said = str(error)
    if isinstance(error, SystemExit):
        return (lines or [1])[-1] or 1, "it ends the hub (SystemExit)"
    return (lines or [1])[-1] or 1, f"{type(error).__name__}: {said}" if said else type(error).__name__


def find_line(file: Path, name: str, trait: str) -> int:
    """Return the line in which a drop-in sets a trait of a class (or, without a trait, names the class); 1 where that
    cannot be told."""
    names = f"{name}.{trait}" if trait else name
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Attribute) and f".{ast.unparse(node)}".endswith(f".{names}"):
            return node.lineno
    return 1


def _try(file: Path) -> tuple[Any | None, str]:
    try:
        return run_drop_in(file), ""
    except (Exception, SystemExit) as error:  # whatever an admin's file raises
        line, said = describe_failure(file, error)
        problem = f"{file}:{line}: {said}"
        log.error("%s", problem)
        return None, problem


def _keep(content: bytes, kept: Path) -> None:
    try:
        if not kept.exists() or kept.read_bytes() != content:
            kept.parent.mkdir(mode=0o700, exist_ok=True)
            temporary = kept.with_name(kept.name + ".new")
            temporary.write_bytes(content)
            temporary.chmod(0o600)
            temporary.replace(kept)
    except OSError as error:
        log.error("%s cannot be kept as the last good version: %s", kept, error)
