"""What each check finds in what was read from a machine."""

import importlib.metadata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from littlest import paths
from littlest.config.text.problems import Problem
from littlest.health.checks import CHECKS, LEAST_HOMES, LEAST_INODES, LOW_DISK, SOON, find_findings
from littlest.health.readings import Readings

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


def test_nothing_is_found_on_a_healthy_server() -> None:
    assert find_findings(HEALTHY) == ()


@pytest.mark.parametrize(
    ("check", "change", "lines"),
    [
        (
            "units",
            {"units": {paths.HUB_UNIT: "failed", paths.PROXY_UNIT: "active"}},
            ["jupyterhub.service is failed: sudo journalctl -u jupyterhub.service"],
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
            "settings",
            {"drop_in_problems": ["10-x.py:1: no"]},
            ["a drop-in failed when the hub started: 10-x.py:1: no"],
        ),
        ("certificate", {"certificate_ends": "2020-01-01T00:00:00+00:00"}, ["expires at 2020-01-01"]),
        ("homes", {"homes_free_bytes": LEAST_HOMES - 1}, ["only 256 MB are free for the users' homes"]),
        ("homes", {"homes_free_inodes": LEAST_INODES - 1}, ["only 9999 more files fit"]),
        ("memory limits", {"is_memory_limited": False}, ["enforces no limit of memory"]),
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
            ["nothing can be written to /home: its disk is read-only: sudo journalctl"],
        ),
        ("disk", {"disk_free_bytes": LOW_DISK - 1}, ["1024 MB of disk are free"]),
    ],
)
def test_each_check_finds_what_is_wrong(check: str, change: dict[str, Any], lines: list[str]) -> None:
    findings = find_findings(replace(HEALTHY, **change))
    assert [finding.check for finding in findings] == [check] * len(lines)
    for finding, line in zip(findings, lines, strict=True):
        assert line in str(finding)


def test_every_check_says_what_it_checks() -> None:
    assert all(check.__doc__ for check in CHECKS.values())
