"""Which configuration the hub starts with: the admin's, or the last good one when that is not valid."""

import logging
from pathlib import Path

from littlest import paths
from littlest.config.load import read_config
from littlest.config.model import Config
from littlest.errors import LittlestError

TEMPLATES_DIR = Path(__file__).parent / "templates"
log = logging.getLogger("littlest")


def read_config_or_last_good(
    file: Path = Path(paths.CONFIG_FILE), last_good: Path = Path(paths.LAST_GOOD_CONFIG_FILE)
) -> Config | None:
    """The settings in the admin's file; when they are not valid, the last ones that `littlest apply` saw working.

    None where there are neither: the hub then starts with the defaults, and takes nobody's rights away, so that at
    least the people in its database can log in. Every problem goes to the log.
    """
    try:
        return read_config(file)
    except LittlestError as error:
        log.error("The settings in %s are not used:\n%s\n%s", file, error.message, error.hint or "")
    try:
        config = read_config(last_good)
    except LittlestError as error:
        log.error("There are no earlier settings to use either, so the defaults hold: %s", error.message)
        return None
    log.error("The hub goes on with the last good settings, a copy in %s.", last_good)
    return config
