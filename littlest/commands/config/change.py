"""`littlest config set`, `unset`, `add` and `remove`: single settings changed in the file, all else left as it is."""

from collections.abc import Callable, Sequence

from littlest import paths
from littlest.config.editing.entered import Entered, EntryError, write_entered, write_entry, write_secret
from littlest.config.editing.fitting import (
    check_same_shape,
    check_takes_away,
    check_takes_list,
    check_takes_values,
    is_list,
    list_present,
    make_comparable,
)
from littlest.config.editing.source import EditRefused
from littlest.config.editing.text_edits import (
    add_entries,
    find_item,
    find_spelling,
    is_brought_by_merge,
    remove_entries,
    set_value,
    unset,
)
from littlest.config.model import Config
from littlest.config.reference.catalog import NAME, find_nearest_key, find_nearest_word
from littlest.config.reference.keys import Target, UnknownKey, find_target, parse_key, render_key
from littlest.config.sections.auth import Auth
from littlest.config.sections.base import KeyPath, Secret
from littlest.config.sections.secrecy import is_secret_place
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.render import render_default_config, render_inline
from littlest.errors import ConfigError, LittlestError, UsageError
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.report import Report
from littlest.system.config_checks import load_checked_config
from littlest.system.settings.active import ActiveSettings, find_active_settings
from littlest.system.settings.settings_file import replace_settings

AskSecret = Callable[[str], str]
"""Asks a person for a secret, or reads a line of the input where there is no terminal."""
Edit = Callable[["Draft"], None]
_APPLY = "To apply it: sudo littlest apply"
_INVALID_BEFORE = (
    "The file was not valid before either, and was left as it is: sudo littlest config edit shows all of it."
)


class Draft:
    """The settings' text while it is being edited, what it said before, and what is to be told."""

    def __init__(self, text: str, before: Config | None, auth_type: str | None = None) -> None:
        self.text = text
        self.before = before
        self.auth_type = auth_type or self._find_auth_type()
        self.said: list[str] = []
        self.rewritten: list[KeyPath] = []
        """Keys that had a value of their own in the file already."""

    def find(self, key: str) -> tuple[KeyPath, Target]:
        """Return a key's path as the file spells it, and what it stands for. Raises UnknownKey."""
        path = parse_key(key)
        target = find_target(path, self.auth_type)
        return find_spelling(self.text, path), target

    def _find_auth_type(self) -> str:
        if self.before is not None:
            return self.before.auth.type
        item = find_item(self.text, ("auth", "type"))
        return item.value if item is not None and item.kind == "scalar" else "firstuse"


def run_set(machine: Machine, words: Sequence[str], unset_keys: Sequence[str], ask_secret: AskSecret) -> Report:
    """Give settings other values: `words` are keys, each followed by its value; then unset others.

    Raises UsageError where that would destroy something or is no such setting, ConfigError when the settings would
    not be valid, NeedsRoot for anybody but root.
    """
    if option := next((word for word in words[::2] if word.startswith("-")), None):
        # any other word with a dash may be a value
        raise UsageError(f"No such option: {option}", "See: littlest config set --help")
    if len(words) % 2:
        raise UsageError(*_explain_odd_words(words))
    pairs = tuple(zip(words[::2], words[1::2], strict=True))
    # one that there is not is named when the settings are checked, with the nearest
    kind = next(
        (value for key, value in pairs if key == "auth.type" and (value in Auth.variants or "." in value)), None
    )
    # asked for before the lock is held: a person takes time
    entered = {key: ask_secret(f"{key}: ") for key, value in pairs if value == "-" and _is_secret(key, kind)}

    def edit(draft: Draft) -> None:
        for key, value in pairs:
            _set(draft, key, write_secret(entered[key]) if entered.get(key) else value)
        for key in unset_keys:
            _unset(draft, key)

    if any(not secret for secret in entered.values()):
        raise UsageError("An empty secret was given.", "To have none: littlest config unset KEY")
    return _change(machine, edit, kind)


def run_unset(machine: Machine, keys: Sequence[str]) -> Report:
    """Give settings their defaults back, by taking them out of the file. Raises as `run_set` does."""

    def edit(draft: Draft) -> None:
        for key in keys:
            _unset(draft, key)

    return _change(machine, edit)


