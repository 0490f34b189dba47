"""How every command begins and ends."""

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from littlest.cli import output
from littlest.report import Report

if TYPE_CHECKING:
    from littlest.machine.machine import Machine

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def make_machine() -> "Machine":
    """Return this machine."""
    from littlest.machine.machine import Machine  # `littlest --version` needs none

    return Machine()


def finish(report: Report, as_json: bool = False) -> NoReturn:
    """Print a command's report and exit with its exit code."""
    output.print_report(report, as_json)
    raise typer.Exit(int(report.exit_code))
