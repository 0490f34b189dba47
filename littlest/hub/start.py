"""Which configuration the hub starts with: the admin's, or the last good one when that is not valid."""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from littlest import paths
from littlest.config.load import read_config
from littlest.config.model import Config
from littlest.errors import LittlestError
from littlest.hub.live import LiveSettings, live
from littlest.plan.effects import make_restart_digest

TEMPLATES_DIR = Path(__file__).parent / "templates"
T = TypeVar("T")
log = logging.getLogger("littlest")
REASON = "LITTLEST_DID_NOT_START"
"""In the environment of a hub that takes the place of one that did not start: what kept it from that."""


def read_config_or_last_good(
    use: Callable[[Config], T],
    file: Path = Path(paths.CONFIG_FILE),
    last_good: Path = Path(paths.LAST_GOOD_CONFIG_FILE),
) -> tuple[LiveSettings, T]:
    """The settings in the admin's file, and what `use` makes of them.

    Where the file is not valid, or `use` raises LittlestError (for a secret that cannot be read, say), the last ones
    that `littlest apply` saw working take its place. Where there are none either, the defaults do, and nobody's
    rights are taken away, so that at least the people in the hub's database can log in. Every problem goes to the
    log.
    """
    refused = ""
    try:
        config = read_config(file)
        if REASON in os.environ:
            refused = make_restart_digest(config)
            raise LittlestError(f"{file}: the hub did not start with these settings: {os.environ.pop(REASON)}")
        return LiveSettings(config, str(file)), use(config)
    except LittlestError as error:
        log.error("The settings in %s are not used:\n%s\n%s", file, error.message, error.hint or "")
        problems = tuple(error.message.splitlines())
    try:
        config = read_config(last_good)
        made = use(config)
    except LittlestError as error:
        log.error("There are no earlier settings to use either, so the defaults hold: %s", error.message)
        return LiveSettings(Config(), problems=problems, refused=refused), use(Config())
    log.error("The hub goes on with the last good settings, a copy in %s.", last_good)
    return LiveSettings(config, str(last_good), problems=problems, refused=refused), made


def start_anew_with_last_good(
    error: BaseException, file: Path = Path(paths.CONFIG_FILE), last_good: Path = Path(paths.LAST_GOOD_CONFIG_FILE)
) -> None:
    """Let a hub with the last good settings take this process's place, because it does not start with the file's.

    Returns where that would change nothing: it was tried, or there are no others. Sockets that shall stay open must
    be inheritable.
    """
    try:
        is_another = file.read_bytes() != last_good.read_bytes()
    except OSError:
        is_another = False
    if live.file == str(file) and is_another:
        os.environ[REASON] = str(error.__context__ or error) if isinstance(error, SystemExit) else str(error)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # there is no shell
