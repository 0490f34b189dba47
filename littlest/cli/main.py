"""The command line: one short function per command, the only exit, and the only place that catches every error.

Each function imports what it needs when it is called, so that `littlest --version` and `littlest config show` do not
import the rest.
"""

import copy
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from littlest import __version__
from littlest.cli import output
from littlest.cli.config import config_app
from littlest.cli.invocation import Json, Yes, confirm, finish, make_machine, run_with_progress
from littlest.cli.user import user_app
from littlest.errors import ExitCode, LittlestError, UsageError
from littlest.report import Report
from littlest.skipped_imports import import_core_schema, leave_out_pydantic_plugins

_COMPLETE = "_LITTLEST_COMPLETE"
"""The variable in which a shell asks for completions."""

_PURGE = (
    "Remove JupyterHub from this machine with everything in it: settings, database, the user environment, and every "
    "hub user's account and home? This cannot be undone."
)

app = typer.Typer(
    name="littlest",
    help="The Littlest JupyterHub: manage the JupyterHub on this machine.",
    epilog="The settings are in /etc/littlest/config.yaml. For help on a command: littlest COMMAND --help.",
    add_completion=False,
    no_args_is_help=True,
    # importing rich takes as long as importing everything else
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(config_app)
app.add_typer(user_app)


def _show_version(wanted: bool) -> None:
    if wanted:
        as_json = "--json" in sys.argv
        output.print_report(Report(lines=(f"littlest {__version__}",), data={"version": __version__}), as_json)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when the command fails.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --version: print it as JSON.")] = False,
) -> None:
    if as_json:
        raise UsageError("--json must come after the command.", "For example: littlest status --json")


@app.command()
def status(as_json: Json = False) -> None:
    """Show whether everything is healthy. Exits with code 4 if it is not."""
    from littlest.commands.status import run_status

    finish(run_status(make_machine()), as_json)


@app.command()
def plan(as_json: Json = False) -> None:
    """Show what `littlest apply` would change, without changing it. Exits with code 4 if there is anything to do."""
    from littlest.commands.plan import run_plan

    finish(run_plan(make_machine()), as_json)


@app.command()
def apply(as_json: Json = False) -> None:
    """Apply the settings to this machine. Restarts only what needs a restart."""
    from littlest.commands.apply import run_apply

    finish(run_with_progress(run_apply, make_machine()), as_json)


