"""A shell without the user's own files, for those whose files end it. Pure."""

from collections.abc import Mapping
from pathlib import PurePath

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "bash": ("--norc", "--noprofile"),
    "zsh": ("--no-rcs",),
    "fish": ("--no-config",),
}


def make_plain_shell(shell: str) -> list[str]:
    """Return the command of a shell that reads none of the user's files, where we know how to ask for that."""
    return [shell, *_OPTIONS.get(PurePath(shell).name, ())]
