"""How every command begins and ends."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from littlest.cli import output
from littlest.errors import ExitCode, UsageError
from littlest.report import Report

if TYPE_CHECKING:
    from littlest.machine.machine import Machine

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def make_machine() -> "Machine":
    """Return this machine."""
    from littlest.machine.machine import Machine  # `littlest --version` needs none

    return Machine()


def run_with_progress(run: Callable[..., Report], *arguments: Any) -> Report:
    """Run a command that takes long, and print each of its steps on standard error."""
    with output.show_progress() as progress:
        return run(*arguments, progress=progress)


def finish(report: Report, as_json: bool = False) -> NoReturn:
    """Print a command's report and exit with its exit code."""
    output.print_report(report, as_json)
    raise typer.Exit(int(report.exit_code))


def confirm(question: str, reason: str = "") -> None:
    """Ask a person, and exit with 1 when the answer is no. Raises UsageError, with the reason, without a terminal."""
    if not output.is_interactive():
        problem = f"{reason} Confirmation is required, but there is no terminal.".lstrip()
        raise UsageError(problem, "Add --yes to confirm.")
    if (output.ask(f"{reason} {question} (y/N) ".lstrip()) or "").strip().lower() not in ("y", "yes"):
        output.print_note("Nothing was changed.")
        raise typer.Exit(int(ExitCode.FAILED))
