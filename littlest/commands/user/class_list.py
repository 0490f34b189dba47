"""Which settings name a user, and lists of users in a CSV file."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from littlest.config.reference.keys import render_key
from littlest.config.sections.values import parse_group_name, parse_user_name
from littlest.config.text.problems import InvalidConfig, Problem
from littlest.config.text.scalars import make_visible
from littlest.errors import ConfigError, LittlestError
from littlest.machine.machine import Machine
from littlest.system.config_checks import load_active_config

MOST_BYTES = 10**6
_MOST_PROBLEMS = 10
"""How many an error names: a file of another kind has one on each line."""
_COLUMNS = "the columns are user name and group, not last name and first name"
_FORM = "Write one name on each line. To put a user into a group, write a comma and the group after the name."
_ENCODING = (
    "It is not in UTF-8. In a spreadsheet, save it as CSV with the character set UTF-8 (“CSV UTF-8” in Excel)."
)


def read_class_list(machine: Machine, file: str) -> dict[str, tuple[str, ...]]:
    """Return the users of a CSV file and the group of each; the group "" is of all users, and comes first.

    A line is a name, and a group if there is one. A first line `name` or `name,group` is a heading. Raises
    LittlestError for a file that cannot be read, has more columns, or has no names.
    """
    rows = [(number, [cell.strip() for cell in row]) for number, row in _read_rows(machine, file)]
    rows = [(number, row) for number, row in rows if any(row)]
    if rows and rows[0][1][0].lower() in ("name", "username"):
        del rows[0]
    if not rows:
        raise LittlestError(f"{file} has no names", _FORM)
    problems = [Problem(file, number, 1, "", *found) for number, row in rows for found in _find_problems(row)]
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        further = f"There are {more} more such problems. " if more > 0 else ""
        raise InvalidConfig(tuple(problems[:_MOST_PROBLEMS]), f"{further}Nothing was changed. {_FORM}")
    groups: dict[str, list[str]] = {"": []}
    for _, (name, *rest) in rows:
        groups[""].append(name)
        if rest and rest[0]:
            groups.setdefault(rest[0], []).append(name)
    return {group: tuple(dict.fromkeys(names)) for group, names in groups.items()}


def _find_problems(row: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Yield what is wrong with a line, each with a hint where there is one."""
    name, group, *further = (*row, "")
    if not name or any(further):
        yield "this line is not a name and a group", None
        return
    for value, parse in ((name, parse_user_name), (group, parse_group_name)):
        try:
            parse(value or "none")
        except ValueError as error:
            is_persons = parse is parse_group_name and value[0].isupper()
            yield f'"{make_visible(value)}" {error}', _COLUMNS if is_persons else None


def check_names(names: Sequence[str], group: str) -> None:
    """Raises ConfigError where one of these cannot be the name of a user, or the group's of a group."""
    rows = (*([name or " "] for name in names), ["none", group])
    problems = [problem for row in rows for problem, _ in _find_problems(row)]
    if problems:
        raise ConfigError("; ".join(problems), "Nothing was changed.")


def _read_rows(machine: Machine, file: str) -> list[tuple[int, list[str]]]:
    """Return the cells of each line, with its number. Raises LittlestError for what is no CSV file."""
    path = machine.path(PurePosixPath(Path(file).absolute()))
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            text = lines.read(MOST_BYTES + 1)
    except OSError as error:
        raise LittlestError(f"{file} cannot be read: {error.strerror}", _FORM) from error
    except UnicodeDecodeError as error:
        raise LittlestError(f"{file} cannot be read", _ENCODING) from error
    if len(text) > MOST_BYTES:
        raise LittlestError(f"{file} is too long for a list of users: more than {MOST_BYTES} characters")
    # spreadsheets of some languages have a semicolon between columns, and what is copied from one has a tab
    separator = next((sign for sign in "\t;" if sign in text), ",")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [(rows.line_num, row) for row in rows]
    except csv.Error as error:
        raise LittlestError(f"{file}:{rows.line_num}: this is no line of a CSV file: {error}", _FORM) from error


def make_members_key(group: str) -> str:
    """Return the key of the list of a group's members."""
    return render_key(("users", "groups", group, "members"))


def find_lists_of(machine: Machine, names: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the lists of config.yaml in which these users are, each with those of them who are in it.

    Raises LittlestError for a user who is in no list, and ConfigError when the settings are not valid.
    """
    users = load_active_config(machine).users
    lists = {"users.allowed": users.allowed, "users.admin": users.admin}
    lists |= {make_members_key(group): one.members for group, one in users.groups.items()}
    wanted = [name.lower() for name in names]
    found = {key: tuple(name for name in wanted if name in members) for key, members in lists.items()}
    unknown = [name for name in wanted if not any(name in members for members in found.values())]
    if unknown:
        raise LittlestError(
            f"{', '.join(unknown)}: not in the settings; nothing was changed",
            "If you added the user in the browser, delete the user there: Hub Control Panel, Admin.",
        )
    return {key: members for key, members in found.items() if members}


def has_other_admins(machine: Machine, lists: Mapping[str, Sequence[str]]) -> bool:
    """Whether `users.admin` still names an admin when these names have gone from their lists, or names none now."""
    admins = load_active_config(machine).users.admin
    return not admins or not set(admins) <= set(lists.get("users.admin", ()))
