"""How pytest-xdist shares the tests out: whole files, in the order of the command line, the long tiers first.

A process is given its next file when it has two tests left. So the long tests must not come last: one process would
have minutes of them, and the others nothing. `scripts/test` names the tiers in that order.

Not by the mark `xdist_group`: pytest-xdist 3.8 writes it into a test's name, where pytest 9.2 no longer sees it, and
then shares them out one by one without a word (pytest-dev/pytest-xdist, issue 1386).
"""

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ALONE = ("vm",)
"""Tiers whose tests all use one virtual machine."""


class TierScheduling(LoadScopeScheduling):
    """Gives each process whole files or whole tiers."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it would put the files of many short tests first

    def _split_scope(self, nodeid: str) -> str:
        return name_share(nodeid)


def name_share(nodeid: str) -> str:
    """Name what a test is run together with, by one process: its tier, or its file."""
    file = PurePosixPath(nodeid.partition("::")[0])
    tier = file.parts[1] if file.parts[0] == "tests" else ""
    return tier if tier in ALONE else str(file)
