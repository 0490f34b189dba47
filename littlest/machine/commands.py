"""Running the machine's commands in a clean environment."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from littlest.errors import CommandFailed

COMMAND_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STDERR_LINES = 12
"""How many of a failing command's last lines a person gets to see."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command left behind."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str


def run_command(
    argv: Sequence[str], *, input: str | None, check: bool, timeout: float, env: Mapping[str, str] | None
) -> CommandResult:
    """Run a command, and wait at most `timeout` seconds. `Machine.run` says what it raises."""
    environment = {"PATH": COMMAND_PATH, "LC_ALL": "C.UTF-8", "HOME": "/root", **(env or {})}
    try:
        done = subprocess.run(
            list(argv),
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=environment,
            check=False,
        )
    except FileNotFoundError:
        raise CommandFailed(f"{argv[0]}: this command is not installed") from None
    except OSError as error:
        raise CommandFailed(f"{shlex.join(argv)}: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{shlex.join(argv)}: did not end within {timeout:.0f} seconds") from None
    result = CommandResult(tuple(argv), done.returncode, done.stdout, done.stderr)
    if check and result.status != 0:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()[-STDERR_LINES:]
        raise CommandFailed(
            f"{shlex.join(argv)}: ended with status {result.status}" + "".join(f"\n  {line}" for line in said)
        )
    return result


def run_attached_command(argv: Sequence[str]) -> int:
    """Run a command that writes to our own output until it ends or Ctrl-C ends it; return its status.

    Raises CommandFailed when it cannot be started.
    """
    try:
        return subprocess.run(list(argv), check=False, env={**os.environ, "PATH": COMMAND_PATH}).returncode
    except FileNotFoundError:
        raise CommandFailed(f"{argv[0]}: this command is not installed") from None
    except OSError as error:
        raise CommandFailed(f"{argv[0]}: {error.strerror}") from None
    except KeyboardInterrupt:
        return 0
