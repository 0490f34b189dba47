"""`littlest apply` and `config rollback`: make the machine what settings say, or roll back."""

from dataclasses import dataclass, field

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.errors import ConfigError, LittlestError
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.machine.signals import ignore_signals
from littlest.plan.changes import find_changes
from littlest.plan.describe import list_first_passwords, make_step_data, render_first_passwords
from littlest.plan.impact import Impact, render_impact
from littlest.plan.login import list_login_addresses, render_login_addresses
from littlest.plan.steps import Release, Step
from littlest.report import Report
from littlest.rollback import Attempt, claim_unfinished, roll_back
from littlest.situation import Situation, find_impact, find_warnings, read_situation, render_too_much_in_use
from littlest.system.apply_plan import Progress, apply_plan, ignore_progress
from littlest.system.config_checks import load_checked_config
from littlest.system.releases.current import read_current_release
from littlest.system.servers.running_limits import read_running_servers
from littlest.system.settings.active import ActiveSettings, find_active_settings, read_good_text
from littlest.system.settings.drop_in_copies import DropIns, keep_drop_ins, read_drop_ins
from littlest.system.settings.revisions import (
    add_revision,
    find_invoking_user,
    find_rollback_target,
    read_newest_text,
    read_revision_text,
)
from littlest.system.settings.settings_file import close_settings, find_real_file, keep_copy, replace_settings
from littlest.transaction import run_transaction


def run_apply(machine: Machine, *, progress: Progress = ignore_progress, release: Release | None = None) -> Report:
    """Make the machine what the settings say, and remember them as good once the hub is healthy.

    Raises ConfigError, with nothing touched, when they are not valid. When they cannot be applied, or somebody ends
    the command, this applies the last known good settings again and raises LittlestError, which says why
    (NeedsAPerson when that is not possible).
    """
    check_root(machine)
    with hold_lock(machine):
        settings = find_active_settings(machine)
        config = _load(machine, settings, can_go_back=True)
        _mend_file(machine, settings, progress)
        text = None if settings.source == "defaults" else settings.text
        attempt = Attempt(text, read_good_text(machine))
        return _apply(_Run(machine, release or read_current_release(machine), settings, config, attempt, progress))


def run_rollback(
    machine: Machine, number: int | None, *, progress: Progress = ignore_progress, release: Release | None = None
) -> Report:
    """Put earlier settings back in the file and apply them: those of an entry of the history; without a number those
    applied last, where the file is not what they are, or else those before them.

    What was in the file is kept as a copy, unless the history has it. Raises UsageError when there is no such
    entry, ConfigError, with nothing touched, when its settings are not valid any more, and else as `run_apply` does.
    """
    check_root(machine)
    with hold_lock(machine):
        good = read_good_text(machine)
        if number is None:
            number = find_rollback_target(machine, good)
        settings = ActiveSettings(read_revision_text(machine, number), paths.CONFIG_FILE, "file")
        config = _load(machine, settings, name=f"settings {number} of the history")
        # a link that leads nowhere is refused before anything is touched
        find_real_file(machine, paths.CONFIG_FILE)
        saved = keep_copy(machine, settings.text)
        attempt = Attempt(settings.text, good, is_rollback=True, saved=saved)
        run = _Run(machine, release or read_current_release(machine), settings, config, attempt, progress)
        report = _apply(run, how=f"rollback {number}")
    back = f"The settings are those of revision {number} again."
    kept = (f"The earlier content of {paths.CONFIG_FILE} is kept in {saved}.",) if saved else ()
    data = {**report.data, "entry": number, "saved": None if saved is None else str(saved)}
    return Report((back, *report.lines, *kept), data)


def _apply(run: "_Run", how: str = "apply") -> Report:
    run.drop_ins = read_drop_ins(run.machine)
    with ignore_signals():
        run_transaction(run.make_changes, run.put_back, keep=run.keep_as_good)
        # nothing that goes wrong from here on rolls the settings back
        notes = _remember(run.machine, run.config, run.attempt.text, how)
        notes += claim_unfinished(run.machine)
    return _report(run, (*_find_warnings(run), *notes))


