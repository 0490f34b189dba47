"""Roll back to the last known good settings when others could not be applied, without losing what the admin wrote."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from littlest import paths
from littlest.config.text.load import decode_config, load_config
from littlest.converge import converge
from littlest.errors import ConfigError, LittlestError, NeedsAPerson, find_failure
from littlest.machine.machine import Machine
from littlest.plan.steps import Release
from littlest.system.apply_plan import Progress
from littlest.system.settings.drop_in_copies import are_drop_ins_good, put_drop_ins_back
from littlest.system.settings.settings_file import keep_apart, keep_rejected, replace_settings
from littlest.transaction import explain

_SEE = "See: sudo littlest status; sudo littlest logs"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Settings that somebody applies to a machine."""

    machine: Machine
    release: Release
    progress: Progress
    text: str | None
    """Their text as it was read; None for the defaults, without a file."""
    good: str | None
    """The text of the last known good settings, None where there are none."""
    is_rollback: bool = False
    """They come from the history, which keeps them."""
    saved: PurePosixPath | None = None
    """The copy of what a rollback has replaced."""

    @property
    def differs(self) -> bool:
        """Whether these are not the last known good settings."""
        return self.text != self.good

    def list_saved(self) -> tuple[str, ...]:
        """Return a sentence about the copy of what a rollback has replaced."""
        return (f"The earlier content of {paths.CONFIG_FILE} is kept in {self.saved}.",) if self.saved else ()


def roll_back(attempt: Attempt, error: BaseException) -> LittlestError:
    """Apply the last known good settings again, and return the error that says why, and where everything is.

    If somebody saved the file meanwhile, its content stays, without being applied.
    """
    why, machine, good = explain(error), attempt.machine, attempt.good
    if attempt.text is None or good is None or (not attempt.differs and are_drop_ins_good(machine)):
        return _explain_dead_end(why, getattr(error, "hint", None), attempt.list_saved())
    places = [*attempt.list_saved(), *_read_unfinished(machine)]
    is_rejected = attempt.differs and not attempt.is_rollback
    was_tried = not isinstance(error, KeyboardInterrupt)
    try:
        attempt.progress("the new settings could not be applied; restoring the last known good ones")
        if is_rejected:
            places += _keep_rejected(machine, attempt.text, was_tried)
        is_edited = _apply_good(attempt, good, places)
    except Exception as second:
        return NeedsAPerson(
            f"the new settings could not be applied: {why}\nThe last known good ones could not be restored: {second}",
            "\n".join((*places, f"What is in none of these copies is still in {paths.CONFIG_FILE}.", _SEE)),
        )
    if is_edited:
        places.append("To apply it: sudo littlest apply")
    elif is_rejected:
        when = "Once they are corrected there" if was_tried else "To try them again"
        places.append(f"{when}: sudo cp {paths.REJECTED_CONFIG_FILE} {paths.CONFIG_FILE} && sudo littlest apply")
    return find_failure(error)(
        f"the new settings could not be applied: {why}",
        "\n".join(("The hub runs again with the last known good ones.", *places)),
    )


def claim_unfinished(machine: Machine) -> tuple[str, ...]:
    """Return a sentence that names the copies of what the admin wrote, if an apply was killed while it rolled back.

    The next call returns nothing.
    """
    places = _read_unfinished(machine)
    # if this fails, the next apply returns the sentence again
    with suppress(OSError):
        machine.remove(paths.GOING_BACK_FILE)
    return (f"Note: an earlier apply did not finish. {' '.join(places)}",) if places else ()


def _explain_dead_end(why: str, hint: str | None, saved: tuple[str, ...]) -> LittlestError:
    again = "Once the cause is gone: sudo littlest apply. To see what runs: sudo littlest status"
    return NeedsAPerson(
        f"the settings are applied only in part, and there are no others to roll back to: {why}",
        "\n".join((*((hint,) if hint else ()), *saved, again)),
    )


def _apply_good(attempt: Attempt, good: str, places: list[str]) -> bool:
    """Make the machine what the last known good settings say. Return whether somebody saved the file meanwhile.

    Each copy of what the admin wrote is named in `places` before its original is replaced, for the error, and in a
    file, for the apply after a kill.
    """
    machine = attempt.machine
    config = load_config(good, str(paths.LAST_GOOD_CONFIG_FILE))
    places += [
        f"A drop-in that was not applied is now in {path}, and is not used." for path in put_drop_ins_back(machine)
    ]
    edited = _read_edit(machine, attempt.text or "", good)
    aside = None if edited is None else keep_apart(machine, "saved", edited)
    if aside:
        places.append(f"What was saved in {paths.CONFIG_FILE} meanwhile is kept in {aside}.")
        attempt.progress(places[-1])
    machine.write_file(paths.GOING_BACK_FILE, "".join(f"{line}\n" for line in places), mode=0o600)
    replace_settings(machine, good)
    converge(machine, config, attempt.release, progress=attempt.progress)
    if edited is not None and aside is not None:
        # unless the file was saved once more: then both are kept
        if machine.read_bytes(paths.CONFIG_FILE) == good.encode():
            replace_settings(machine, edited)
            machine.remove(aside)
            places.pop()
        places.append(f"{paths.CONFIG_FILE} was saved again meanwhile, and is unchanged: it is not applied.")
    machine.remove(paths.GOING_BACK_FILE)
    return edited is not None


def _keep_rejected(machine: Machine, text: str, was_tried: bool) -> list[str]:
    """Keep the settings that failed, so that the admin can correct them, and return where they are."""
    older = keep_rejected(machine, text)
    return [
        f"The settings that {'did not work' if was_tried else 'were not tried'} are kept in"
        f" {paths.REJECTED_CONFIG_FILE}.",
        *((f"Those that were kept there before are in {older} now.",) if older else ()),
    ]


def _read_unfinished(machine: Machine) -> tuple[str, ...]:
    return tuple((machine.read_bytes(paths.GOING_BACK_FILE) or b"").decode(errors="replace").splitlines())


def _read_edit(machine: Machine, text: str, good: str) -> bytes | None:
    """Return what somebody saved in the file since the settings were read from it; None if nothing would be lost."""
    content = machine.read_bytes(paths.CONFIG_FILE)
    if content is None or content == good.encode():
        return None
    try:
        return None if decode_config(content, str(paths.CONFIG_FILE)) == text else content
    except ConfigError:
        return content
