"""Rules of what users find on their servers: variables, and the places where people's files may lie. Pure functions.

Each raises ValueError with the end of a sentence, as those of `littlest.config.sections.values` do.
"""

import re
from pathlib import PurePosixPath as Path

from littlest.config.sections.values import FILE_PATH, VARIABLE_NAME, parse_file_path, parse_variable_name

_SYSTEM_TREES = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
)
_OUR_TREES = ("/opt/littlest", "/var/lib/littlest", "/var/log/littlest")
_PRIVATE_TREES = ("/tmp", "/var/tmp", "/var/run", "/var/lock")  # noqa: S108  # refused, not used
_TREES = (*_SYSTEM_TREES, *_OUR_TREES, *_PRIVATE_TREES)
_UNSHARED_TREES = ("/efi", "/lost+found", "/nix", "/ostree", "/snap", "/sysroot", "/var")
"""Besides the others: there programs keep what is theirs, which the rights of a shared folder would open to all."""
_PEOPLES_PLACE = rf"(?!/*(?:{'|'.join(tree[1:] for tree in _TREES)})(?:/|$))"
HOMES = rf"{_PEOPLES_PLACE}(?!/*$){FILE_PATH}"
_SHARED_PLACE = rf"(?!/*(?:{'|'.join(re.escape(tree[1:]) for tree in _UNSHARED_TREES)})(?:/|$))"
SHARED_PATH = rf"{_PEOPLES_PLACE}{_SHARED_PLACE}(?!/*(?:home|media|mnt|opt|srv|srv/littlest)?/*$){FILE_PATH}"
PROGRAM_FOLDER = rf"(?!.*:){FILE_PATH}"
_NOT_SHARED = ("/", "/home", "/media", "/mnt", "/opt", "/srv", "/srv/littlest")
"""What others have their things in, too: to share it would be to change who may go through it."""
_OWN_VARIABLES = ("HOME", "USER", "LOGNAME", "SHELL", "JUPYTER_PATH", "JUPYTER_RUNTIME_DIR")
_LIMIT_VARIABLES = ("MEM_LIMIT", "MEM_GUARANTEE", "CPU_LIMIT", "CPU_GUARANTEE")
_OWN_BEGINNINGS = ("JUPYTERHUB_", "JPY_", "LITTLEST_")
SERVER_VARIABLE = (
    rf"(?!(?:{'|'.join(('PATH', *_OWN_VARIABLES, *_LIMIT_VARIABLES))})$|{'|'.join(_OWN_BEGINNINGS)}){VARIABLE_NAME}"
)
VARIABLE_VALUE = r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]*"
"""Without control characters, for which systemd would leave the variable out."""
_VALUE = re.compile(VARIABLE_VALUE)
_LONGEST_VARIABLE = 100_000
"""Bytes; the kernel starts no program with a longer one than 131072."""


def parse_homes(path: str) -> str:
    """Return the folder in which homes may be made. Raises ValueError."""
    path = parse_file_path(path)
    _check_place(path)
    if path == "/":
        raise ValueError("is the whole machine; write a folder such as /mnt/homes")
    return path


def parse_shared_path(path: str) -> str:
    """Return a folder that may be shared. Raises ValueError."""
    path = parse_file_path(path)
    _check_place(path)
    if any(Path(path).is_relative_to(tree) for tree in _UNSHARED_TREES):
        raise ValueError("is where programs keep what is theirs; write a folder of people's, such as /srv/data")
    if path in _NOT_SHARED:
        raise ValueError("holds more than what is shared; write a folder of its own, such as /srv/data")
    return path


def parse_program_folder(path: str) -> str:
    """Return a folder that can be named in PATH. Raises ValueError."""
    path = parse_file_path(path)
    if ":" in path:
        raise ValueError("has a colon in it, which PATH cannot hold")
    return path


def parse_variable_value(value: str) -> str:
    """Return the value of an environment variable. Raises ValueError for one that no program can be started with."""
    if not _VALUE.fullmatch(value):
        raise ValueError("has a character in it that no environment variable may have")
    if len(value.encode()) > _LONGEST_VARIABLE:
        raise ValueError(f"is longer than {_LONGEST_VARIABLE} bytes; put it into a file")
    return value


def parse_server_variable(name: str) -> str:
    """Return the name of a variable of users' servers. Raises ValueError for one that the server itself needs."""
    name = parse_variable_name(name)
    if name == "PATH":
        raise ValueError("is set by the server; name folders of programs in user_environment.path")
    if name in _LIMIT_VARIABLES:
        raise ValueError("is set by the server; see limits.memory and limits.cpu")
    if name in _OWN_VARIABLES or name.startswith(_OWN_BEGINNINGS):
        raise ValueError("is set by the server itself; choose another name")
    return name


def _check_place(path: str) -> None:
    tree = next((tree for tree in _TREES if Path(path).is_relative_to(tree)), None)
    if tree in _PRIVATE_TREES:
        raise ValueError("is different for every server, or gone after a restart; write one such as /srv/data")
    if tree is not None:
        raise ValueError("belongs to the system; write a folder for people's files, such as /srv/data or /mnt/homes")
