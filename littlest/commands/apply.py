"""`littlest apply`: make the machine what the settings say, or go back to the settings that worked."""

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.converge import (
    converge,
    find_differences,
    find_outlook,
    find_too_much_in_use,
    find_warnings,
)
from littlest.errors import ConfigError, LittlestError
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.machine.signals import ignore_signals, interrupt_on_signals
from littlest.plan.changes import Outlook, find_changes, render_outlook
from littlest.plan.describe import list_first_passwords, make_step_data, render_first_passwords
from littlest.plan.login import list_login_addresses, render_login_addresses
from littlest.plan.steps import Release, Step
from littlest.report import Report
from littlest.system.apply_plan import Progress, ignore_progress
from littlest.system.config_checks import load_checked_config
from littlest.system.releases.current import read_current_release
from littlest.system.settings.active import find_active_settings, read_good_text
from littlest.system.settings.drop_in_copies import keep_drop_ins, read_drop_ins
from littlest.system.settings.revisions import (
    add_entry,
    find_entry_to_go_back_to,
    find_person,
    read_entry_text,
    read_newest_text,
)
from littlest.system.settings.settings_file import (
    close_settings,
    find_real_file,
    keep_copy,
    replace_settings,
)
from littlest.transaction import Attempt, go_back, take_unfinished


def run_apply(machine: Machine, *, progress: Progress = ignore_progress, release: Release | None = None) -> Report:
    """Make the machine what the settings say, and remember them as good once the hub is well.

    Raises ConfigError, with nothing touched, when they are not valid. When they cannot be put in force, for whatever
    reason or because somebody ends the command, the last good settings are put back, and LittlestError says why
    (NeedsAPerson when that is not possible).
    """
    check_root(machine)
    with hold_lock(machine):
        settings = find_active_settings(machine)
        config = _load(machine, settings.text, str(settings.file), can_go_back=True)
        if settings.source == "last good":
            progress(f"{paths.CONFIG_FILE} is missing; putting the last good settings back")
            replace_settings(machine, settings.text)
        if close_settings(machine):
            progress(
                f"every user of this machine could read the secrets in {paths.CONFIG_FILE}; it is closed to them"
            )
        text = None if settings.source == "defaults" else settings.text
        attempt = Attempt(text, read_good_text(machine))
        return _put_in_force(machine, release, config, attempt, how="apply", progress=progress)


def run_rollback(
    machine: Machine, number: int | None, *, progress: Progress = ignore_progress, release: Release | None = None
) -> Report:
    """Put earlier settings back in the file and in force: those of an entry of the history; without a number those in
    force, where the file is not what they are, or else those before them.

    What stood in the file is kept as a copy, unless the history has it. Raises UsageError when there is no such
    entry, ConfigError, with nothing touched, when its settings are not valid any more, and else as `run_apply` does.
    """
    check_root(machine)
    with hold_lock(machine):
        if number is None:
            number = find_entry_to_go_back_to(machine, read_good_text(machine))
        text = read_entry_text(machine, number)
        config = _load(machine, text, f"settings {number} of the history")
        # a link that leads nowhere is refused before anything is touched
        find_real_file(machine, paths.CONFIG_FILE)
        saved = keep_copy(machine, text)
        attempt = Attempt(text, read_good_text(machine), is_rollback=True, saved=saved)
        report = _put_in_force(machine, release, config, attempt, how=f"rollback {number}", progress=progress)
    back = f"The settings are those of entry {number} again."
    kept = (f"What stood in {paths.CONFIG_FILE} is kept in {saved}.",) if saved else ()
    data = {**report.data, "entry": number, "saved": None if saved is None else str(saved)}
    return Report((back, *report.lines, *kept), data)


def _load(machine: Machine, text: str, name: str, *, can_go_back: bool = False) -> Config:
    try:
        return load_checked_config(machine, text, name)
    except InvalidConfig as error:
        advice = " Or go back: sudo littlest config rollback" if can_go_back and _is_good_valid(machine, text) else ""
        raise InvalidConfig(error.problems, f"{error.hint} Nothing was changed.{advice}") from None


