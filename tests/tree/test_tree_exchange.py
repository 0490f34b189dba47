"""A shared folder in which everything keeps its own rights, used as nbgrader uses its exchange."""

import os
from pathlib import Path

import pytest
from sharing import act_as, make_sharing_tree

from littlest import paths
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.machine.acl import ACCESS, DEFAULT, read_acl
from littlest.machine.machine import Machine
from littlest.plan.shared_folders import make_folder_steps
from littlest.system.folders.folder_rights import ensure_shared_folder, is_shared_folder_made, repair_shared_folder

OPEN = "shared_folders: {exchange: {writable: true, keep_rights: true}}"
CLOSED = "shared_folders: {exchange: {writable: true}}"
(STEP,) = make_folder_steps(load_config(OPEN, "config.yaml"))
(ORDINARY,) = make_folder_steps(load_config(CLOSED, "config.yaml"))
TEACHER, ADA, EVE = 20_001, 20_002, 20_003
# what nbgrader's release_assignment, fetch_assignment, submit and collect do with the files
RELEASE = """
mkdir -m 755 biology biology/outbound && mkdir biology/inbound && chmod 2733 biology/inbound
mkdir -m 755 biology/outbound/ps1 && echo task >biology/outbound/ps1/ps1.ipynb
chmod 644 biology/outbound/ps1/ps1.ipynb
"""
SUBMIT = """
cat biology/outbound/ps1/ps1.ipynb >/dev/null && cd biology/inbound && mkdir ada+ps1+secret
echo answer >ada+ps1+secret/ps1.ipynb && chmod 664 ada+ps1+secret/ps1.ipynb && chmod 775 ada+ps1+secret
"""


@pytest.fixture
def exchange(machine: Machine) -> Path:
    ready = make_sharing_tree(machine)
    ensure_shared_folder(ready, STEP)
    assert is_shared_folder_made(ready, STEP)
    return ready.path(STEP.path)


def act(machine: Machine, uid: int, command: str, folder: Path) -> bool:
    return act_as(machine, uid, f"umask 002; {command}", paths.USERS_GROUP, folder=folder)


def test_an_exchange_works_and_is_private(machine: Machine, exchange: Path) -> None:
    # nbgrader insists on these bits
    assert exchange.stat().st_mode & 0o777 == 0o777
    assert act(machine, TEACHER, RELEASE, exchange)
    assert act(machine, ADA, SUBMIT, exchange)
    # the keeper changes nothing in it
    assert list(repair_shared_folder(machine, STEP)) == []
    assert act(machine, TEACHER, "cat biology/inbound/*/ps1.ipynb", exchange)
    for attack in (
        "ls biology/inbound",
        "cat biology/inbound/*/ps1.ipynb",
        "echo x >biology/outbound/ps1/ps1.ipynb",
        "mv biology mine",
        "rm -r biology",
        "mkdir biology/outbound/ps2",
    ):
        assert not act(machine, EVE, attack, exchange), attack


def test_an_ordinary_shared_folder_becomes_one_and_the_other_way_round(machine: Machine, exchange: Path) -> None:
    for step in (ORDINARY, STEP):
        ensure_shared_folder(machine, step)
        assert is_shared_folder_made(machine, step)
        assert not is_shared_folder_made(machine, STEP if step is ORDINARY else ORDINARY)
    descriptor = os.open(exchange, os.O_RDONLY)
    try:
        assert read_acl(descriptor, ACCESS) is None
        assert read_acl(descriptor, DEFAULT) is None
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("shared_folders: {exchange: {keep_rights: true}}", "needs shared_folders.exchange.writable as well"),
        (
            "users: {groups: {a: {}}}\nshared_folders: {x: {writable: true, keep_rights: true, groups: [a]}}",
            "is open to every user",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        load_config(text, "config.yaml")
    assert problem in str(refused.value.problems[0])
