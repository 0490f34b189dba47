"""The admin's drop-ins, `jupyterhub_config.d/*.py`, and the copies of those with which the hub was well."""

from pathlib import Path


def list_drop_ins(folder: Path) -> tuple[Path, ...]:
    """Every drop-in, in the order in which they run; hidden files are an editor's own."""
    return tuple(sorted(file for file in folder.glob("*.py") if not file.name.startswith(".")))


def read_drop_ins(folder: Path) -> dict[str, bytes]:
    """The content of every drop-in by its name, but of those that cannot be read, such as a link to nothing."""
    found = {}
    for file in list_drop_ins(folder):
        try:
            found[file.name] = file.read_bytes()
        except OSError:
            continue
    return found
