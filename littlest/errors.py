"""The one exception tree. Raised anywhere, caught once in `littlest.cli.main`."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a `littlest` command tells the shell."""

    DONE = 0
    FAILED = 1
    """Failed, and the system is as it was."""
    USAGE = 2
    INVALID_CONFIG = 3
    DRIFT = 4
    """Something is not as it should be."""
    BUSY = 5
    NEEDS_A_PERSON = 6
    CORRUPT = 65
    UNSUPPORTED = 69
    NEEDS_ROOT = 77
    INTERRUPTED = 130
    """What shells expect of a command that Ctrl-C ended: 128 + SIGINT."""


class LittlestError(Exception):
    """A failure that a person can act on: what failed and why, and in `hint` what to do."""

    exit_code: int = ExitCode.FAILED

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LittlestError):
    """The command was called wrongly."""

    exit_code = ExitCode.USAGE


class ConfigError(LittlestError):
    """The configuration is not valid; the message names every problem as `file:line: key: problem`."""

    exit_code = ExitCode.INVALID_CONFIG


class CommandFailed(LittlestError):
    """A command that we ran ended with a status other than zero."""


class NotReady(LittlestError):
    """Something did not answer before its deadline."""


class BusyError(LittlestError):
    """Another `littlest` is changing this machine."""

    exit_code = ExitCode.BUSY


class NeedsAPerson(LittlestError):
    """Failed, and rolling back failed too."""

    exit_code = ExitCode.NEEDS_A_PERSON


class NeedsRoot(LittlestError):
    """Only root may do this."""

    exit_code = ExitCode.NEEDS_ROOT


class Interrupted(LittlestError):
    """Somebody ended the command, and the system is as it was."""

    exit_code = ExitCode.INTERRUPTED


def find_failure(cause: BaseException) -> type[LittlestError]:
    """Return the kind of error that says that everything is as it was before this cause."""
    return Interrupted if isinstance(cause, KeyboardInterrupt) else LittlestError
