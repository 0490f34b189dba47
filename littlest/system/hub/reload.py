"""Reload the hub's settings without a restart, and ask it which settings it uses."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from littlest import paths
from littlest.errors import ConfigError, LittlestError, NotReady
from littlest.machine.machine import Machine
from littlest.plan.steps import ReloadHub, RunUnit
from littlest.system.hub.api import read_command_token, render_status, send

RELOAD_SECONDS = 240.0
"""The hub answers when the servers of those who lost their rights have stopped, which may take systemd 90 seconds."""


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Which settings the running hub uses, as it says itself."""

    digest: str
    """Of the settings that it can reload, as `littlest.plan.effects` makes it."""
    started: str
    """The digest of the settings that need a restart, as it was started."""
    file: str
    """Where they come from: config.yaml, or the copy of the last known good ones; empty for the defaults."""
    problems: tuple[str, ...]
    """Why it is not config.yaml, as `file:line: key: problem`."""
    refused: bool
    """It did not start with what the admin wrote, and runs with the last good settings and drop-ins: only another
    start can change that."""
    drop_in_problems: tuple[str, ...]
    """Drop-ins that failed when the hub started, each with its place."""
    warnings: tuple[str, ...]
    """What went wrong when it reloaded them: servers that should have stopped and still run, accounts that are still
    in a Unix group. Another reload tries again."""


def read_hub_settings(machine: Machine, url: str, timeout: float = 10.0) -> HubSettings:
    """Ask the hub which settings it uses; `url` is the address of its API. Raises NotReady without an answer."""
    return _ask(machine, url, "GET", None, timeout)


def is_hub_up_to_date(machine: Machine, step: ReloadHub) -> bool:
    """Whether the hub uses these settings, and read them from config.yaml."""
    if not machine.is_live:
        return True
    try:
        found = read_hub_settings(machine, step.url)
        return _is_so(found, step) and not found.warnings
    except LittlestError:
        return False


def runs_others(machine: Machine, step: RunUnit) -> bool:
    """Whether the unit says that it was started with other settings than these: its file was put back later, or the
    hub refused it."""
    if not machine.is_live or not step.url:
        return False
    try:
        found = read_hub_settings(machine, step.url)
        return found.refused or found.started != step.digest
    except LittlestError:
        # a later step waits until it answers
        return False


def reload_hub(machine: Machine, step: ReloadHub, progress: Callable[[str], None]) -> None:
    """Let the hub reload config.yaml, lost rights included, and report its warnings to `progress`.

    Raises ConfigError with the problems when the hub finds the file invalid, and LittlestError when it did not start
    with these settings, or uses others afterwards.
    """
    found = read_hub_settings(machine, step.url)
    if not found.refused and found.started == step.started:
        meant = json.dumps({"digest": step.digest, "started": step.started}).encode()
        found = _ask(machine, step.url, "POST", meant, RELOAD_SECONDS)
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


def _ask(machine: Machine, url: str, method: str, body: bytes | None, timeout: float) -> HubSettings:
    headers = {"Authorization": f"token {read_command_token(machine)}"}
    status, content = send(f"{url}littlest/settings", method, headers, timeout, body)
    try:
        answer: Any = json.loads(content)
        if status == HTTPStatus.CONFLICT:
            raise ConfigError("\n".join(answer["problems"]), "Correct the lines named above; nothing was changed.")
        if status == HTTPStatus.OK:
            return HubSettings(
                str(answer["digest"]),
                str(answer["started"]),
                str(answer["file"]),
                _make_lines(answer["problems"]),
                answer.get("refused") is True,
                _make_lines(answer["drop_in_problems"]),
                _make_lines(answer.get("warnings", ())),
            )
    except (ValueError, KeyError, TypeError) as error:
        raise NotReady(f"the hub does not say which settings it uses: {render_status(status)}") from error
    reason = answer.get("message") if isinstance(answer, dict) else None
    raise NotReady(f"the hub did not reload its settings: {reason or render_status(status)}")


def _make_lines(found: Iterable[object]) -> tuple[str, ...]:
    return tuple(map(str, found))
