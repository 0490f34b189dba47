"""What `scripts/bench` makes of what it measured."""

import pytest
from benchmarks.figures import Figure, render_table
from benchmarks.installing import split
from benchmarks.stage import Installation


def test_a_figure_is_the_median_of_its_runs() -> None:
    figure = Figure("hub ready", "s", (4.0, 9.0, 3.0), goal=5)
    assert (figure.result, figure.is_met) == (4.0, True)


def test_one_failed_request_misses_the_goal_whatever_the_other_runs_say() -> None:
    figure = Figure("failed", "", (0, 1, 0), goal=0, worst_counts=True)
    assert (figure.result, figure.is_met) == (1, False)


def test_a_figure_without_a_goal_is_neither_met_nor_missed() -> None:
    assert Figure("first in Lab", "s", (2.0,)).is_met is None


def test_the_table_names_a_missed_goal() -> None:
    table = render_table([Figure("hub ready", "s", (6.0,), goal=5), Figure("memory", "MB", (190.4,), goal=220)])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert rows[2:] == [["hub ready", "6.00 s", "1", "5 s", "NO"], ["memory", "190 MB", "1", "220 MB", "yes"]]


def test_every_second_of_an_install_belongs_to_one_phase() -> None:
    said = (
        (0.1, "[1/5]   0 s  Checking this file"),
        (1.1, "[2/5]   1 s  Checking this machine"),
        (1.5, "Note: sudo is not installed"),
        (2.0, "[3/5]   2 s  Unpacking 150 packages"),
        (5.0, "[4/5]   5 s  Installing the packages"),
        (9.0, "[5/5]   9 s  Setting up the hub"),
        (10.0, "  create the group littlest-admins"),
        (11.0, "  create the user environment /opt/littlest/user"),
        (12.0, "  user environment: 20 of 60 packages"),
        (15.0, "  start jupyterhub.service at every boot"),
        (15.5, "  start jupyterhub.service, or restart it with its new settings"),
        (18.0, "  wait until the hub answers at http://127.0.0.1:80/hub/api/"),
        (19.0, "The Littlest JupyterHub 0.1.0 is running."),
        (19.1, "Open http://server.example"),
    )
    phases = split(Installation(20.0, 18.9, said))
    assert sum(phases.values()) == pytest.approx(20.0)
    assert phases["create the user environment"] == 4.0
    assert phases["look at the machine"] == pytest.approx(0.9)
    assert phases["accounts, files, secrets"] == 1.5
    assert phases["wait for the hub"] == 1.0
    assert phases["tidy up"] == pytest.approx(1.0)
