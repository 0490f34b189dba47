"""The commands of `littlest user`: one short function each, which imports what it needs when it is called."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from littlest.cli import output
from littlest.cli.invocation import Json, Yes, confirm, finish, make_machine, run_with_progress
from littlest.errors import ExitCode
from littlest.report import Report

if TYPE_CHECKING:
    from littlest.machine.machine import Machine

user_app = typer.Typer(
    help="Show, add and remove users, and make passwords for them.",
    no_args_is_help=True,
    rich_markup_mode=None,
    name="user",
)

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Names with which the users log in.")]
Passwords = Annotated[
    bool,
    typer.Option("--passwords", help="Make one-time passwords, so that nobody else can choose the first password."),
]


@user_app.command("list")
def user_list(*, as_json: Json = False) -> None:
    """List the users of the hub.

    For each: rights, groups, the kind of password, and whether a server runs.
    """
    from littlest.commands.user.listing import run_list

    finish(run_list(make_machine()), as_json)


@user_app.command("add")
def user_add(
    names: Names,
    *,
    group: Annotated[str | None, typer.Option(metavar="GROUP", help="Also add them to this group.")] = None,
    passwords: Passwords = False,
    as_json: Json = False,
) -> None:
    """Add users to users.allowed, and apply the change.

    Users who cannot log in without a password get a one-time password.
    """
    from littlest.commands.user.class_list import check_names, make_members_key

    check_names(names, group or "")
    lists = {"users.allowed": names, **({make_members_key(group): names} if group else {})}
    _add(make_machine(), lists, names, passwords, as_json)


@user_app.command("import")
def user_import(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A CSV file: on each line a name, or a name, a comma and a group.")
    ],
    *,
    passwords: Passwords = False,
    as_json: Json = False,
) -> None:
    """Add the users of a class list, and apply the change."""
    from littlest.commands.user.class_list import make_members_key, read_class_list

    machine = make_machine()
    groups = read_class_list(machine, file)
    lists = {make_members_key(group) if group else "users.allowed": groups[group] for group in groups}
    _add(machine, lists, groups[""], passwords, as_json)


@user_app.command("remove")
def user_remove(names: Names, *, yes: Yes = False, as_json: Json = False) -> None:
    """Remove users, and apply the change.

    Removes their names from users.allowed, users.admin and the groups. They lose access at once; their homes stay.
    """
    from littlest.commands.config.change import run_remove
    from littlest.commands.user.class_list import find_lists_of, has_other_admins

    machine = make_machine()
    lists = find_lists_of(machine, names)
    if not (yes or has_other_admins(machine, lists)):
        reason = "users.admin would be empty, so perhaps nobody could manage the hub any more."
        confirm(f"Remove {', '.join(names)}?", reason)
    _finish_applied(machine, run_remove(machine, lists), None, as_json)


@user_app.command("passwd")
def user_passwd(names: Names, *, as_json: Json = False) -> None:
    """Make one-time passwords for users.

    A one-time password is four words (36 bits). The user must choose another one at the next login. All sessions and
    tokens of the user end; a running server keeps running.
    """
    from littlest.commands.user.passwd import run_passwd

    finish(run_passwd(make_machine(), names), as_json)


def _add(
    machine: "Machine", lists: Mapping[str, Sequence[str]], names: Sequence[str], passwords: bool, as_json: bool
) -> NoReturn:
    """Add names to these lists of the settings, apply, and make the passwords that are needed."""
    from littlest.commands.config.change import run_add
    from littlest.commands.user.passwd import run_hand_out

    done = run_add(machine, lists)
    _finish_applied(machine, done, lambda: run_hand_out(machine, names, to_unclaimed=passwords), as_json)


def _finish_applied(machine: "Machine", done: Report, further: object, as_json: bool) -> NoReturn:
    from littlest.commands.apply import run_apply

    if not as_json:
        # print it first: applying may fail, and has the notes itself
        output.print_report(replace(done, lines=done.lines[:-1], notes=()), False)
    applied = run_with_progress(run_apply, machine)
    data = {"changes": done.data["changes"], "applied": applied.data}
    if applied.exit_code != ExitCode.DONE or not callable(further):
        finish(replace(applied, data=data), as_json)
    last: Report = further()
    finish(replace(last, lines=(*applied.lines, *last.lines), data={**data, **last.data}), as_json)
