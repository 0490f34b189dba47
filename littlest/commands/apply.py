"""`littlest apply` and `config rollback`: make the machine what settings say, or roll back."""

from contextlib import suppress
from dataclasses import dataclass, field, replace

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.errors import ConfigError, LittlestError
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.machine.signals import ignore_signals
from littlest.plan.build import make_probe_url
from littlest.plan.changes import find_changes
from littlest.plan.describe import list_first_passwords, make_step_data, render_first_passwords
from littlest.plan.impact import Impact, render_impact
from littlest.plan.login import list_login_addresses, render_login_addresses
from littlest.plan.steps import Release, Step, TryServer
from littlest.report import Report
from littlest.rollback import Attempt, claim_unfinished, roll_back
from littlest.situation import Situation, find_impact, find_warnings, read_situation, render_too_much_in_use
from littlest.system.apply_plan import Progress, apply_plan, ignore_progress
from littlest.system.config_checks import load_checked_config
from littlest.system.hub.canary import try_server
from littlest.system.releases.current import read_current_release
from littlest.system.servers.running_limits import read_running_servers
from littlest.system.settings.active import ActiveSettings, find_active_settings, read_good_text
from littlest.system.settings.drop_in_copies import DropIns, are_drop_ins_good, keep_drop_ins, read_drop_ins
from littlest.system.settings.revisions import (
    add_revision,
    find_invoking_user,
    find_rollback_target,
    read_newest_text,
    read_revision_text,
)
from littlest.system.settings.settings_file import close_settings, find_real_file, keep_copy, replace_settings
from littlest.transaction import run_transaction

SERVER_KEYS = ("jupyterhub", "user_environment", "users.homes", "users.unix_name", "base_url", "external_url")
"""Settings with which every server may fail to start."""


def run_apply(machine: Machine, *, progress: Progress = ignore_progress, release: Release | None = None) -> Report:
    """Make the machine what the settings say, and keep them as the last known good ones once the hub is healthy.

    Raises ConfigError, with nothing changed, when they are not valid. When they cannot be applied, or somebody ends
    the command, this applies the last known good settings again and raises LittlestError, which says why
    (NeedsAPerson when that is not possible).
    """
    check_root(machine)
    with hold_lock(machine):
        settings, good = find_active_settings(machine), read_good_text(machine)
        config = _load(machine, settings.text, str(settings.file), good)
        _mend_file(machine, settings, progress)
        text = None if settings.source == "defaults" else settings.text
        attempt = Attempt(machine, release or read_current_release(machine), progress, text, good)
        return _apply(_Run(attempt, config))


def run_rollback(
    machine: Machine, number: int | None, *, progress: Progress = ignore_progress, release: Release | None = None
) -> Report:
    """Restore the settings of a revision in the file and apply them. Without a number, these are the settings that
    were applied last, if the file has others, and otherwise the ones before.

    A copy of the file is kept, unless the history has it. Raises UsageError when there is no such revision,
    ConfigError, with nothing changed, when its settings are not valid any more, and otherwise as `run_apply` does.
    """
    check_root(machine)
    with hold_lock(machine):
        good = read_good_text(machine)
        if number is None:
            number = find_rollback_target(machine, good)
        text = read_revision_text(machine, number)
        config = _load(machine, text, f"revision {number} of the history")
        # a link that leads nowhere is refused before anything is changed
        find_real_file(machine, paths.CONFIG_FILE)
        saved = keep_copy(machine, text)
        release = release or read_current_release(machine)
        attempt = Attempt(machine, release, progress, text, good, is_rollback=True, saved=saved)
        report = _apply(_Run(attempt, config), how=f"rollback {number}")
    back = f"The settings are those of revision {number} again."
    data = {**report.data, "entry": number, "saved": None if saved is None else str(saved)}
    return Report((back, *report.lines, *attempt.list_saved()), data)


def _apply(run: "_Run", how: str = "apply") -> Report:
    with ignore_signals():
        run_transaction(run.make_changes, run.put_back, keep=run.keep_as_good)
        # nothing that goes wrong from here on rolls the settings back
        notes = _remember(run.attempt, run.config, how) + claim_unfinished(run.attempt.machine)
    return _report(run, (*_find_warnings(run), *notes))