def run_add(machine: Machine, key: str, values: Sequence[str]) -> Report:
    """Add values to the end of a list; those that are in it already are not added again. Raises as `run_set` does."""

    def edit(draft: Draft) -> None:
        path, target = draft.find(key)
        check_takes_list(draft.text, path, target, values[0])
        present = list_present(draft.text, path, target)
        new: list[str] = []
        for value in values:
            entry = write_entry(value, target)
            if make_comparable(entry, target) in present:
                draft.said.append(f"{key} has {value} already.")
            else:
                present.append(make_comparable(entry, target))
                new.append(entry)
        if new:
            default = tuple(render_inline(item) for item in target.default or ())
            draft.text = add_entries(draft.text, path, new, default)

    return _change(machine, edit)


def run_remove(machine: Machine, key: str, values: Sequence[str]) -> Report:
    """Remove values from a list. Raises LittlestError where one is not in it, else as `run_set` does."""

    def edit(draft: Draft) -> None:
        path, target = draft.find(key)
        check_takes_away(target, values[0])
        check_takes_list(draft.text, path, target, values[0], verb="remove")
        present = list_present(draft.text, path, target)
        indexes: list[int] = []
        for value in values:
            comparable = make_comparable(write_entry(value, target), target)
            found = [index for index, other in enumerate(present) if other == comparable]
            if not found:
                nearest = find_nearest_word(value, tuple(str(other) for other, _ in present))
                raise LittlestError(
                    f"{key} has no {value}; nothing was changed.", f"Did you mean {nearest}?" if nearest else None
                )
            indexes += found
        item = find_item(draft.text, path)
        if item is not None and item.kind == "list":
            draft.text = remove_entries(draft.text, path, indexes, default_is_empty=target.default == ())
        else:
            left = [render_inline(word) for index, (word, _) in enumerate(present) if index not in indexes]
            draft.text = set_value(draft.text, path, Entered(f"[{', '.join(left)}]", tuple(left)))

    return _change(machine, edit)


def _set(draft: Draft, key: str, value: str | Entered) -> None:
    path, target = draft.find(key)
    check_takes_values(target, value if isinstance(value, str) else "")
    if isinstance(value, str):
        value = write_entered(value, target)
    if target.sort == "secret_file":
        holder = find_item(draft.text, path[:-1])
        if holder is None or holder.kind != "mapping":
            # the secret itself, where it was in the file, makes place for the name of its file
            path, value = path[:-1], Entered(f"{{file: {value.inline}}}")
    item = find_item(draft.text, path)
    if item is not None:
        check_same_shape(item, value, target)
        draft.rewritten.append(path)
    draft.text = set_value(draft.text, path, value)


def _unset(draft: Draft, key: str) -> None:
    path = parse_key(key)
    item = find_item(draft.text, find_spelling(draft.text, path))
    sort = ""
    try:
        path, target = draft.find(key)
        sort = target.sort if NAME not in target.pattern else ""
    except UnknownKey as unknown:
        # a key that nobody knows may well have to go, and one of another type of login is not there
        if item is None and not unknown.types:
            raise
        path = find_spelling(draft.text, path)
    if item is None:
        if is_brought_by_merge(draft.text, path):
            raise EditRefused(f"{key} comes from another part of the file, by <<.")
        draft.said.append(f"{key} is not set in the file.")
    elif sort == "group" and item.kind == "mapping":
        # below the comments of a group stand its settings: each goes by itself
        for name in [part.value for part, _ in item.pairs if part.kind == "scalar"]:
            _unset(draft, render_key((*path, name)))
    else:
        draft.text = unset(draft.text, path)


def _change(machine: Machine, edit: Edit, auth_type: str | None = None) -> Report:
    """Edit the file's text, and put it in the file's place when it is valid as a whole."""
    check_root(machine, "Only root may change the settings.")
    name = str(paths.CONFIG_FILE)
    with hold_lock(machine):
        settings = find_active_settings(machine, must_be_safe=False)
        text, begun = (settings.text, []) if settings.source == "file" else _begin_file(settings)
        before, invalid = _load(text, name)
        try:
            draft = Draft(text, before, auth_type)
            draft.said += begun
            edit(draft)
        except UnknownKey as unknown:
            raise _explain_unknown(unknown) from None
        except (EntryError, EditRefused) as refused:
            if invalid is not None and isinstance(refused, EditRefused):
                # what is in the way is likely one of these
                raise InvalidConfig(invalid.problems, _INVALID_BEFORE) from None
            raise UsageError(str(refused), refused.hint) from None
        if draft.text == text:
            return Report((*draft.said, "Nothing was changed."), {"changed": False, "changes": []})
        try:
            after = load_checked_config(machine, draft.text, name)
        except InvalidConfig as error:
            raise _explain_invalid(error, before, draft) from None
        if before == after and draft.rewritten and draft.text.count("\n") == text.count("\n"):
            keys = ", ".join(map(render_key, draft.rewritten))
            return Report((f"{keys}: it is so already. Nothing was changed.",), {"changed": False, "changes": []})
        replace_settings(machine, draft.text, keep_bom=True)
    return _report(draft, before, after)


