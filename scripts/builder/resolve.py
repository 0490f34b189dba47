"""Asks uv which wheels a set of requirements needs on the servers that we build for."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from builder.cache import work_folder
from builder.locks import PYTHON_SERIES, WHEEL_GLIBC_MINOR, read_changes

_OPTIONS = (
    f"--python-version={PYTHON_SERIES}",
    f"--python-platform=x86_64-manylinux_2_{WHEEL_GLIBC_MINOR}",
    # it wants a Python 3.13 to look at, and does well without
    "--no-python-downloads",
    "--generate-hashes",
    # a lock names no registry: the client knows its own
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--no-annotate",
    # no server compiles, and what a source package runs to be built is locked by nobody
    "--only-binary=:all:",
)


class NotResolved(ValueError):
    """uv found no set of wheels; the text is its explanation."""


def resolve(requirements: Iterable[str], constraints: Sequence[Path] = (), *, dependencies: bool = True) -> str:
    """The text of a lock of everything that `requirements` need: newest versions, sha256 of each of their files.

    Raises NotResolved.
    """
    changes = read_changes()
    with work_folder("resolve") as work:
        (work / "requirements.in").write_text("".join(f"{line}\n" for line in requirements))
        # an override with a marker that never holds is uv's way to leave a package out
        overrides = [f"{name} ; sys_platform == 'never'\n" for name in changes.without]
        (work / "overrides.txt").write_text("".join(overrides))
        command = ["uv", "pip", "compile", "-q", *_OPTIONS, f"--override={work / 'overrides.txt'}"]
        command += [f"--no-binary={name}" for name in changes.sources]
        command += [f"--constraint={file}" for file in constraints]
        command += [] if dependencies else ["--no-deps"]
        done = subprocess.run([*command, work / "requirements.in"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotResolved(done.stderr.strip()[-3000:])
    return done.stdout
