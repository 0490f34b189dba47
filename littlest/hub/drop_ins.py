"""The admin's own JupyterHub configuration: /etc/littlest/jupyterhub_config.d/*.py, in the order of their names."""

import logging
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from traitlets.config.loader import PyFileConfigLoader

from littlest import paths

LAST_GOOD_DROP_IN_DIR = Path(paths.STATE_DIR) / "last-good-jupyterhub_config.d"
log = logging.getLogger("littlest")


def load_drop_ins(
    c: Any, folder: Path = Path(paths.DROP_IN_DIR), last_good: Path = LAST_GOOD_DROP_IN_DIR
) -> dict[str, bytes]:
    """Run every drop-in on the configuration `c`, as JupyterHub runs a configuration file of its own.

    For one that fails its last good version is used, and where there is none, nothing of it: a typing error must
    neither keep a class from logging in nor undo what the file said before. The log says what failed and where.
    Hands back the content of those that ran, to be kept once the hub has started with them.
    """
    ran = {}
    for file in sorted(folder.glob("*.py")):
        kept = last_good / file.name
        settings = _try(file)
        if settings is not None:
            ran[file.name] = file.read_bytes()
        elif kept.exists():
            log.error("%s is not used; its last good version is tried, a copy in %s", file, kept)
            settings = _try(kept)
        if settings is None:
            log.error("%s is not used", file)
        else:
            c.merge(settings)
    return ran


def keep_drop_ins(ran: Mapping[str, bytes], last_good: Path = LAST_GOOD_DROP_IN_DIR) -> None:
    """Keep the drop-ins with which the hub has started, as the last good ones."""
    for name, content in ran.items():
        _keep(content, last_good / name)


def _try(file: Path) -> Any | None:
    try:
        return PyFileConfigLoader(file.name, path=str(file.parent)).load_config()
    except (Exception, SystemExit) as error:  # whatever an admin's file raises
        log.error("%s: %s: %s", _find_place(file, error), type(error).__name__, error)
        return None


def _find_place(file: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{file}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file}:{frames[-1].lineno}" if frames else str(file)


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
