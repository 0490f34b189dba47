"""What logging in and reading figures need on this machine: a PAM service, a certificate authority, a usable token.

Without them the hub starts and its login page answers, but nobody can log in.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from littlest.config.auth import LdapAuth, PamAuth
from littlest.config.load import LoadedConfig
from littlest.config.problems import Problem
from littlest.errors import LittlestError
from littlest.system.machine import Machine
from littlest.system.named_files import read_named_file
from littlest.system.secret_files import read_secret_value

_PAM_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d")
_LEAST_TOKEN = 8
"""Characters that JupyterHub wants a token to have."""


def find_access_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """What keeps people from logging in with these settings, or Prometheus from its figures."""
    return tuple(_find_problems(machine, loaded))


def _find_problems(machine: Machine, loaded: LoadedConfig) -> Iterator[Problem]:
    config = loaded.config
    match config.auth:
        case PamAuth(service=service):
            if machine.list_directory(PurePosixPath(_PAM_FOLDERS[0])) and not any(
                service in machine.list_directory(PurePosixPath(folder)) for folder in _PAM_FOLDERS
            ):
                problem = f"there is no PAM service {service}: no file of this name in {' or '.join(_PAM_FOLDERS)}"
                yield loaded.make_problem(("auth", "service"), problem)
        case LdapAuth(certificate_authority=str(file)):
            if problem := _find_authority_problem(machine, file):
                yield loaded.make_problem(("auth", "certificate_authority"), problem)
    if config.metrics.token is not None:
        try:
            token = read_secret_value(machine, config.metrics.token)
        except (LittlestError, PermissionError):
            # told by another check, or nothing that this person may look at
            return
        if len(token) < _LEAST_TOKEN:
            problem = f"is shorter than {_LEAST_TOKEN} characters, and JupyterHub takes no such token"
            yield loaded.make_problem(("metrics", "token"), problem, "make one with: openssl rand -hex 32")


def _find_authority_problem(machine: Machine, file: str) -> str:
    from cryptography import x509  # noqa: PLC0415  # only for this one way to log in

    try:
        x509.load_pem_x509_certificates(read_named_file(machine, file))
    except PermissionError:
        return ""
    except LittlestError as error:
        return error.message
    except ValueError:
        return f"{file} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
    return ""
