"""The commands of `littlest config`: one short function each, which imports what it needs when it is called."""

import sys
from dataclasses import replace
from typing import Annotated, Literal, NoReturn

import typer

from littlest.cli import output
from littlest.cli.invocation import Json, finish, make_machine, run_with_progress
from littlest.errors import UsageError
from littlest.report import Report

config_app = typer.Typer(
    help="Show, check and edit the settings.", no_args_is_help=True, rich_markup_mode=None, name="config"
)


def _complete_key(incomplete: str) -> list[str]:
    import json

    from littlest.config.reference.completion import SCHEMA_FILE, complete_keys

    return list(complete_keys(incomplete, json.loads(SCHEMA_FILE.read_text("utf-8"))))


Key = Annotated[
    str, typer.Argument(metavar="KEY", help="A setting, such as limits.memory.", autocompletion=_complete_key)
]
ListKey = Annotated[
    str, typer.Argument(metavar="KEY", help="A list, such as users.admin.", autocompletion=_complete_key)
]
MaybeKey = Annotated[
    str | None,
    typer.Argument(
        metavar="[KEY]", help="A setting or a group, such as limits.memory or limits.", autocompletion=_complete_key
    ),
]
Values = Annotated[
    list[str],
    typer.Argument(
        metavar="VALUE...", help="Values; @FILE reads one from each line of a file, and - from standard input."
    ),
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show secrets unmasked; only as root.")]
Apply = Annotated[bool, typer.Option("--apply", help="Apply the change at once, as `littlest apply` does.")]


@config_app.command("show")
def config_show(
    key: MaybeKey = None,
    *,
    effective: Annotated[bool, typer.Option("--effective", help="Show the settings that were last applied.")] = False,
    defaults: Annotated[bool, typer.Option("--defaults", help="Show the defaults of all settings.")] = False,
    only_changed: Annotated[
        bool, typer.Option("--diff", help="Show only settings that differ from their defaults.")
    ] = False,
    reveal: Reveal = False,
    as_json: Json = False,
) -> None:
    """Show the settings from the file, and the defaults of all others. Secrets are masked.

    If the file is not valid, shows its problems and the last known good settings, and exits with code 3.
    """
    from littlest.commands.config.show import run_show

    if defaults and (effective or only_changed):
        raise UsageError("--defaults cannot be combined with --effective or --diff.", "Use one of the options.")
    view: Literal["file", "effective", "defaults"] = "effective" if effective else "defaults" if defaults else "file"
    finish(run_show(make_machine(), key, view, only_changed=only_changed, reveal=reveal), as_json)


@config_app.command("get")
def config_get(key: Key, reveal: Reveal = False, as_json: Json = False) -> None:
    """Print the value of one setting for a shell script; a list is printed one entry per line."""
    from littlest.commands.config.show import run_get

    finish(run_get(make_machine(), key, reveal=reveal), as_json)


# otherwise an option-like value with an h in it would be read as -h
@config_app.command("set", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
def config_set(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY VALUE [KEY VALUE]...",
            help="Settings and their new values.",
            autocompletion=_complete_key,
        ),
    ],
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="KEY", help="Also unset this setting, in the same change.")
    ] = None,
    apply: Apply = False,
    as_json: Json = False,
) -> None:
    """Set one or more settings in a single change.

    With - as the value of a secret, you are asked for it, or it is read from standard input. Put -- before
    values that look like options.
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
        typer.Argument(metavar="KEY...", help="Settings or groups of settings.", autocompletion=_complete_key),
    ],
    apply: Apply = False,
    as_json: Json = False,
) -> None:
    """Reset settings to their defaults by removing them from the file."""
    from littlest.commands.config.change import run_unset

    _finish_change(run_unset(make_machine(), keys), apply, as_json)


@config_app.command("add")
def config_add(
    key: ListKey,
    values: Values,
    apply: Apply = False,
    as_json: Json = False,
) -> None:
    """Add values to a list, such as users.admin. Values that are already in the list are ignored."""
    from littlest.commands.config.change import run_add

    _finish_change(run_add(make_machine(), {key: _read_values(values)}), apply, as_json)


@config_app.command("remove")
def config_remove(
    key: ListKey,
    values: Values,
    apply: Apply = False,
    as_json: Json = False,
) -> None:
    """Remove values from a list. If one is not in the list, changes nothing and exits with code 1."""
    from littlest.commands.config.change import run_remove

    _finish_change(run_remove(make_machine(), {key: _read_values(values)}), apply, as_json)


@config_app.command("validate")
def config_validate(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="The file to check; /etc/littlest/config.yaml by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List every problem in a configuration file. Exits with code 3 if there is one."""
    from littlest.commands.config.show import run_validate

    finish(run_validate(make_machine(), file), as_json)


@config_app.command("help")
def config_help(key: MaybeKey = None, as_json: Json = False) -> None:
    """Describe a setting: its purpose, accepted values and default. Without a key, list the groups."""
    from littlest.commands.config.help import run_help

    finish(run_help(make_machine(), key), as_json)


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON schema of the file, which editors use to check it and to complete keys."""
    from littlest.commands.config.help import run_schema

    finish(run_schema())


@config_app.command("edit")
def config_edit() -> None:
    """Edit the settings in $EDITOR. They are saved only if they are valid."""
    from littlest.commands.config.edit import run_edit

    finish(run_edit(make_machine(), output.ask))


@config_app.command("history")
def config_history(as_json: Json = False) -> None:
    """List the revisions that were applied: when, by whom, and what changed."""
    from littlest.commands.config.history import run_history

    finish(run_history(make_machine()), as_json)


@config_app.command("diff")
def config_diff(
    number: Annotated[int, typer.Argument(metavar="N", help="Number of a revision in the history.")],
    as_json: Json = False,
) -> None:
    """Show the differences between a revision and the current file. Secrets are masked."""
    from littlest.commands.config.history import run_diff

    finish(run_diff(make_machine(), number), as_json)


@config_app.command("rollback")
def config_rollback(
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="[N]",
            help="Number of a revision in the history. Default: the applied revision if the file differs from it, "
            "otherwise the one before it.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Roll back to an earlier revision and apply it."""
    from littlest.commands.apply import run_rollback

    finish(run_with_progress(run_rollback, make_machine(), number), as_json)


def _read_values(words: list[str]) -> list[str]:
    """Return the values, with the lines of the files that are named. Raises UsageError."""
    from pathlib import Path

    values: list[str] = []
    for word in words:
        if word != "-" and not word.startswith("@"):
            values.append(word)
            continue
        try:
            # with the mark that programs of Windows put in front
            text = sys.stdin.read() if word == "-" else Path(word[1:]).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise UsageError(f"{word[1:] or 'Standard input'} cannot be read: {why}.") from None
        values += [line.strip() for line in text.splitlines() if line.strip()]
    if not values:
        raise UsageError("There is no value in it.", "Write one on each line.")
    return values


def _finish_change(report: Report, apply: bool, as_json: bool) -> NoReturn:
    """Print what changed, and apply it with --apply."""
    if not apply:
        finish(report, as_json)
    from littlest.commands.apply import run_apply

    # print it first: applying may fail, and has the notes itself
    if not as_json:
        lines = report.lines[:-1] if report.data["changed"] else report.lines
        output.print_report(replace(report, lines=lines, notes=()), False)
    applied = run_with_progress(run_apply, make_machine())
    finish(replace(applied, data={**report.data, "applied": applied.data}), as_json)
