"""Secrets that we generate once and keep in files that only root can read."""

import secrets

from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.plan.steps import EnsureSecret, WriteEnvironmentFile

SECRET_MODE = 0o600


def is_secret_there(machine: Machine, step: EnsureSecret) -> bool:
    """Whether the secret exists, and only root can read it."""
    state = machine.read_state(step.path)
    return state is not None and state.mode == SECRET_MODE and bool(machine.read_bytes(step.path))


def ensure_secret(machine: Machine, step: EnsureSecret) -> None:
    """Generate the secret, or let only root read the one that is there."""
    # JupyterHub refuses longer tokens, and its cookie secret and crypt key are 32 bytes
    value = (machine.read_text(step.path) or "").strip() or secrets.token_hex(32)
    machine.write_file(step.path, value + "\n", mode=SECRET_MODE)


def is_environment_file_written(machine: Machine, step: WriteEnvironmentFile) -> bool:
    """Whether the file holds these secrets as they are now."""
    state = machine.read_state(step.path)
    if state is None or state.mode != SECRET_MODE or any(not machine.read_text(file) for _, file in step.secrets):
        return False
    return machine.read_text(step.path) == _render(machine, step)


def write_environment_file(machine: Machine, step: WriteEnvironmentFile) -> None:
    """Write the file that systemd reads."""
    machine.write_file(step.path, _render(machine, step), mode=SECRET_MODE)


def read_secret(machine: Machine, step: EnsureSecret) -> str:
    """Return the secret's value. Raises LittlestError when it is missing."""
    value = (machine.read_text(step.path) or "").strip()
    if not value:
        raise LittlestError(f"the secret {step.path} is missing", "Run: sudo littlest apply")
    return value


def _render(machine: Machine, step: WriteEnvironmentFile) -> str:
    return "".join(f"{name}={read_secret(machine, EnsureSecret(file))}\n" for name, file in step.secrets)
