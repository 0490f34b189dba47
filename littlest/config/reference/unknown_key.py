"""What to say when there is no such setting. Pure."""

from littlest.config.reference.catalog import find_nearest_key
from littlest.config.reference.keys import UnknownKey
from littlest.config.reference.peer_keys import find_peer_hint
from littlest.errors import UsageError


def explain_unknown_key(unknown: UnknownKey, key: str, otherwise: str) -> UsageError:
    """Return the error that names the setting nearest to a key; where there is none, the hint is `otherwise`."""
    if hint := find_peer_hint(key):
        return UsageError(str(unknown), f"{hint[0].upper()}{hint[1:]}.")
    nearest = find_nearest_key(key)
    return UsageError(str(unknown), f"Did you mean {nearest}?" if nearest else otherwise)
