"""SHA-256 of many files at once."""

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def read_digests(directory: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Return the SHA-256 of each of these files below a directory, in hexadecimal; "missing" if it is unreadable."""
    folder = os.fspath(directory)

    def read_digest(name: str) -> str:
        try:
            with open(f"{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123  # tens of thousands of files
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return "missing"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return tuple(pool.map(read_digest, names))
