"""`littlest apply`: make the machine what the settings say, or go back to the settings that worked."""

from littlest import paths
from littlest.config.load import load_config
from littlest.config.model import Config
from littlest.converge import check_root, converge, read_config_text
from littlest.errors import LittlestError, NeedsAPerson
from littlest.plan.describe import find_warnings, list_first_passwords, render_first_passwords, render_step
from littlest.plan.steps import Release, Step
from littlest.report import Report
from littlest.system.apply import Progress, ignore_progress
from littlest.system.interrupts import ignore_signals, interrupt_on_signals
from littlest.system.lock import hold_lock
from littlest.system.machine import Machine
from littlest.system.releases import read_current_release
from littlest.system.settings import replace_settings

REJECTED_CONFIG_FILE = paths.CONFIG_FILE.with_name("config.yaml.rejected")
"""The settings with which the hub did not start, kept for the admin to correct."""


def run_apply(machine: Machine, *, progress: Progress = ignore_progress, release: Release | None = None) -> Report:
    """Make the machine what the settings say, and remember them as good once the hub is well.

    Raises ConfigError, with nothing touched, when they are not valid. When they cannot be put in force, for whatever
    reason or because somebody ends the command, the last good settings are put back, and LittlestError says why
    (NeedsAPerson when that is not possible).
    """
    check_root(machine)
    begun: list[str] = []

    def note(line: str) -> None:
        begun.append(line)
        progress(line)

    with hold_lock(machine):
        good = machine.read_text(paths.LAST_GOOD_CONFIG_FILE)
        text = read_config_text(machine)
        if text is None and good is not None:
            progress(f"{paths.CONFIG_FILE} is missing; putting the last good settings back")
            replace_settings(machine, good)
            text = good
        config = load_config(text or "", str(paths.CONFIG_FILE))
        release = release or read_current_release(machine)
        try:
            with interrupt_on_signals():
                steps = converge(machine, config, release, progress=note)
        except (Exception, KeyboardInterrupt) as error:
            if not begun:
                raise
            with ignore_signals():
                raise _give_up(machine, release, error, text=text, good=good, progress=progress) from error
        if text is not None and text != good:
            # not what stands in the file by now: somebody may be editing it
            machine.write_file(paths.LAST_GOOD_CONFIG_FILE, text, mode=0o600)
    return _report(steps, config)


def _give_up(
    machine: Machine,
    release: Release,
    error: BaseException,
    *,
    text: str | None,
    good: str | None,
    progress: Progress,
) -> LittlestError:
    why = error.message if isinstance(error, LittlestError) else str(error) or "it was interrupted"
    if text is None or good is None or good == text:
        hint = getattr(error, "hint", None)
        again = "Once the cause is gone: sudo littlest apply. To see what runs: sudo littlest status"
        return NeedsAPerson(
            f"the settings are in force only in part, and there are no others to go back to: {why}",
            f"{hint}\n{again}" if hint else again,
        )
    try:
        progress("the new settings could not be put in force; putting the last good ones back")
        config = load_config(good, str(paths.LAST_GOOD_CONFIG_FILE))
        machine.write_file(REJECTED_CONFIG_FILE, text, mode=0o640)
        replace_settings(machine, good)
        converge(machine, config, release, progress=progress)
    except Exception as second:
        return NeedsAPerson(
            f"the new settings could not be put in force: {why}\nNor could the last good ones be put back: {second}",
            f"Your settings are in {REJECTED_CONFIG_FILE} or still in {paths.CONFIG_FILE}. See: sudo littlest"
            " status; sudo littlest logs",
        )
    return LittlestError(
        f"the new settings could not be put in force: {why}",
        f"The hub runs again with the last good ones. Yours are kept in {REJECTED_CONFIG_FILE}: correct them, copy"
        f" them to {paths.CONFIG_FILE}, and apply again.",
    )


def _report(steps: tuple[Step, ...], config: Config) -> Report:
    sentences = [render_step(step) for step in steps]
    passwords = list_first_passwords(steps)
    warnings = find_warnings(config)
    data = {
        "changed": bool(steps),
        "steps": sentences,
        "first_passwords": passwords,
        "warnings": list(warnings),
    }
    if not steps:
        return Report(("Everything was as the settings say; nothing was changed.", *warnings), data)
    done = f"Done, in {len(steps)} step{'s' if len(steps) > 1 else ''}. The hub answers."
    return Report((done, *render_first_passwords(passwords), *warnings), data)
