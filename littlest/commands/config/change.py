"""`littlest config set`, `unset`, `add` and `remove`: single settings changed in the file, all else left as it is."""

from collections.abc import Callable, Mapping, Sequence

from littlest import paths
from littlest.config.editing.entered import Entered, make_list, write_entered, write_entry, write_secret
from littlest.config.editing.fitting import (
    check_same_shape,
    check_takes_list,
    check_takes_values,
    is_list,
    list_present,
    make_comparable,
)
from littlest.config.editing.source import EditRefused, Source
from littlest.config.editing.text_edits import add_entries, remove_entries, set_value, unset
from littlest.config.model import Config
from littlest.config.reference.catalog import NAME, find_nearest_word
from littlest.config.reference.keys import Target, UnknownKey, find_target, parse_key, render_key
from littlest.config.reference.unknown_key import explain_unknown_key
from littlest.config.sections.auth import Auth
from littlest.config.sections.secrecy import is_secret_place
from littlest.config.sections.section import KeyPath, Secret
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.render import render_default_config, render_inline
from littlest.errors import LittlestError, UsageError
from littlest.machine.lock import hold_lock
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.report import Report
from littlest.system.config_checks import load_checked_config
from littlest.system.settings.active import find_active_settings
from littlest.system.settings.settings_file import replace_settings

AskSecret = Callable[[str], str]
"""Asks a person for a secret, or reads a line of the input where there is no terminal."""
Edit = Callable[["Draft"], None]
_INVALID_BEFORE = "The file was already invalid, and is unchanged. To see all problems: sudo littlest config edit"