def _is_good_valid(machine: Machine, text: str) -> bool:
    """Whether the last good settings are others, and have not become invalid by something that is gone or broken."""
    good = read_good_text(machine)
    if good is None or good == text:
        return False
    try:
        load_checked_config(machine, good, "the last good settings")
    except ConfigError:
        return False
    return True


def _put_in_force(
    machine: Machine,
    release: Release | None,
    config: Config,
    attempt: Attempt,
    *,
    how: str,
    progress: Progress,
) -> Report:
    release = release or read_current_release(machine)
    has_begun = attempt.is_rollback
    drop_ins = read_drop_ins(machine)

    def note(line: str) -> None:
        nonlocal has_begun
        has_begun = True
        progress(line)

    with ignore_signals():
        try:
            with interrupt_on_signals():
                if attempt.is_rollback:
                    progress(f"put the earlier settings back in {paths.CONFIG_FILE}")
                    replace_settings(machine, attempt.text or "")
                outlook = find_outlook(machine, config, find_differences(machine, config, release))
                # that servers use too much is said before anything of theirs is ended
                for line in (*render_outlook(outlook), *find_too_much_in_use(machine, config)):
                    progress(line)
                steps = converge(machine, config, release, progress=note)
            if attempt.text is not None:
                keep_drop_ins(machine, drop_ins)
            # the text that was read: not what stands in the file by now, which somebody may be editing
            if attempt.text is not None and attempt.text != attempt.good:
                machine.write_file(paths.LAST_GOOD_CONFIG_FILE, attempt.text, mode=0o600)
        except (Exception, KeyboardInterrupt) as error:
            if not has_begun:
                raise
            raise go_back(machine, release, error, attempt, progress) from error
        # nothing that goes wrong from here on takes the settings out of force again
        notes = () if attempt.text is None else _remember(machine, config, attempt.text, how)
        notes += take_unfinished(machine)
    return _report(steps, outlook, (*_find_warnings(machine, config), *notes), config)


def _find_warnings(machine: Machine, config: Config) -> tuple[str, ...]:
    try:
        return find_warnings(machine, config)
    except (OSError, LittlestError) as error:
        return (f"Warning: the settings are in force, but could not be looked at for more to be said: {error}",)


def _remember(machine: Machine, config: Config, text: str, how: str) -> tuple[str, ...]:
    """Let settings that are in force be the newest of the history; a sentence where that is not possible."""
    try:
        # also when an earlier run was ended before it
        if (before := read_newest_text(machine)) != text:
            add_entry(machine, text, who=find_person(), how=how, changed=_list_changed_keys(before, config))
    except (OSError, ValueError, LittlestError) as error:
        return (f"Warning: the settings are in force, but could not be put into the history: {error}",)
    return ()


def _list_changed_keys(before: str | None, config: Config) -> tuple[str, ...]:
    try:
        return () if before is None else tuple(change.key for change in find_changes(load_config(before, ""), config))
    except LittlestError:
        # those of an earlier release, which this one does not understand
        return ()


def _report(steps: tuple[Step, ...], outlook: Outlook, warnings: tuple[str, ...], config: Config) -> Report:
    passwords = list_first_passwords(steps)
    data = {
        "changed": bool(steps),
        **outlook.make_data(),
        "steps": make_step_data(steps),
        "first_passwords": passwords,
        "login_addresses": list_login_addresses(config),
        "warnings": list(warnings),
    }
    if not steps:
        return Report(("Everything was as the settings say; nothing was changed.", *warnings), data)
    done = f"Done, in {len(steps)} step{'s' if len(steps) > 1 else ''}. The hub answers."
    addresses = render_login_addresses(config)
    return Report((done, *render_first_passwords(passwords), *addresses, *warnings), data)
