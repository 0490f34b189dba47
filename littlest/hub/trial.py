"""What the hub was never seen well with, because no `littlest apply` finished with it, and how often it tried.

The hub keeps the count itself, before it starts, so that it holds whatever ended the command, the hub or the machine.
After a few starts of which none lasted it takes the last known good settings and drop-ins instead.
"""

import hashlib
import json
import logging
import os

from littlest import paths
from littlest.machine.machine import Machine
from littlest.system.settings.drop_in_copies import are_drop_ins_good, read_drop_ins

MOST_STARTS = 5
"""So many starts may end before they have lasted; the next one is with the last good settings. More than a `littlest
apply` that waits lets pass (`ready.MOST_RESTARTS`): it goes back by itself, and shows what the hub said."""
SETTLED_SECONDS = 10.0
"""A hub that has answered for so long has started."""
REASON = "LITTLEST_DID_NOT_START"
"""In the environment of a hub that takes the place of one that did not start: what kept it from that."""
log = logging.getLogger("littlest")


def find_refusal(machine: Machine) -> str:
    """Why this start is not to be with what the admin wrote, but with what is known to work; empty where it may be.

    Counts this start, unless it is with what is known to work anyway.
    """
    reason = os.environ.pop(REASON, "")
    if not is_another(machine):
        return ""
    if reason:
        return f"the hub did not start with this: {reason}"
    digest = _make_digest(machine)
    count = _read_count(machine, digest)
    if count >= MOST_STARTS:
        return f"the hub began to start with this {count} times, and ended each time; see: sudo littlest logs hub"
    try:
        machine.write_file(paths.HUB_TRIAL_FILE, json.dumps({"digest": digest, "starts": count + 1}), mode=0o600)
    except OSError as error:
        log.error("%s: %s; a start that fails is not counted", paths.HUB_TRIAL_FILE, error)
    return ""


def forget_trial(machine: Machine) -> None:
    """Begin to count again: the hub has started, or somebody who is there tries again."""
    try:
        machine.remove(paths.HUB_TRIAL_FILE)
    except OSError as error:
        log.error("%s stays: %s", paths.HUB_TRIAL_FILE, error)


def is_another(machine: Machine) -> bool:
    """Whether there are last good settings, and what the admin wrote differs from them or from their drop-ins."""
    try:
        good = machine.read_bytes(paths.LAST_GOOD_CONFIG_FILE)
        return good is not None and (machine.read_bytes(paths.CONFIG_FILE) != good or not are_drop_ins_good(machine))
    except OSError:
        return False


def _make_digest(machine: Machine) -> str:
    digest = hashlib.sha256(machine.read_digest(paths.CONFIG_FILE).encode())
    for name, content in read_drop_ins(machine).items():
        digest.update(f"\n{name} {hashlib.sha256(content).hexdigest()}".encode())
    return digest.hexdigest()


def _read_count(machine: Machine, digest: str) -> int:
    """How many starts with this were begun of which none lasted."""
    try:
        said = json.loads(machine.read_text(paths.HUB_TRIAL_FILE) or "{}")
        return int(said["starts"]) if said["digest"] == digest else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0
