"""The settings that the hub has in force. What may change while it runs is asked for here at the moment of use."""

from dataclasses import dataclass, field

from littlest import paths
from littlest.config.model import Config


@dataclass
class LiveSettings:
    """The settings in force, where they came from, and what is wrong with those that are not in force."""

    config: Config = field(default_factory=Config)
    file: str = ""
    """config.yaml, or the copy of the last good settings; empty where the defaults hold."""
    problems: tuple[str, ...] = ()
    """Why it is not config.yaml: a line for each problem."""
    started: str = ""
    """Digest of the settings that the hub was started with, of those that it takes up at its start only."""
    refused: bool = False
    """The hub did not start with what the admin wrote, and was started with the last good settings and drop-ins."""
    drop_in_problems: tuple[str, ...] = ()
    """Drop-ins that failed when the hub started, each with its place."""
    unfinished: tuple[str, ...] = ()
    """What could not be taken away from users who no longer may, and is tried again at the next reload or start."""
    removed: frozenset[str] = frozenset()
    """Users who were named in the settings once and are no longer: they may not log in."""

    forgotten: tuple[str, ...] = ()
    """What the hub no longer knew when it started, and so had to take away from users to be safe."""

    def is_as_wanted(self) -> bool:
        """Whether everything that the admin wrote is in force."""
        return self.file == str(paths.CONFIG_FILE) and not self.drop_in_problems


live = LiveSettings()
"""Of this process, which is one hub."""
