"""What a command returns: frozen data that `littlest.cli.output` renders as text or JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from littlest.errors import ExitCode


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one command."""

    lines: tuple[str, ...] = ()
    """What a person reads, a line each."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The same for `--json`."""
    exit_code: int = ExitCode.DONE
    """An `ExitCode`, or that of a command which has its own."""
    notes: tuple[str, ...] = ()
    """What a person should know besides the result, a line each: for standard error."""