@dataclass(slots=True)
class _Run:
    """One apply: what it is about, and how far it has come."""

    machine: Machine
    release: Release
    settings: ActiveSettings
    config: Config
    attempt: Attempt
    progress: Progress
    drop_ins: DropIns = field(default_factory=dict)
    situation: Situation | None = None
    impact: Impact = field(default_factory=Impact)
    steps: tuple[Step, ...] = ()
    has_begun: bool = False

    def make_changes(self) -> None:
        """Say what the settings mean to people, then make the machine what they say."""
        if self.attempt.is_rollback:
            self._note(f"restore the earlier settings in {paths.CONFIG_FILE}")
            replace_settings(self.machine, self.settings.text)
        self.situation = found = read_situation(
            self.machine, self.settings, self.config, self.attempt.good, self.release
        )
        self.impact = find_impact(self.machine, found)
        # that servers use too much is said before anything of theirs is ended
        for line in (*render_impact(self.impact), *render_too_much_in_use(found)):
            self.progress(line)
        self.steps = apply_plan(
            self.machine, found.plan, self.release.version, pending=found.pending, progress=self._note
        )

    def keep_as_good(self) -> None:
        """Keep the settings and the drop-ins as those to which the next apply can go back."""
        text = self.attempt.text
        if text is None:
            return
        keep_drop_ins(self.machine, self.drop_ins)
        # the text that was read: not what is in the file by now, which somebody may be editing
        if self.attempt.differs:
            self.machine.write_file(paths.LAST_GOOD_CONFIG_FILE, text, mode=0o600)

    def put_back(self, error: BaseException) -> BaseException:
        """Roll back to the last known good settings, unless nothing was changed yet."""
        if not self.has_begun:
            return error
        return roll_back(self.machine, self.release, error, self.attempt, self.progress)

    def _note(self, line: str) -> None:
        self.has_begun = True
        self.progress(line)


def _mend_file(machine: Machine, settings: ActiveSettings, progress: Progress) -> None:
    """Put a missing file back, and close one with secrets to everybody."""
    if settings.source == "last good":
        progress(f"{paths.CONFIG_FILE} is missing; restoring the last known good settings")
        replace_settings(machine, settings.text)
    if close_settings(machine):
        progress(f"every user of this machine could read the secrets in {paths.CONFIG_FILE}; it is closed to them")


def _load(
    machine: Machine, settings: ActiveSettings, *, name: str | None = None, can_go_back: bool = False
) -> Config:
    try:
        return load_checked_config(machine, settings.text, name or str(settings.file))
    except InvalidConfig as error:
        advice = ""
        if can_go_back and _is_good_valid(machine, settings.text):
            advice = " Or go back: sudo littlest config rollback"
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


def _find_warnings(run: _Run) -> tuple[str, ...]:
    found = run.situation
    if found is None:
        return ()
    try:
        # a step may have ended a server, or given it other limits
        servers = read_running_servers(run.machine) if run.steps else found.servers
        return find_warnings(run.machine, run.config, servers, found.machine_memory)
    except (OSError, LittlestError) as error:
        return (f"Warning: the settings are applied, but could not be checked for warnings: {error}",)


def _remember(machine: Machine, config: Config, text: str | None, how: str) -> tuple[str, ...]:
    """Make settings that were applied the newest of the history; return a sentence where that is not possible."""
    if text is None:
        return ()
    try:
        # also when an earlier run was ended before it
        if (before := read_newest_text(machine)) != text:
            add_revision(machine, text, who=find_invoking_user(), how=how, changed=_list_changed_keys(before, config))
    except (OSError, ValueError, LittlestError) as error:
        return (f"Warning: the settings are applied, but could not be saved as a revision: {error}",)
    return ()


def _list_changed_keys(before: str | None, config: Config) -> tuple[str, ...]:
    try:
        return () if before is None else tuple(change.key for change in find_changes(load_config(before, ""), config))
    except LittlestError:
        # those of an earlier release, which this one does not understand
        return ()


def _report(run: _Run, warnings: tuple[str, ...]) -> Report:
    steps, config = run.steps, run.config
    passwords = list_first_passwords(steps)
    data = {
        "changed": bool(steps),
        **run.impact.make_data(),
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
