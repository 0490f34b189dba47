"""What logging in and reading metrics need on this machine: a PAM service, a certificate authority, a usable token.

Without them the hub starts and its login page answers, but nobody can log in.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from littlest.config.reference.keys import render_key
from littlest.config.sections.auth import LdapAuth, PamAuth
from littlest.config.sections.section import LONGEST_TOKEN, SHORTEST_TOKEN, list_secrets
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.machine.named_files import read_named_file
from littlest.system.secrets.secret_files import read_secret_value

_PAM_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d")


def find_access_problems(machine: Machine, loaded: LoadedConfig) -> Iterator[Problem]:
    """Yield what keeps people from logging in with these settings, or Prometheus from reading the metrics."""
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
    yield from _find_token_problems(machine, loaded)


def _find_token_problems(machine: Machine, loaded: LoadedConfig) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for place, secret in list_secrets(loaded.config):
        if place[0] not in ("metrics", "services"):
            continue
        try:
            token = read_secret_value(machine, secret)
        except (LittlestError, PermissionError):
            # another check reports it, or you may not read the file
            continue
        key = render_key(place)
        other = owners.setdefault(token, key)
        problem = _explain_token(token) or (f"is the token of {other}, too" if other != key else "")
        if problem:
            yield loaded.make_problem(place, problem, "make one with: openssl rand -hex 32")


def _explain_token(token: str) -> str:
    """Return why JupyterHub or a request's header does not take a token; empty if both do."""
    if len(token) < SHORTEST_TOKEN:
        return f"is shorter than {SHORTEST_TOKEN} characters, and JupyterHub takes no such token"
    if len(token) > LONGEST_TOKEN:
        return f"is longer than {LONGEST_TOKEN} characters, and JupyterHub takes no such token"
    if not re.fullmatch("[!-~]+", token):
        return "holds a space or another character that no token can have"
    return ""


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