class Draft:
    """The text of the settings while it is being edited, and what to report about it.

    Raises ConfigError for a text that is not YAML.
    """

    def __init__(self, text: str, auth_type: str | None) -> None:
        self.before: Config | None = None
        """What the text gave before; None where it was not valid."""
        self.problems: InvalidConfig | None = None  # why it was not valid
        try:
            self.before = load_config(text, str(paths.CONFIG_FILE))
        except InvalidConfig as error:
            if any(not problem.key and problem.problem for problem in error.problems):
                raise
            self.problems = error
        self.source = Source(text)
        self.auth_type = auth_type
        self.lines: list[str] = []
        self.rewritten: list[KeyPath] = []  # keys that already had a value of their own in the file

    def find(self, key: str) -> tuple[KeyPath, Target]:
        """Return a key's path, and what it stands for. Raises UnknownKey."""
        path = parse_key(key)
        return path, find_target(path, self.auth_type or self._find_auth_type())

    def set(self, key: str, value: str | Entered) -> None:
        """Give a setting another value. Raises UnknownKey and UsageError, as the other edits do."""
        path, target = self.find(key)
        check_takes_values(target, value if isinstance(value, str) else "")
        if isinstance(value, str):
            value = write_entered(value, target)
        if target.sort == "secret_file":
            holder = self.source.find_item(path[:-1])
            if holder is None or holder.kind != "mapping":
                # the name of its file replaces the secret itself
                path, value = path[:-1], Entered(f"{{file: {value.inline}}}")
        item = self.source.find_item(path)
        if item is not None:
            check_same_shape(item, value, target)
            self.rewritten.append(path)
        self.source = set_value(self.source, path, value)

    def unset(self, keys: Sequence[str]) -> None:
        """Remove settings, or every setting of a group, from the file."""
        for key in keys:
            path = parse_key(key)
            item = self.source.find_item(path)
            is_group = False
            try:
                _, target = self.find(key)
                is_group = target.sort == "group" and NAME not in target.pattern
            except UnknownKey as unknown:
                # an unknown key may well have to go, and one of another type of login is not there
                if item is None and not unknown.types:
                    raise
            if item is None:
                self.source.check_not_merged(path)
                self.lines.append(f"{key} is not set in the file.")
            elif is_group and item.kind == "mapping":
                # each by itself, because the default file has a comment for each
                self.unset([render_key((*path, entry.name)) for entry in item.entries if entry.name])
            else:
                self.source = unset(self.source, path)

    def add(self, key: str, values: Sequence[str]) -> None:
        """Add values at the end of a list, but not those that are in it."""
        path, target = self.find(key)
        check_takes_list(self.source, target, values[0])
        present = list_present(self.source, target)
        new: list[str] = []
        for value in values:
            entry = write_entry(value, target)
            if make_comparable(entry, target) not in present:
                present.append(make_comparable(entry, target))
                new.append(entry)
        if known := len(values) - len(new):
            what = values[0] if len(values) == 1 else f"{known if new else 'all'} of these {len(values)}"
            self.lines.append(f"{key} has {what} already.")
        if new:
            default = tuple(render_inline(item) for item in target.default or ())
            self.source = add_entries(self.source, path, new, default)

    def remove(self, key: str, values: Sequence[str]) -> None:
        """Remove values from a list. Raises LittlestError where one is not in it."""
        path, target = self.find(key)
        check_takes_list(self.source, target, values[0], verb="remove")
        present = list_present(self.source, target)
        indexes: list[int] = []
        for value in values:
            comparable = make_comparable(write_entry(value, target), target)
            found = [index for index, other in enumerate(present) if other == comparable]
            if not found:
                nearest = find_nearest_word(value, tuple(other.value for other in present))
                hint = f"Did you mean {nearest}?" if nearest else None
                raise LittlestError(f"{key} has no {value}; nothing was changed.", hint)
            indexes += found
        item = self.source.find_item(path)
        if item is not None and item.kind == "list":
            self.source = remove_entries(self.source, path, indexes, default_is_empty=target.default == ())
        else:
            left = tuple(render_inline(item.value) for index, item in enumerate(present) if index not in indexes)
            self.source = set_value(self.source, path, make_list(left))

    def _find_auth_type(self) -> str:
        if self.before is not None:
            return self.before.auth.type
        item = self.source.find_item(("auth", "type"))
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
        raise _explain_odd_words(words)
    pairs = tuple(zip(words[::2], words[1::2], strict=True))
    # an unknown type is reported when the settings are checked, with the nearest known one
    auth_type = next((one for key, one in pairs if key == "auth.type" and (one in Auth.variants or "." in one)), None)
    # asked for before the lock is held: a person takes time
    secrets = {key: ask_secret(f"{key}: ") for key, value in pairs if value == "-" and _is_secret(key, auth_type)}
    if not all(secrets.values()):
        raise UsageError("An empty secret was given.", "To have none: littlest config unset KEY")

    def edit(draft: Draft) -> None:
        for key, value in pairs:
            draft.set(key, write_secret(secrets[key]) if key in secrets else value)
        draft.unset(unset_keys)

    return _change(machine, edit, auth_type)


def run_unset(machine: Machine, keys: Sequence[str]) -> Report:
    """Reset settings to their defaults by removing them from the file. Raises as `run_set` does."""
    return _change(machine, lambda draft: draft.unset(keys))


def run_add(machine: Machine, lists: Mapping[str, Sequence[str]]) -> Report:
    """Add values to the ends of lists, those that are not in them, or to none of them. Raises as `run_set` does."""
    return _change(machine, lambda draft: _for_each(lists, draft.add))


def run_remove(machine: Machine, lists: Mapping[str, Sequence[str]]) -> Report:
    """Remove values from all lists, or from none. Raises LittlestError where one is not in it, else as `run_set`."""
    return _change(machine, lambda draft: _for_each(lists, draft.remove))


def _for_each(lists: Mapping[str, Sequence[str]], edit: Callable[[str, Sequence[str]], None]) -> None:
    for key, values in lists.items():
        edit(key, values)


