"""Does a kernel of the user environment start? Asked without root's rights: admins can change what runs there."""

from littlest import paths
from littlest.errors import CommandFailed
from littlest.machine.commands import CommandResult
from littlest.machine.machine import Machine

SECONDS = 30.0
_NOBODY = "65534"
_IMPORT = "import ipykernel.kernelapp, jupyter_client, IPython"


def find_environment_problem(machine: Machine) -> str | None:
    """Return why the default kernel does not start, in Python's words; None when what it needs can be imported."""
    python = paths.USER_ENVIRONMENT_DIR / "bin/python"
    if not machine.is_live:
        return None
    if not machine.path(python).exists():
        return f"there is no {python}"
    try:
        done = run_as_nobody(machine, str(python), "-B", "-c", _IMPORT, timeout=SECONDS)
    except CommandFailed as error:
        return error.message
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return None if done.status == 0 else (said[-1] if said else f"{python} ended with status {done.status}")


def run_as_nobody(machine: Machine, *command: str, timeout: float) -> CommandResult:
    """Run a command without any rights, and return how it ended. Raises CommandFailed where it takes longer."""
    rights = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--no-new-privs")
    return machine.run([*rights, *command], check=False, timeout=timeout)