def _report(draft: Draft, before: Config | None, after: Config) -> Report:
    # only where something changed
    from littlest.plan.changes import find_changes, render_change  # noqa: PLC0415
    from littlest.plan.describe import find_warnings  # noqa: PLC0415

    changes = () if before is None else find_changes(before, after)
    lines = [*draft.said, *map(render_change, changes)]
    if before is None:
        lines.append("The settings are valid now.")
    elif not changes:
        lines.append("The file says the same in other words: no setting has another value than before.")
    data = {"changed": True, "changes": [change.make_data() for change in changes]}
    known = () if before is None else find_warnings(before)
    notes = tuple(warning for warning in find_warnings(after) if warning not in known)
    return Report((*lines, f"{paths.CONFIG_FILE} is saved. {_APPLY}"), data, notes=notes)


def _begin_file(settings: ActiveSettings) -> tuple[str, list[str]]:
    """Return what a missing file begins with, and a sentence about it: `littlest apply` would put the last known good
    settings in its place."""
    what = "the last known good settings" if settings.text else "the defaults"
    return settings.text or render_default_config(), [f"{paths.CONFIG_FILE} was missing; it begins with {what}."]


def _load(text: str, name: str) -> tuple[Config | None, InvalidConfig | None]:
    """Return what the file said before, or why it is not valid. Raises ConfigError where it is not even YAML."""
    try:
        return load_config(text, name), None
    except InvalidConfig as error:
        if any(not problem.key and problem.problem for problem in error.problems):
            raise
        return None, error


def _explain_invalid(error: InvalidConfig, before: Config | None, draft: Draft) -> ConfigError:
    if before is None:
        error.hint = _INVALID_BEFORE
        return error
    unknown = [problem.key for problem in error.problems if problem.problem.startswith("unknown key")]
    stale = [key for key in unknown if find_item(draft.text, parse_key(key)) is not None]
    error.hint = "Nothing was changed; the lines are those that the file would have."
    if stale:
        options = " ".join(f"--unset {key}" for key in stale)
        error.hint = f"Nothing was changed. To take out what no longer fits: add {options}"
    return error


def _explain_unknown(unknown: UnknownKey) -> UsageError:
    if unknown.types:
        return UsageError(str(unknown), f"Set both: littlest config set auth.type {unknown.types[0]} {unknown.key} …")
    nearest = find_nearest_key(unknown.key)
    hint = f"Did you mean {nearest}?" if nearest else "`littlest config show` lists every setting."
    if "." not in unknown.key:
        hint += " Put a value with spaces in quotes."
    if unknown.key.count(".") > 2:
        hint += """ Put a name with dots in quotes: 'limits.users."ada.l".memory'"""
    return UsageError(str(unknown), hint)


def _explain_odd_words(words: Sequence[str]) -> tuple[str, str]:
    if len(words) == 1 and "=" in words[0]:
        key, _, value = words[0].partition("=")
        return "A key and its value are two words.", f"littlest config set {key} {value or 'VALUE'}"
    if len(words) > 1 and is_list(words[0]):
        return f"{words[0]} takes a list.", f"To add to it: littlest config add {' '.join(words)}"
    return f"{words[-1]} has no value.", "littlest config set KEY VALUE [KEY VALUE …]; values with spaces in quotes"


def _is_secret(key: str, auth_type: str | None) -> bool:
    """Whether a value is not to be seen; which types of login have the key does not matter."""
    try:
        path = parse_key(key)
        if is_secret_place(path):
            return True
        try:
            return find_target(path, auth_type or "firstuse").kind is Secret
        except UnknownKey as unknown:
            return bool(unknown.types) and find_target(path, unknown.types[0]).kind is Secret
    except UnknownKey:
        return False
