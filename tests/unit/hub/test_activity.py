"""What counts as a running computation."""

from types import SimpleNamespace

import pytest

from littlest.server.activity import has_busy_kernel, has_busy_terminal


def test_a_kernel_that_computes_counts_though_it_says_nothing() -> None:
    assert has_busy_kernel([{"execution_state": "idle"}, {"execution_state": "busy"}])
    assert not has_busy_kernel([{"execution_state": "idle"}, {"execution_state": "starting"}, {}])


@pytest.mark.parametrize("manager", [None, SimpleNamespace(terminals={})])
def test_without_terminals_nothing_runs_in_one(manager: object) -> None:
    assert not has_busy_terminal(manager)
