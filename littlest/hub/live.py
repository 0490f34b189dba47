"""The settings that the hub uses now. Read what may change while the hub runs from here, each time you use it."""

from dataclasses import dataclass, field

from littlest import paths
from littlest.config.model import Config


@dataclass
class LiveSettings:
    """The settings in use, the file they came from, and the problems of settings that were not applied."""

    config: Config = field(default_factory=Config)
    file: str = ""
    """config.yaml, or the copy of the last known good settings; empty when the defaults are used."""
    problems: tuple[str, ...] = ()
    """Why the file is not config.yaml: one line for each problem."""
    started: str = ""
    """Digest of the settings that need a restart, as they were when the hub started."""
    started_drop_ins: str = ""
    """Digest of the drop-ins, as they were then."""
    refused: bool = False
    """The hub runs with the last known good settings and drop-ins, because it did not start with the admin's."""
    drop_in_problems: tuple[str, ...] = ()
    """Drop-ins that failed when the hub started, each with its file and line."""
    unfinished: tuple[str, ...] = ()
    """Rights that the hub could not take away yet, one line each; the next reload or start tries again."""
    removed: frozenset[str] = frozenset()
    """Users who were named in the settings before and no longer are: they may not log in."""
    forgotten: tuple[str, ...] = ()
    """Rights that the hub took away at its start to be safe, because its memory of users was damaged."""

    def is_as_wanted(self) -> bool:
        """Whether everything that the admin wrote is in use."""
        return self.file == str(paths.CONFIG_FILE) and not self.drop_in_problems

    def replace(self, config: Config) -> Config:
        """Use these settings of config.yaml from now on, and return those from before.

        Announcement, limits and folders follow at once. Rights do not: call `littlest.hub.rights.enforce.enforce`
        next, and until it has finished, `unfinished` says so.
        """
        before, self.config = self.config, config
        self.file, self.problems, self.forgotten = str(paths.CONFIG_FILE), (), ()
        self.unfinished = ("the hub has not finished applying the users of these settings",)
        return before


live = LiveSettings()
"""The settings of this process, which has one hub."""
