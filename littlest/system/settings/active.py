"""Which settings count: those in the admin's file, the last known good ones if it is missing, or the defaults.

Everything that needs the settings reads them here, so that two commands never answer differently.
"""

import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import decode_config, load_config
from littlest.config.text.problems import InvalidConfig, Problem
from littlest.errors import ConfigError, LittlestError, NeedsRoot
from littlest.machine.machine import Machine
from littlest.machine.read_file import read_file
from littlest.system.settings.settings_file import find_real_file

Source = Literal["file", "last good", "defaults"]


@dataclass(frozen=True, slots=True)
class ActiveSettings:
    """The text of the settings that count, and where it comes from."""

    text: str
    """Empty for the defaults."""
    file: PurePosixPath
    """The file that has the text; the admin's, which is missing, for the defaults."""
    source: Source

    def load(self) -> Config:
        """Return the settings that the text gives. Raises ConfigError when it is not valid."""
        return load_config(self.text, str(self.file))


def find_active_settings(machine: Machine, *, must_be_safe: bool = True) -> ActiveSettings:
    """Return the settings that an apply would apply.

    Raises ConfigError when the file is not text, when it is a link that leads nowhere, and, with `must_be_safe`, when
    every user may change it; NeedsRoot when only root may read it, LittlestError when nobody can.
    """
    text = read_settings_text(machine, must_be_safe=must_be_safe)
    if text is not None:
        return ActiveSettings(text, paths.CONFIG_FILE, "file")
    return find_good_settings(machine) or ActiveSettings("", paths.CONFIG_FILE, "defaults")


def find_good_settings(machine: Machine) -> ActiveSettings | None:
    """Return the last known good settings; None if there are none, or their copy is not text.

    Raises NeedsRoot when only root may read them, LittlestError when nobody can.
    """
    with suppress(ConfigError):
        text = read_text_of(machine, paths.LAST_GOOD_CONFIG_FILE, str(paths.LAST_GOOD_CONFIG_FILE))
        if text is not None:
            return ActiveSettings(text, paths.LAST_GOOD_CONFIG_FILE, "last good")
    return None


def read_good_text(machine: Machine) -> str | None:
    """Return the text of the last known good settings. Returns None and raises as `find_good_settings` does."""
    good = find_good_settings(machine)
    return None if good is None else good.text


def read_good_config(machine: Machine) -> Config | None:
    """Return the last known good settings; None where there are none that you may read and this release knows."""
    with suppress(LittlestError):
        good = find_good_settings(machine)
        return None if good is None else good.load()
    return None


def read_settings_text(machine: Machine, *, must_be_safe: bool = True) -> str | None:
    """Return the text of the admin's file, None when there is none. Raises as `find_active_settings` does."""
    name = str(paths.CONFIG_FILE)
    # a link that leads nowhere is not a missing file
    text = read_text_of(machine, find_real_file(machine, paths.CONFIG_FILE), name)
    if text is not None and must_be_safe:
        check_writers(machine.path(paths.CONFIG_FILE), name)
    return text


def read_text_of(machine: Machine, path: PurePosixPath, name: str) -> str | None:
    """Return the text of any file of settings, None when there is none. `name` is the file's name in messages.

    Raises ConfigError when it is not text, NeedsRoot when only root may read it, LittlestError when nobody can.
    """
    try:
        content = machine.read_bytes(path)
    except PermissionError:
        raise NeedsRoot(f"Only root may read {name}.", "Put sudo in front of the command.") from None
    except OSError as error:
        raise LittlestError(f"{name} cannot be read: {error.strerror}.") from None
    return None if content is None else decode_config(content, name)


def read_config(path: Path) -> Config:
    """Return the settings in one file. Raises ConfigError, or LittlestError where the file cannot be read."""
    try:
        data = read_file(path)
    except OSError as error:
        raise LittlestError(f"{path} cannot be read: {error.strerror}.") from error
    check_writers(path, str(path))
    return load_config(decode_config(data, str(path)), str(path))


def check_writers(path: Path, name: str) -> None:
    """Raise InvalidConfig for a file that every user of the machine may change: they could become root.

    `name` is the file's name in messages.
    """
    with suppress(OSError):
        if path.stat().st_mode & stat.S_IWOTH:
            problem = Problem(name, 1, 1, "", "every user of this machine can change this file")
            raise InvalidConfig((problem,), f"Check that you wrote all of it, then: sudo chmod o-w {name}")
