"""Which settings and drop-ins the hub starts with: the admin's, or the last known good ones when those do not work.

Those that no `littlest apply` finished with may keep the hub from starting. The hub counts such starts on disk before
it starts, so that the count survives whatever ends the command, the hub or the machine. systemd's own counter would
begin again with each manual start, and it does not know which settings a start was with.
"""

import hashlib
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
from littlest.machine.machine import Machine
from littlest.system.settings.active import read_config
from littlest.system.settings.drop_in_copies import are_drop_ins_good, read_drop_ins

TEMPLATES_DIR = Path(__file__).parent / "templates"
MOST_STARTS = 5
"""After so many starts that did not last, the hub starts with the last known good settings. More than a `littlest
apply` that waits allows (`ready.MOST_RESTARTS`): it rolls back by itself, and shows what the hub said."""
SETTLED_SECONDS = 10.0
"""How long a hub must have answered before its start counts as successful."""
REASON = "LITTLEST_DID_NOT_START"
"""The variable that tells a hub why the one that it replaces did not start."""
T = TypeVar("T")
log = logging.getLogger("littlest")


def find_refusal(machine: Machine) -> str:
    """Return why this start may not use what the admin wrote; empty when it may.

    Counts this start, unless what the admin wrote is known to work.
    """
    reason = os.environ.pop(REASON, "")
    if not is_another(machine):
        return ""
    if reason:
        return f"the hub did not start with this: {reason}"
    wanted = (machine.read_digest(paths.CONFIG_FILE), read_drop_ins(machine))
    digest = hashlib.sha256(repr(wanted).encode()).hexdigest()
    count = _read_count(machine, digest)
    if count >= MOST_STARTS:
        return f"the hub began to start with this {count} times, and ended each time; see: sudo littlest logs hub"
    try:
        machine.write_file(paths.HUB_TRIAL_FILE, f"{digest} {count + 1}\n", mode=0o600)
    except OSError as error:
        log.error("%s: %s; a start that fails is not counted", paths.HUB_TRIAL_FILE, error)
    return ""


def forget_trial(machine: Machine) -> None:
    """Count from zero again, because the hub has started."""
    try:
        machine.remove(paths.HUB_TRIAL_FILE)
    except OSError as error:
        log.error("%s stays: %s", paths.HUB_TRIAL_FILE, error)


def is_another(machine: Machine) -> bool:
    """Whether there are last known good settings, and the admin's settings or drop-ins differ from these."""
    try:
        good = machine.read_bytes(paths.LAST_GOOD_CONFIG_FILE)
        return good is not None and (machine.read_bytes(paths.CONFIG_FILE) != good or not are_drop_ins_good(machine))
    except OSError:
        return False


def _read_count(machine: Machine, digest: str) -> int:
    try:
        counted, count = (machine.read_text(paths.HUB_TRIAL_FILE) or "").split()
        return int(count) if counted == digest else 0
    except (OSError, ValueError):
        return 0


def read_config_or_last_good(
    use: Callable[[Config], T], machine: Machine, refusal: str = ""
) -> tuple[LiveSettings, T]:
    """Return the settings in the admin's file, and what `use` makes of them.

    The last known good settings take their place when the file is not valid, `use` raises LittlestError (for a secret
    that cannot be read, say), or there is a refusal and the file differs from them. If these fail too, the defaults
    do, and nobody loses rights, so that the users in the hub's database can log in. Every problem goes to the log.
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
    """Replace this process, which failed to start, by a hub with the last known good settings and drop-ins.

    Returns when that would change nothing: it was tried already, or there are no other settings. Sockets that must
    stay open must be inheritable.
    """
    if not live.refused and is_another(Machine()):
        cause = (error.__context__ or error) if isinstance(error, SystemExit) else error
        os.environ[REASON] = " ".join(str(cause).split()) or type(cause).__name__
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # there is no shell
