"""What the machine must have for settings to work: files that they name, and traits of JupyterHub's classes.

`littlest.config.text.load` checks a text by itself; this is the second half. Every command that applies or saves
settings checks both, so that what is accepted works. Each subject is a module with one function, named in `CHECKS`.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.section import list_secrets
from littlest.config.text.load import LoadedConfig, load_located_config, sort_problems
from littlest.config.text.problems import InvalidConfig, Problem
from littlest.machine.machine import Machine
from littlest.system.folders.folder_checks import find_place_problems
from littlest.system.https.certificates import find_certificate_problems
from littlest.system.hub.access_checks import find_access_problems
from littlest.system.hub.dry_run import find_hub_problems
from littlest.system.hub.service_program_checks import find_service_problems
from littlest.system.network.addresses import find_address_problems
from littlest.system.network.ports import find_port_problems
from littlest.system.pages.logo import find_logo_problems
from littlest.system.secrets.secret_files import find_secret_problems
from littlest.system.servers.memory import find_memory_problems
from littlest.system.settings.active import find_active_settings

CHECKS: tuple[Callable[[Machine, LoadedConfig], Iterable[Problem]], ...] = (
    find_address_problems,
    find_certificate_problems,
    find_logo_problems,
    find_secret_problems,
    find_access_problems,
    find_memory_problems,
    find_place_problems,
    find_port_problems,
    find_service_problems,
    find_hub_problems,
)


def load_checked_config(machine: Machine, text: str, name: str) -> Config:
    """Return the settings of a text that can work on this machine.

    `name` is the text's name in messages. Raises ConfigError with every problem, ordered by line. Changes nothing.
    """
    loaded = load_located_config(text, name)
    problems = find_problems(machine, loaded)
    if problems:
        raise InvalidConfig(problems)
    return loaded.config


def load_active_config(machine: Machine) -> Config:
    """Return the settings that an apply would apply, if they can work on this machine.

    Raises as `find_active_settings` does, and ConfigError with every problem.
    """
    settings = find_active_settings(machine)
    return load_checked_config(machine, settings.text, str(settings.file))


def list_left_out(machine: Machine, config: Config) -> tuple[str, ...]:
    """Return files and folders that only root may read, so that the checks of another person leave them out."""
    https = config.https
    files = [str(paths.DROP_IN_DIR), *(secret.file for _, secret in list_secrets(config) if secret.file)]
    if https.enabled:
        files += [str(file) for file in (https.certificate, https.key)]
    if config.branding.logo:
        files.append(config.branding.logo)
    return tuple(sorted({file for file in files if _is_locked(machine, file)}))


def _is_locked(machine: Machine, file: str) -> bool:
    path = machine.path(PurePosixPath(file))
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.R_OK, effective_ids=True)


def find_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """Return what keeps these settings from working on this machine, by the file's lines; drop-ins at the end."""
    found = sort_problems(problem for find in CHECKS for problem in find(machine, loaded))
    return tuple(sorted(found, key=lambda problem: problem.file if problem.file.endswith(".py") else ""))
