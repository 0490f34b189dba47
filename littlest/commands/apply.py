"""`littlest apply`: make the machine what the settings say, or go back to the settings that worked."""

from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.load import load_config
from littlest.config.model import Config
from littlest.converge import check_root, converge, read_config_text
from littlest.errors import LittlestError, NeedsAPerson
from littlest.plan.describe import render_step
from littlest.plan.steps import Release, Step
from littlest.report import Report
from littlest.system.apply import Progress, ignore_progress
from littlest.system.lock import hold_lock
from littlest.system.machine import Machine
from littlest.system.releases import read_current_release

REJECTED_CONFIG_FILE = paths.CONFIG_FILE.with_name("config.yaml.rejected")
"""The settings with which the hub did not start, kept for the admin to correct."""


def run_apply(machine: Machine, *, progress: Progress = ignore_progress, release: Release | None = None) -> Report:
    """Make the machine what the settings say, and remember them as good once the hub answers.

    Raises ConfigError, with nothing touched, when they are not valid. When the hub does not come up with them, the
    last good settings are put back, and LittlestError says why (NeedsAPerson when the hub does not come up with
    those either).
    """
    check_root(machine)
    with hold_lock(machine):
        good = machine.read_text(paths.LAST_GOOD_CONFIG_FILE)
        text = read_config_text(machine)
        if text is None and good is not None:
            progress(f"{paths.CONFIG_FILE} is missing; putting the last good settings back")
            machine.write_file(paths.CONFIG_FILE, good, mode=0o640)
            text = good
        config = load_config(text or "", str(paths.CONFIG_FILE))
        release = release or read_current_release(machine)
        try:
            steps = converge(machine, config, release, progress=progress)
        except LittlestError as error:
            if text is None or good is None or good == text:
                raise
            raise _go_back(machine, release, error, text=text, good=good, progress=progress) from error
        if text is not None and text != good:
            machine.write_file(paths.LAST_GOOD_CONFIG_FILE, text, mode=0o600)
    return _report(steps)


def _go_back(
    machine: Machine, release: Release, error: LittlestError, *, text: str, good: str, progress: Progress
) -> LittlestError:
    progress("the hub did not come up with the new settings; putting the last good ones back")
    try:
        config: Config = load_config(good, str(paths.LAST_GOOD_CONFIG_FILE))
        machine.write_file(REJECTED_CONFIG_FILE, text, mode=0o640)
        machine.write_file(paths.CONFIG_FILE, good, mode=0o640)
        converge(machine, config, release, progress=progress)
    except LittlestError as second:
        return NeedsAPerson(
            f"{error.message}\nThe last good settings were put back, but the hub did not come up with them either:"
            f" {second.message}",
            f"Your settings are in {REJECTED_CONFIG_FILE}. See: sudo littlest status; sudo littlest logs",
        )
    return LittlestError(
        f"the hub did not come up with the new settings: {error.message}",
        f"It runs again with the last good ones. Yours are kept in {REJECTED_CONFIG_FILE}: correct them, copy them"
        f" to {Path(paths.CONFIG_FILE)}, and apply again.",
    )


def _report(steps: tuple[Step, ...]) -> Report:
    sentences = [render_step(step) for step in steps]
    data = {"changed": bool(steps), "steps": sentences}
    if not steps:
        return Report(("Everything was as the settings say; nothing was changed.",), data)
    return Report((f"Done, in {len(steps)} step{'s' if len(steps) > 1 else ''}. The hub answers.",), data)
