"""Running the machine's commands in a clean environment."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from littlest.errors import CommandFailed

COMMAND_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STDERR_LINES = 12
"""How many of a failing command's last lines an error message shows."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The status and output of a command that has ended."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str


class CommandRunner:
    """The only place in the package that starts processes."""

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        check: bool = True,
        timeout: float = 120.0,
        env: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run a command in a clean environment, and wait at most `timeout` seconds.

        Raises CommandFailed when it cannot be started, does not end in time, or (with `check`) ends with another
        status than 0; the message then has the last lines of the command's output.
        """
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
        except OSError as error:
            raise _make_failure(argv, error) from None
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"{shlex.join(argv)}: did not end within {timeout:.0f} seconds") from None
        if check and done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-STDERR_LINES:]
            lines = (f"{shlex.join(argv)}: ended with status {done.returncode}", *(f"  {line}" for line in said))
            raise CommandFailed("\n".join(lines))
        return CommandResult(tuple(argv), done.returncode, done.stdout, done.stderr)

    def run_attached(self, argv: Sequence[str]) -> int:
        """Run a command that writes to our own output until it ends or Ctrl-C ends it; return its status.

        Raises CommandFailed when it cannot be started.
        """
        try:
            return subprocess.run(list(argv), check=False, env={**os.environ, "PATH": COMMAND_PATH}).returncode
        except OSError as error:
            raise _make_failure(argv, error) from None
        except KeyboardInterrupt:
            return 0

    def has_command(self, name: str) -> bool:
        """Whether the machine has this command."""
        return shutil.which(name, path=COMMAND_PATH) is not None


def _make_failure(argv: Sequence[str], error: OSError) -> CommandFailed:
    is_missing = isinstance(error, FileNotFoundError)
    return CommandFailed(f"{argv[0]}: {'this command is not installed' if is_missing else error.strerror}")
