"""How pytest-xdist shares the tests out: a file's stay together, and those of a tier that cannot run next to itself.

Not by the mark `xdist_group`: pytest-xdist 3.8 writes it into a test's name, where pytest 9.2 no longer sees it, and
then shares them out one by one without a word (pytest-dev/pytest-xdist, issue 1386).
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

ALONE = ("hub", "build", "vm")
"""Tiers whose tests use the same addresses, folders or virtual machine."""


class TierScheduling(LoadScopeScheduling):
    """Gives each process whole files or whole tiers."""

    def _split_scope(self, nodeid: str) -> str:
        return name_share(nodeid)


def name_share(nodeid: str) -> str:
    """Name what a test is run together with, by one process: its tier, or its file."""
    file = PurePosixPath(nodeid.partition("::")[0])
    tier = file.parts[1] if file.parts[0] == "tests" else ""
    return tier if tier in ALONE else str(file)
