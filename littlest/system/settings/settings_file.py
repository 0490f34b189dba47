"""The admin's settings file, which may be a link to where the admin keeps it, and copies of it."""

import codecs
import time
from pathlib import PurePosixPath

from littlest import paths
from littlest.config.text.load import decode_config, load_config
from littlest.config.text.problems import InvalidConfig, Problem
from littlest.config.text.render import make_data
from littlest.errors import LittlestError, NeedsRoot
from littlest.machine.machine import Machine
from littlest.machine.read_file import check_file
from littlest.system.settings.revisions import is_known_text, strip_bom

_PLAIN_FILE = "Move it away, and put a file in its place."
_OTHERS = 0o007


def find_real_file(machine: Machine, path: PurePosixPath) -> PurePosixPath:
    """Follow links, so that a change is made to the file that they lead to instead of replacing the link.

    Raises LittlestError for links that lead in a circle and for what is no file; ConfigError for a link to nothing: a
    file that was made there could be hidden by the disk that is to be mounted there.
    """
    try:
        check_file(machine.path(path))
    except FileNotFoundError:
        pass
    except PermissionError:
        raise NeedsRoot(f"Only root may read {path}.", "Put sudo in front of the command.") from None
    except OSError as error:
        raise LittlestError(f"{path} cannot be read: {error.strerror}.", _PLAIN_FILE) from None
    real = PurePosixPath("/") / machine.path(path).resolve().relative_to(machine.root)
    if real != path and machine.read_link(path) is not None and machine.read_state(real) is None:
        problem = f"this is a link to {real}, where no file is"
        raise InvalidConfig((Problem(str(path), 1, 1, "", problem),), "Mount what it leads to, or remove the link.")
    return real


def replace_settings(machine: Machine, content: str | bytes, *, keep_bom: bool = False) -> None:
    """Replace the admin's settings with one rename; the file keeps its owner and mode.

    But only its owner and group may read a file with secrets. With `keep_bom`, a file that began with a byte order
    mark keeps it.
    """
    path = find_real_file(machine, paths.CONFIG_FILE)
    data = content if isinstance(content, bytes) else content.encode()
    if keep_bom and (machine.read_bytes(path) or b"").startswith(codecs.BOM_UTF8):
        data = codecs.BOM_UTF8 + data
    state = machine.read_state(path)
    if state is None:
        machine.write_file(path, data, mode=0o640)
    else:
        mode = state.mode & ~_OTHERS if _holds_secrets(content) else state.mode
        # by number: files that were brought from elsewhere may have an owner without an account
        machine.write_file(path, data, mode=mode, owner=state.uid, group=state.gid)


def close_settings(machine: Machine) -> bool:
    """Let only the owner and group read a file with secrets, and return whether others could before."""
    path = find_real_file(machine, paths.CONFIG_FILE)
    state = machine.read_state(path)
    if state is None or not state.mode & _OTHERS or not _holds_secrets(machine.read_bytes(path) or b""):
        return False
    machine.path(path).chmod(state.mode & ~_OTHERS)
    return True


def _holds_secrets(content: str | bytes) -> bool:
    try:
        config = load_config(content if isinstance(content, str) else decode_config(content, ""), "")
    except InvalidConfig:
        # an unknown key may be a misspelt one of a secret
        return True
    return make_data(config) != make_data(config, reveal=True)


def keep_copy(machine: Machine, replacement: str) -> PurePosixPath | None:
    """Keep a copy of the admin's settings that are about to be replaced, and return its name.

    None where nothing would be lost: they are the same, or a revision has them.
    """
    content = machine.read_bytes(paths.CONFIG_FILE)
    if content is None or strip_bom(content) == replacement.encode() or is_known_text(machine, content):
        return None
    return keep_apart(machine, "saved", content)


def keep_rejected(machine: Machine, text: str) -> PurePosixPath | None:
    """Keep settings with which the hub did not start, for the admin to correct.

    Those that were kept so before get another name, which is returned.
    """
    before, older = machine.read_bytes(paths.REJECTED_CONFIG_FILE), None
    if before is not None and before != text.encode() and not is_known_text(machine, before):
        older = keep_apart(machine, "rejected", before)
    machine.write_file(paths.REJECTED_CONFIG_FILE, text, mode=0o640)
    return older


def keep_apart(machine: Machine, kind: str, content: bytes) -> PurePosixPath:
    """Keep what an admin wrote under a name of its own next to config.yaml, and return that name."""
    copy = find_free_name(machine, kind)
    machine.write_file(copy, content, mode=0o640)
    return copy


def find_free_name(machine: Machine, kind: str) -> PurePosixPath:
    """Return an unused name next to config.yaml, with the kind of copy and the time."""
    name = time.strftime(f"{paths.CONFIG_FILE.name}.{kind}-%Y%m%dT%H%M%SZ", time.gmtime())
    taken = set(machine.list_directory(paths.CONFIG_FILE.parent))
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return paths.CONFIG_FILE.with_name(next(one for one in names if one not in taken))


def are_settings_kept(machine: Machine, *, once: bool) -> bool:
    """Whether the last known good settings are those in the admin's file; with `once`, whether there are any."""
    kept = machine.read_bytes(paths.LAST_GOOD_CONFIG_FILE)
    return kept is not None and (once or kept == strip_bom(machine.read_bytes(paths.CONFIG_FILE) or b""))


def keep_settings(machine: Machine) -> None:
    """Keep a copy of the admin's settings as the last known good ones."""
    content = strip_bom(machine.read_bytes(paths.CONFIG_FILE) or b"")
    machine.write_file(paths.LAST_GOOD_CONFIG_FILE, content, mode=0o600)
