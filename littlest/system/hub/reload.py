"""Reload the hub's settings without a restart, and ask it which settings it uses."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from littlest import paths
from littlest.errors import ConfigError, LittlestError, NotReady
from littlest.machine.machine import Machine
from littlest.plan.steps import ReloadHub, RunUnit
from littlest.system.hub.api import Answer, HubApi
from littlest.system.settings.drop_in_copies import make_drop_in_digest, read_drop_ins

RELOAD_SECONDS = 240.0
"""The hub answers when the servers of users who lost their rights have stopped, which may take systemd 90 seconds."""
_PATH = "littlest/settings"


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Which settings the running hub uses, in its own words."""

    digest: str
    """Of the settings that it can reload, as `littlest.plan.effects` makes it."""
    started: str
    """The digest of the settings that need a restart, as they were when it started."""
    started_drop_ins: str
    """The digest of the drop-ins, as they were then."""
    file: str
    """Where they come from: config.yaml, or the copy of the last known good ones; empty for the defaults."""
    problems: tuple[str, ...]
    """Why it is not config.yaml, as `file:line: key: problem`."""
    refused: bool
    """It did not start with what the admin wrote, and runs with the last known good settings and drop-ins. Only
    another start can change that."""
    drop_in_problems: tuple[str, ...]
    """Drop-ins that failed when the hub started, each with its place."""
    warnings: tuple[str, ...]
    """Rights that it could not take away yet, such as servers that still run. Another reload tries again."""


def read_hub_settings(api: HubApi) -> HubSettings:
    """Ask the hub which settings it uses. Raises NotReady without an answer."""
    return _parse(api.send("GET", _PATH))


def is_hub_up_to_date(machine: Machine, step: ReloadHub) -> bool:
    """Whether the hub uses these settings, and read them from config.yaml."""
    if not machine.is_live:
        return True
    found = _look(machine, step.url)
    return found is not None and _is_so(found, step) and not found.warnings


def runs_others(machine: Machine, step: RunUnit) -> bool:
    """Whether the unit was started with other settings or drop-ins than these, as it says itself: they were restored
    later, or the hub refused them. A hub that does not answer is left to the step that waits for it.
    """
    found = _look(machine, step.url) if machine.is_live and step.url else None
    if found is None or found.refused:
        return found is not None
    wanted = (step.digest, make_drop_in_digest(read_drop_ins(machine)))
    return (found.started, found.started_drop_ins) != wanted


def _look(machine: Machine, url: str) -> HubSettings | None:
    try:
        return read_hub_settings(HubApi(machine, url))
    except LittlestError:
        return None


def reload_hub(machine: Machine, step: ReloadHub, progress: Callable[[str], None]) -> None:
    """Let the hub reload config.yaml, lost rights included, and report its warnings to `progress`.

    Raises ConfigError with the problems when the hub finds the file invalid, and LittlestError when it did not start
    with these settings, or uses others afterwards.
    """
    api = HubApi(machine, step.url)
    found = read_hub_settings(api)
    if not found.refused and found.started == step.started:
        meant = json.dumps({"digest": step.digest, "started": step.started}).encode()
        found = _parse(api.send("POST", _PATH, body=meant, seconds=RELOAD_SECONDS))
        for line in found.warnings:
            progress(f"Warning: {line}")
        if _is_so(found, step):
            return
    why = (*found.problems, *(found.drop_in_problems if found.refused else ()))
    if why:
        lines = "\n".join(("the hub runs with the last known good settings instead of these", *why))
        raise LittlestError(lines, "See the whole log: sudo littlest logs hub")
    raise LittlestError(
        f"{paths.CONFIG_FILE} was changed again before the hub had read it", "Run it again: sudo littlest apply"
    )


def _is_so(found: HubSettings, step: ReloadHub) -> bool:
    wanted = (step.digest, step.started, str(paths.CONFIG_FILE))
    return not found.refused and (found.digest, found.started, found.file) == wanted


def _parse(answer: Answer) -> HubSettings:
    data = answer.data
    try:
        if answer.status == HTTPStatus.CONFLICT:
            raise ConfigError("\n".join(data["problems"]), "Correct the lines named above; nothing was changed.")
        if answer.status == HTTPStatus.OK:
            digest, started, drop_ins, file = (
                str(data[name]) for name in ("digest", "started", "started_drop_ins", "file")
            )
            problems, drop_in_problems, warnings = (
                tuple(map(str, data[name])) for name in ("problems", "drop_in_problems", "warnings")
            )
            is_refused = data["refused"] is True
            return HubSettings(digest, started, drop_ins, file, problems, is_refused, drop_in_problems, warnings)
    except (KeyError, TypeError) as error:
        raise NotReady(f"the hub does not say which settings it uses: {answer.phrase}") from error
    raise NotReady(f"the hub did not reload its settings: {answer.reason}")
