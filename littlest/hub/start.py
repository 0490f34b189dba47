"""Which configuration the hub starts with: the admin's, or the last good one when that is not valid."""

import logging
from pathlib import Path

from littlest import paths
from littlest.config.load import read_config
from littlest.config.model import Config
from littlest.errors import ConfigError, LittlestError

TEMPLATES_DIR = Path(__file__).parent / "templates"
log = logging.getLogger("littlest")


def read_config_or_last_good(
    file: Path = Path(paths.CONFIG_FILE), last_good: Path = Path(paths.LAST_GOOD_CONFIG_FILE)
) -> Config:
    """The settings in the admin's file; when they are not valid, those that were used last.

    A hub that has no good ones to fall back on starts with the defaults: then at least the people in its database can
    log in. Every problem goes to the log.
    """
    try:
        config = read_config(file)
    except LittlestError as error:
        log.error("The settings in %s are not used:\n%s\n%s", file, error.message, error.hint or "")
        return _read_last_good(last_good)
    _remember(file, last_good)
    return config


def _read_last_good(last_good: Path) -> Config:
    try:
        config = read_config(last_good)
    except (LittlestError, ConfigError) as error:
        log.error("There are no earlier settings to use either, so the defaults hold: %s", error.message)
        return Config()
    log.error("The hub goes on with the last good settings, a copy in %s.", last_good)
    return config


def _remember(file: Path, last_good: Path) -> None:
    content = file.read_bytes()
    try:
        if last_good.exists() and last_good.read_bytes() == content:
            return
        temporary = last_good.with_name(last_good.name + ".new")
        temporary.write_bytes(content)
        temporary.chmod(0o600)
        temporary.replace(last_good)
    except OSError as error:
        log.error("The settings in use cannot be kept as the last good ones: %s", error)
