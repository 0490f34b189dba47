"""What each check finds in what was read from a machine."""

import importlib.metadata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from littlest import paths
from littlest.commands import status
from littlest.config.text.problems import Problem
from littlest.errors import LittlestError
from littlest.health import account_checks, deep_checks, machine_checks, service_checks, status_checks
from littlest.health.checks import CHECKS, OfReadings, find_findings
from littlest.health.finding import Check, Examined, Fault, Finding, Level
from littlest.health.readings import Readings
from littlest.health.status_checks import LEAST_HOMES, LEAST_INODES, LOW_DISK, SOON

HEALTHY = Readings(
    jupyterhub_version=importlib.metadata.version("jupyterhub"),
    users=3,
    servers=1,
    hub_settings_file=str(paths.CONFIG_FILE),
    addresses=["http://hub/"],
    login_addresses={},
    units={paths.HUB_UNIT: "active", paths.PROXY_UNIT: "active"},
    certificate_ends=(datetime.now(UTC) + SOON + timedelta(days=1)).isoformat(),
    disk_total_bytes=2 * LOW_DISK,
    disk_free_bytes=LOW_DISK,
    memory_total_bytes=2**30,
    memory_free_bytes=2**30,
    is_install_unfinished=False,
)
INVALID = Problem("config.yaml", 2, 1, "http.prt", "unknown key")


STATUS_CHECKS = [check for check in CHECKS if isinstance(check.look, OfReadings)]


def find(readings: Readings) -> tuple[Finding, ...]:
    examined = Examined.__new__(Examined)
    vars(examined)["readings"] = readings
    return find_findings(examined, STATUS_CHECKS)


def test_status_names_users_who_may_not_log_in_any_more() -> None:
    line = "  removed  ada, bob: may not log in any more"
    assert line in status._render(replace(HEALTHY, removed_users=["ada", "bob"]), ())
    assert not any("removed" in one for one in status._render(HEALTHY, ()))


def test_nothing_is_found_on_a_healthy_server() -> None:
    assert find(HEALTHY) == ()


@pytest.mark.parametrize(
    ("check", "change", "lines"),
    [
        (
            "units",
            {"units": {paths.HUB_UNIT: "failed", paths.PROXY_UNIT: "active"}},
            ["jupyterhub.service is failed (its log: sudo journalctl -u jupyterhub.service): sudo littlest apply"],
        ),
        (
            "applied",
            {"steps_not_done": ["write /a", "start b"]},
            ["the machine is not as the settings say (write /a; start b): sudo littlest apply"],
        ),
        (
            "passwords",
            {"first_passwords_missing": ["admin"], "users_without_password": ["ada", "o'hara"]},
            ["to make new ones, to be used once: sudo littlest user passwd admin ada"],
        ),
        ("hub", {"hub_problem": "it is down", "jupyterhub_version": None}, ["does not answer correctly: it is down"]),
        ("hub", {"jupyterhub_version": "1.0"}, ["JupyterHub 1.0 runs, "]),
        ("hub", {"runs_other_settings": True}, ["other settings than those last applied: sudo littlest apply"]),
        ("installation", {"is_install_unfinished": True}, ["run the installer again"]),
        ("settings", {"settings_problem": "x is missing", "settings_fix": "y"}, ["x is missing: y"]),
        (
            "settings",
            {
                "settings_problem": "it is not valid",
                "settings_problems": [INVALID],
                "hub_settings_problems": [str(INVALID), "config.yaml: the hub ended each time"],
            },
            ["it is not valid", "config.yaml:2: http.prt: unknown key", "ended each time"],
        ),
        (
            "drop-ins",
            {"drop_in_problems": ["10-x.py:1: no"]},
            ["a drop-in failed when the hub started: 10-x.py:1: no"],
        ),
        ("certificate", {"certificate_ends": "2020-01-01T00:00:00+00:00"}, ["expires at 2020-01-01"]),
        ("homes", {"homes_free_bytes": LEAST_HOMES - 1}, ["only 256 MB are free for the users' homes"]),
        ("homes", {"homes_free_inodes": LEAST_INODES - 1}, ["only 9999 more files fit"]),
        ("memory-limits", {"is_memory_limited": False}, ["enforces no limit of memory"]),
        ("environment", {"environment_problem": "No module named x"}, ["starts: No module named x"]),
        ("release", {"damaged_files": ["bin/python", "x"]}, ["2 files of the release are missing or changed: bin"]),
        ("release", {"damaged_files": None}, ["no list of its files"]),
        ("database", {"database_problems": ["it was gone"]}, ["it was gone: sudo littlest repair database"]),
        (
            "database",
            {"rows_left_out": [str(n) for n in range(7)]},
            ["rows of its database: 0; 1; 2; 3; 4; and 2 more"],
        ),
        ("disk", {"disk_free_inodes": LEAST_INODES - 1}, ["only 9999 more files fit on the disk of /var/lib"]),
        (
            "disk",
            {"read_only": ["/home"]},
            ["nothing can be written to /home, because its disk is read-only (to see why: sudo journalctl -k"],
        ),
        ("disk", {"disk_free_bytes": LOW_DISK - 1}, ["1024 MB of disk are free"]),
    ],
)
def test_each_check_finds_what_is_wrong(check: str, change: dict[str, Any], lines: list[str]) -> None:
    findings = find(replace(HEALTHY, **change))
    assert [finding.check for finding in findings] == [check] * len(lines)
    for finding, line in zip(findings, lines, strict=True):
        assert line in str(finding)


def test_a_new_password_of_an_admin_is_not_made_without_a_person() -> None:
    found = find(replace(HEALTHY, steps_not_done=["x"], first_passwords_missing=["admin"]))
    assert [finding.is_safe for finding in found] == [False, False]


def test_every_check_says_what_it_checks_and_why() -> None:
    assert all(check.title.endswith(".") and check.look.__doc__ for check in CHECKS)
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_every_check_of_a_room_is_in_the_table() -> None:
    rooms = (status_checks, service_checks, machine_checks, account_checks, deep_checks)
    named = {function for room in rooms for function in vars(room).values() if _is_check(function, room.__name__)}
    assert named == {getattr(check.look, "look", check.look) for check in CHECKS}


def _is_check(value: object, room: str) -> bool:
    return getattr(value, "__name__", "").startswith("check_") and getattr(value, "__module__", "") == room


def test_a_check_that_cannot_look_is_a_finding() -> None:
    def look(_examined: Examined) -> Iterator[Fault]:
        raise LittlestError("systemd does not answer")
        yield Fault("")

    (finding,) = find_findings(Examined.__new__(Examined), (Check("one", "All is fine.", look),))
    assert finding.level is Level.UNKNOWN
    assert str(finding) == "could not look whether this is true: All is fine. systemd does not answer"