def _change(machine: Machine, edit: Edit, auth_type: str | None = None) -> Report:
    """Edit the file's text, and replace the file when the new text is valid as a whole."""
    check_root(machine, "Only root may change the settings.")
    with hold_lock(machine):
        settings = find_active_settings(machine, must_be_safe=False)
        is_missing = settings.source != "file"
        text = render_default_config() if is_missing and not settings.text else settings.text
        draft = Draft(text, auth_type)
        if is_missing:
            # `littlest apply` would restore the last known good settings
            what = "the last known good settings" if settings.text else "the defaults"
            draft.lines.append(f"{paths.CONFIG_FILE} was missing; it begins with {what}.")
        _edit(draft, edit)
        if draft.source.content == text:
            return Report((*draft.lines, "Nothing was changed."), {"changed": False, "changes": []})
        try:
            after = load_checked_config(machine, draft.source.content, str(paths.CONFIG_FILE))
        except InvalidConfig as error:
            raise InvalidConfig(error.problems, _advise(error, draft)) from None
        if draft.before == after and draft.rewritten and draft.source.content.count("\n") == text.count("\n"):
            keys = ", ".join(map(render_key, draft.rewritten))
            return Report((f"{keys}: already set. Nothing was changed.",), {"changed": False, "changes": []})
        replace_settings(machine, draft.source.content, keep_bom=True)
    return _report(draft, after)


def _edit(draft: Draft, edit: Edit) -> None:
    try:
        edit(draft)
    except UnknownKey as unknown:
        raise _explain_unknown(unknown) from None
    except EditRefused:
        if draft.problems is not None:
            # what is in the way is likely one of these
            raise InvalidConfig(draft.problems.problems, _INVALID_BEFORE) from None
        raise


def _report(draft: Draft, after: Config) -> Report:
    # only where something changed
    from littlest.plan.changes import find_changes, render_change  # noqa: PLC0415
    from littlest.plan.describe import find_warnings  # noqa: PLC0415

    before = draft.before
    changes = () if before is None else find_changes(before, after)
    lines = [*draft.lines, *map(render_change, changes)]
    if before is None:
        lines.append("The settings are valid now.")
    elif not changes:
        lines.append("The file changed, but no value did.")
    data = {"changed": True, "changes": [change.make_data() for change in changes]}
    known = () if before is None else tuple(find_warnings(before))
    notes = tuple(warning for warning in find_warnings(after) if warning not in known)
    return Report((*lines, f"{paths.CONFIG_FILE} is saved. To apply it: sudo littlest apply"), data, notes=notes)


def _advise(error: InvalidConfig, draft: Draft) -> str:
    """Return what to do when the edited settings are not valid."""
    if draft.before is None:
        return _INVALID_BEFORE
    unknown = [problem.key for problem in error.problems if problem.problem.startswith("unknown key")]
    stale = [key for key in unknown if draft.source.find_item(parse_key(key)) is not None]
    if not stale:
        return "Nothing was changed. The line numbers are those that the changed file would have."
    return f"Nothing was changed. To take out what no longer fits: add {' '.join(f'--unset {key}' for key in stale)}"


def _explain_unknown(unknown: UnknownKey) -> UsageError:
    key = unknown.key
    if unknown.types:
        return UsageError(str(unknown), f"Set both: littlest config set auth.type {unknown.types[0]} {key} …")
    error = explain_unknown_key(unknown, key, "`littlest config show` lists every setting.")
    error.hint = f"{error.hint}{' Put a value with spaces in quotes.' if '.' not in key else ''}"
    if key.count(".") > 2:
        error.hint += """ Put a name with dots in quotes: 'limits.users."ada.l".memory'"""
    return error


def _explain_odd_words(words: Sequence[str]) -> UsageError:
    if len(words) == 1 and "=" in words[0]:
        key, _, value = words[0].partition("=")
        return UsageError("A key and its value are two words.", f"littlest config set {key} {value or 'VALUE'}")
    if len(words) > 1 and is_list(words[0]):
        return UsageError(f"{words[0]} takes a list.", f"To add to it: littlest config add {' '.join(words)}")
    usage = "littlest config set KEY VALUE [KEY VALUE …]; values with spaces in quotes"
    return UsageError(f"{words[-1]} has no value.", usage)


def _is_secret(key: str, auth_type: str | None) -> bool:
    """Whether a value must not be seen; which types of login have the key does not matter."""
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
