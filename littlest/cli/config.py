"""The verbs of `littlest config`: one short function for each, which imports what it needs when it is called."""

from dataclasses import replace
from typing import Annotated, Literal, NoReturn

import typer

from littlest.cli import output
from littlest.cli.invocation import Json, finish, make_machine
from littlest.errors import UsageError
from littlest.report import Report

config_app = typer.Typer(
    help="Show, check and edit the settings.", no_args_is_help=True, rich_markup_mode=None, name="config"
)


def _complete_key(incomplete: str) -> list[str]:
    import json

    from littlest.config.reference.completion import SCHEMA_FILE, complete_keys

    return list(complete_keys(incomplete, json.loads(SCHEMA_FILE.read_text("utf-8"))))


Key = Annotated[str, typer.Argument(metavar="KEY", help="Such as limits.memory.", autocompletion=_complete_key)]
MaybeKey = Annotated[
    str | None,
    typer.Argument(metavar="[KEY]", help="Such as limits.memory, or limits.", autocompletion=_complete_key),
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show secrets as they are; root only.")]
Apply = Annotated[bool, typer.Option("--apply", help="Put it in force at once, as `littlest apply` does.")]


@config_app.command("show")
def config_show(
    key: MaybeKey = None,
    *,
    effective: Annotated[
        bool, typer.Option("--effective", help="Show the settings that were put in force last.")
    ] = False,
    defaults: Annotated[bool, typer.Option("--defaults", help="Show the defaults of all settings.")] = False,
    only_changed: Annotated[bool, typer.Option("--diff", help="Show only what differs from the defaults.")] = False,
    reveal: Reveal = False,
    as_json: Json = False,
) -> None:
    """Show the settings that the file gives, with the defaults of all others; secrets are masked.

    Where the file is not valid, the last good settings are shown, its problems named, and the exit code is 3.
    """
    from littlest.commands.config.show import run_show

    if defaults and (effective or only_changed):
        raise UsageError("--defaults stands alone: it shows nothing of this machine.", "Give one of the options.")
    view: Literal["file", "effective", "defaults"] = "effective" if effective else "defaults" if defaults else "file"
    finish(run_show(make_machine(), key, view, only_changed=only_changed, reveal=reveal), as_json)


@config_app.command("get")
def config_get(key: Key, reveal: Reveal = False, as_json: Json = False) -> None:
    """Write the value of one setting for a shell script, of a list each entry on a line."""
    from littlest.commands.config.show import run_get

    finish(run_get(make_machine(), key, reveal=reveal), as_json)


# a value with an h in it would else be taken for -h
@config_app.command("set", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
def config_set(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY VALUE [KEY VALUE]...",
            help="Settings, each with its new value.",
            autocompletion=_complete_key,
        ),
    ],
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="KEY", help="Unset this one with the same change.")
    ] = None,
    apply: Apply = False,
    as_json: Json = False,
) -> None:
    """Give settings other values; several that belong together change together.

    The value - of a secret is asked for, or read from the input. A value that is also an option stands after --.
    """
    from littlest.commands.config.change import run_set

    if words == ["-h"]:
        typer.echo(context.get_help())
        raise typer.Exit
    _finish_change(run_set(make_machine(), words, unset or [], output.ask_secret), apply, as_json)


@config_app.command("unset")
def config_unset(
    keys: Annotated[
        list[str],
        typer.Argument(metavar="KEY...", help="Settings, or groups of them.", autocompletion=_complete_key),
    ],
    apply: Apply = False,
    as_json: Json = False,
) -> None:
    """Give settings their defaults back, by taking them out of the file."""
    from littlest.commands.config.change import run_unset

    _finish_change(run_unset(make_machine(), keys), apply, as_json)


@config_app.command("add")
def config_add(
    key: Key,
    values: Annotated[list[str], typer.Argument(metavar="VALUE...", help="What to add.")],
    apply: Apply = False,
    as_json: Json = False,
) -> None:
    """Add values to a list, such as users.admin. One that is in it already is no error."""
    from littlest.commands.config.change import run_add

    _finish_change(run_add(make_machine(), key, values), apply, as_json)


@config_app.command("remove")
def config_remove(
    key: Key,
    values: Annotated[list[str], typer.Argument(metavar="VALUE...", help="What to remove.")],
    apply: Apply = False,
    as_json: Json = False,
) -> None:
    """Remove values from a list. Exit code 1, and nothing changed, when one is not in it."""
    from littlest.commands.config.change import run_remove

    _finish_change(run_remove(make_machine(), key, values), apply, as_json)


@config_app.command("validate")
def config_validate(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="/etc/littlest/config.yaml by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Name every problem in a configuration file. Exit code 3 when there is one."""
    from littlest.commands.config.show import run_validate

    finish(run_validate(make_machine(), file), as_json)


@config_app.command("help")
def config_help(key: MaybeKey = None, as_json: Json = False) -> None:
    """Tell what a setting is for, what it takes and what its default is; without a key, list the groups."""
    from littlest.commands.config.help import run_help

    finish(run_help(make_machine(), key), as_json)


@config_app.command("schema")
def config_schema() -> None:
    """Write the JSON schema of the file, with which editors check it and complete keys."""
    from littlest.commands.config.help import run_schema

    finish(run_schema())


@config_app.command("edit")
def config_edit() -> None:
    """Edit the settings in $EDITOR. They are saved only when they are valid."""
    from littlest.commands.config.edit import run_edit

    finish(run_edit(make_machine(), output.ask))


@config_app.command("history")
def config_history(as_json: Json = False) -> None:
    """List the settings that were in force: when, by whom, and which changed."""
    from littlest.commands.config.history import run_history

    finish(run_history(make_machine()), as_json)


@config_app.command("diff")
def config_diff(
    number: Annotated[int, typer.Argument(metavar="N", help="Of an entry in the history.")], as_json: Json = False
) -> None:
    """Show what differs between earlier settings and the file now; secrets are masked."""
    from littlest.commands.config.history import run_diff

    finish(run_diff(make_machine(), number), as_json)


@config_app.command("rollback")
def config_rollback(
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="[N]",
            help="Of an entry in the history; by default those in force where the file differs, else those before.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Put earlier settings back and in force, at once."""
    from littlest.commands.apply import run_rollback

    with output.show_progress() as progress:
        report = run_rollback(make_machine(), number, progress=progress)
    finish(report, as_json)


def _finish_change(report: Report, apply: bool, as_json: bool) -> NoReturn:
    """Tell what was changed, and put it in force where that is wanted."""
    if not apply:
        finish(report, as_json)
    from littlest.commands.apply import run_apply

    # before anything else is said: what follows may fail
    if not as_json:
        output.print_report(
            replace(report, lines=report.lines[:-1] if report.data["changed"] else report.lines), False
        )
    with output.show_progress() as progress:
        applied = run_apply(make_machine(), progress=progress)
    finish(replace(applied, data={**report.data, "applied": applied.data}), as_json)
