"""`littlest config help` and `littlest config schema`: what can be set."""

from littlest.config.explain import render_help
from littlest.config.keys import UnknownKey
from littlest.config.schema import render_schema
from littlest.config.settings import find_nearest_key
from littlest.errors import UsageError
from littlest.report import Report


def run_help(key: str | None) -> Report:
    """What a setting is for and takes; every group without a key. Raises UsageError for an unknown key."""
    try:
        text = render_help(key or "")
    except UnknownKey as unknown:
        nearest = find_nearest_key(unknown.key)
        hint = f"Did you mean {nearest}?" if nearest else "`littlest config help` lists every group."
        raise UsageError(str(unknown), hint) from None
    return Report(tuple(text.splitlines()), {"key": key or "", "help": text})


def run_schema() -> Report:
    """The JSON schema of the file."""
    return Report(lines=tuple(render_schema().splitlines()))