@dataclass(slots=True)
class _Run:
    """One apply: what it is about, and how far it is."""

    attempt: Attempt
    config: Config
    drop_ins: DropIns = field(init=False)
    situation: Situation = field(init=False)
    impact: Impact = field(init=False)
    steps: tuple[Step, ...] = field(init=False)
    has_begun: bool = False

    def make_changes(self) -> None:
        """Report what the settings mean to people, then make the machine what they say."""
        attempt, machine = self.attempt, self.attempt.machine
        self.drop_ins = read_drop_ins(machine)
        if attempt.is_rollback:
            self._note(f"restore the earlier settings in {paths.CONFIG_FILE}")
            replace_settings(machine, attempt.text or "")
        self.situation = found = read_situation(machine, self.config, attempt.good, attempt.release)
        self.impact = find_impact(machine, found)
        # people read that servers use too much before the kernel ends anything
        for line in (*render_impact(self.impact), *render_too_much_in_use(found)):
            attempt.progress(line)
        version = attempt.release.version
        self.steps = apply_plan(machine, found.plan, version, pending=found.pending, progress=self._note)
        self._prove_servers_start()

    def _prove_servers_start(self) -> None:
        """Start a server of nobody's, as an install does, where something may keep servers from starting.

        Raises NotReady with the server's own words.
        """
        machine = self.attempt.machine
        is_changed = any(change.key.startswith(SERVER_KEYS) for change in self.impact.changes)
        if machine.is_live and (is_changed or not are_drop_ins_good(machine)):
            step = TryServer(make_probe_url(self.config))
            self._note(step.describe())
            try_server(machine, step)

    def keep_as_good(self) -> None:
        """Keep the settings and the drop-ins as those to which the next apply can roll back."""
        attempt = self.attempt
        if attempt.text is None:
            return
        keep_drop_ins(attempt.machine, self.drop_ins)
        # the text that was read, not what is in the file now: somebody may be editing it
        if attempt.differs:
            attempt.machine.write_file(paths.LAST_GOOD_CONFIG_FILE, attempt.text, mode=0o600)

    def put_back(self, error: BaseException) -> BaseException:
        """Roll back to the last known good settings, unless nothing was changed yet."""
        return roll_back(self.attempt, error) if self.has_begun else error

    def _note(self, line: str) -> None:
        self.has_begun = True
        self.attempt.progress(line)


def _mend_file(machine: Machine, settings: ActiveSettings, progress: Progress) -> None:
    """Restore a missing file, and close one with secrets to other users."""
    if settings.source == "last good":
        progress(f"{paths.CONFIG_FILE} is missing; restoring the last known good settings")
        replace_settings(machine, settings.text)
    if close_settings(machine):
        progress(f"every user of this machine could read the secrets in {paths.CONFIG_FILE}; now they cannot")


def _load(machine: Machine, text: str, name: str, good: str | None = None) -> Config:
    """Return the settings of a text; an error says so if `good` is another text, to which you can roll back."""
    try:
        return load_checked_config(machine, text, name)
    except InvalidConfig as error:
        advice = "Nothing was changed."
        if good is not None and good != text:
            # even good settings can become invalid, as when a file that they name is deleted
            with suppress(ConfigError):
                load_checked_config(machine, good, str(paths.LAST_GOOD_CONFIG_FILE))
                advice += " Or roll back: sudo littlest config rollback"
        raise InvalidConfig(error.problems, f"{error.hint} {advice}") from None


def _find_warnings(run: _Run) -> tuple[str, ...]:
    machine, found = run.attempt.machine, run.situation
    try:
        # a step may have ended a server, or given it other limits
        found = replace(found, servers=read_running_servers(machine)) if run.steps else found
        return find_warnings(machine, found)
    except (OSError, LittlestError) as error:
        return (f"Warning: the settings are applied, but could not be checked for warnings: {error}",)


def _remember(attempt: Attempt, config: Config, how: str) -> tuple[str, ...]:
    """Save applied settings as the newest revision; return a sentence where that is not possible."""
    machine, text = attempt.machine, attempt.text
    if text is None:
        return ()
    try:
        # they may be new to the history because an earlier run was killed before it saved them
        if (before := read_newest_text(machine)) != text:
            add_revision(machine, text, who=find_invoking_user(), how=how, changed=_list_changed_keys(before, config))
    except (OSError, ValueError, LittlestError) as error:
        return (f"Warning: the settings are applied, but could not be saved as a revision: {error}",)
    return ()


def _list_changed_keys(before: str | None, config: Config) -> tuple[str, ...]:
    try:
        return () if before is None else tuple(change.key for change in find_changes(load_config(before, ""), config))
    except LittlestError:
        # they are from an earlier release, and this one does not understand them
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
        return Report(("Everything is already as the settings say. Nothing was changed.", *warnings), data)
    done = f"Done, in {len(steps)} step{'s' if len(steps) > 1 else ''}. The hub answers."
    addresses = render_login_addresses(config)
    return Report((done, *render_first_passwords(passwords), *addresses, *warnings), data)
