"""Which configuration the hub starts with: the admin's, or the last known good one when that is not valid."""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from littlest import paths
from littlest.config.model import Config
from littlest.errors import LittlestError
from littlest.hub.live import LiveSettings, live
from littlest.hub.trial import REASON, is_another
from littlest.machine.machine import Machine
from littlest.system.settings.active import read_config

TEMPLATES_DIR = Path(__file__).parent / "templates"
T = TypeVar("T")
log = logging.getLogger("littlest")


def read_config_or_last_good(
    use: Callable[[Config], T], machine: Machine, refusal: str = ""
) -> tuple[LiveSettings, T]:
    """The settings in the admin's file, and what `use` makes of them.

    The last ones that `littlest apply` saw working take its place where the file is not valid, `use` raises
    LittlestError (for a secret that cannot be read, say), or there is a refusal and the file says something else than
    they. Where there are none either, the defaults do, and nobody's rights are taken away, so that at least the
    people in the hub's database can log in. Every problem goes to the log.
    """
    file, last_good = machine.path(paths.CONFIG_FILE), machine.path(paths.LAST_GOOD_CONFIG_FILE)
    try:
        config = read_config(file)
        if refusal and machine.read_bytes(paths.CONFIG_FILE) != machine.read_bytes(paths.LAST_GOOD_CONFIG_FILE):
            raise LittlestError(f"{file}: {refusal}")
        return LiveSettings(config, str(file)), use(config)
    except LittlestError as error:
        log.error("The settings in %s are not used:\n%s\n%s", file, error.message, error.hint or "")
        problems = tuple(error.message.splitlines())
    try:
        config = read_config(last_good)
        made = use(config)
    except LittlestError as error:
        log.error("There are no earlier settings either, so the defaults are used: %s", error.message)
        return LiveSettings(Config(), problems=problems), use(Config())
    log.error("The hub uses the last known good settings, a copy in %s.", last_good)
    return LiveSettings(config, str(last_good), problems=problems), made


def restart_with_last_good(error: BaseException) -> None:
    """Replace this process by a hub with the last good settings and drop-ins, because it failed to start with what
    the admin wrote.

    Returns when that would change nothing: it was tried already, or there are no other settings. Sockets that must
    stay open must be inheritable.
    """
    if not live.refused and is_another(Machine()):
        cause = (error.__context__ or error) if isinstance(error, SystemExit) else error
        os.environ[REASON] = " ".join(str(cause).split()) or type(cause).__name__
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # there is no shell