@app.command()
def logs(
    what: Annotated[
        str | None,
        typer.Argument(metavar="[hub|proxy|culler|USER]", help="Whose log to show; all of them by default."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep showing new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Number of most recent lines to show.")] = 100,
    as_json: Json = False,
) -> None:
    """Show the logs of the hub, the proxy and the users' servers."""
    from littlest.commands.logs import run_logs

    if follow and as_json:
        raise UsageError("--follow cannot be combined with --json.", "Use one of the two.")
    finish(run_logs(make_machine(), what, follow, lines), as_json)


@app.command()
def doctor(
    *,
    deep: Annotated[bool, typer.Option("--deep", help="Also check what takes long; starts a test server.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Fix what can be fixed safely, then check again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --fix: do not ask for confirmation.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List all checks.")] = False,
    check: Annotated[
        list[str] | None, typer.Option("--check", metavar="ID", help="Make only this check; can be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find out what is wrong, and what fixes it.

    Exits with code 0 if nothing is wrong, 1 for warnings, 2 for failures, 3 if a check could not look.
    """
    from littlest.commands.doctor import COULD_NOT_LOOK, list_checks, run_doctor, run_fixes

    if list_all:
        finish(list_checks(), as_json)
    words = (make_machine(), deep, check or ())
    try:
        report = run_with_progress(run_doctor, *words)
        if fix and (fixes := report.data["safe_fixes"]):
            if not yes:
                confirm("\n".join(("These commands are safe to run:", *(f"  {one}" for one in fixes), "Run them?")))
            report = run_with_progress(run_fixes, *words, fixes)
        finish(report, as_json)
    except UsageError:
        raise
    except LittlestError as error:
        error.exit_code = COULD_NOT_LOOK
        raise


@app.command()
def support_bundle(
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where to write it.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write one file for somebody who helps you: findings, logs and settings, without passwords and tokens."""
    from littlest.commands.support_bundle import run_support_bundle

    finish(run_with_progress(run_support_bundle, make_machine(), to), as_json)


@app.command()
def repair(
    what: Annotated[Literal["database"], typer.Argument(metavar="database", help="What to repair.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make a backup of the hub's database, then remove for good the rows that the hub left out."""
    from littlest.commands.repair import run_repair, show_repair

    found = show_repair(make_machine())
    if dry_run or not (found.data["rows"] or found.data["problems"]):
        finish(found, as_json)
    if not yes:
        confirm("\n".join((*found.lines, "Make a backup, then remove these rows for good?")))
    finish(run_repair(make_machine()), as_json)


@app.command()
def uninstall(
    purge: Annotated[
        bool,
        typer.Option("--purge", help="Also remove the settings, the database and the users' accounts and homes."),
    ] = False,
    yes: Yes = False,
) -> None:
    """Remove JupyterHub from this machine. Keeps settings, accounts and homes unless you give --purge."""
    from littlest.commands.uninstall import run_uninstall

    if not yes:
        confirm(_PURGE if purge else "Remove JupyterHub from this machine? Settings, accounts and homes are kept.")
    finish(run_with_progress(run_uninstall, make_machine(), purge))


@app.command()
def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish"],
        typer.Argument(metavar="bash|zsh|fish", help="The shell to print the script for."),
    ],
) -> None:
    """Print the shell completion script. To use it: eval "$(littlest completion bash)"."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    script = get_completion_script(prog_name="littlest", complete_var=_COMPLETE, shell=shell)
    finish(Report(lines=tuple(script.splitlines())))


@app.command(hidden=True)
def install(
    admin: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:FILE]", envvar="LITTLEST_ADMIN", help="First admin, and the file with their password."
        ),
    ] = None,
    no_start: Annotated[
        bool, typer.Option("--no-start", envvar="LITTLEST_NO_START", help="Install without starting anything.")
    ] = False,
    log: Annotated[str | None, typer.Option(envvar="LITTLEST_LOG", help="Log file to mention in messages.")] = None,
) -> None:
    """Finish an installation; the installer calls this."""
    from littlest.commands.install import run_install

    finish(run_with_progress(run_install, make_machine(), admin or None, not no_start, log or None))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every error ends here and is printed in a few plain lines."""
    words = list(arguments)
    options = words[: words.index("--")] if "--" in words else words
    as_json, debug = "--json" in options, "--debug" in options
    if debug:
        # it may be anywhere on the line
        words.remove("--debug")
    log_file = os.environ.get("LITTLEST_LOG") or None
    if _COMPLETE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
    try:
        # typer would print usage errors as text, also with --json
        ended = _find_app(words)(args=words, prog_name="littlest", standalone_mode=not as_json)
        return _note_interrupt(ended)
    except SystemExit as end:
        return _note_interrupt(end.code)
    except typer.TyperException as error:
        output.print_error(UsageError(error.format_message(), "Run the same command with --help."), as_json)
        return int(ExitCode.USAGE)
    except LittlestError as error:
        if debug:
            output.print_traceback()
        output.print_error(error, as_json, log_file)
        return int(error.exit_code)
    except Exception as error:
        if debug:
            output.print_traceback()
        output.print_error(_explain_surprise(error), as_json, log_file)
        return int(ExitCode.FAILED)


def _find_app(words: Sequence[str]) -> typer.Typer:
    """Return a command line with only the command of a group that the words name, or else the whole: typer would make
    every command, which takes 4 ms."""
    for group in (config_app, user_app):
        named = [one for one in group.registered_commands if [group.info.name, one.name] == list(words[:2])]
        if named:
            found, inner = copy.copy(app), copy.copy(group)
            found.registered_commands, found.registered_groups, inner.registered_commands = [], [], named
            found.add_typer(inner)
            return found
    return app


def _note_interrupt(code: object) -> int:
    """Return an exit code; print a note when Ctrl-C ended the command."""
    if code == ExitCode.INTERRUPTED:
        output.print_note("Interrupted. Completed steps are kept; run the same command again to continue.")
    return code if isinstance(code, int) else int(ExitCode.FAILED)


def _explain_surprise(error: Exception) -> LittlestError:
    if isinstance(error, OSError):
        return LittlestError(
            f"Operating system error: {error}.", "Run the same command with --debug to see where it happened."
        )
    return LittlestError(
        f"Bug in littlest: {type(error).__name__}: {error}",
        "Run the same command with --debug and report the output.",
    )


def main() -> NoReturn:
    """Run the command line of this process."""
    leave_out_pydantic_plugins()
    import_core_schema()
    code = run(sys.argv[1:])
    is_written = output.flush()
    # without the teardown of a hundred modules
    os._exit(code if is_written else code or int(ExitCode.FAILED))
