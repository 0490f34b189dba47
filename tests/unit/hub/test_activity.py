"""What counts as use of a server: by a computation, and by a person."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from littlest.server.computations import find_busy_kernels, has_busy_terminal
from littlest.server.persons import is_by_person, is_typing


class Kernels:
    """As much of a manager of kernels as is asked."""

    def __init__(self, **states: str) -> None:
        session = SimpleNamespace(feed_identities=lambda parts: (None, parts), unpack=json.loads)
        self.kernels = {
            name: SimpleNamespace(execution_state=state, session=session) for name, state in states.items()
        }
        self._kernel_buffers: dict[str, Any] = {}

    def list_kernel_ids(self) -> list[str]:
        return list(self.kernels)

    def get_kernel(self, name: str) -> Any:
        return self.kernels[name]


def make_parts(kind: str, cell: str) -> list[Any]:
    return ["", json.dumps({"msg_type": kind}), json.dumps({"msg_id": cell}), "{}"]


def test_a_kernel_that_computes_counts_though_it_says_nothing() -> None:
    assert find_busy_kernels(Kernels(a="idle", b="busy", c="starting")) == {"b"}


def test_a_kernel_that_asks_does_not_count_until_another_cell_begins() -> None:
    kernels = Kernels(a="busy")
    said = [
        ("stdin", make_parts("input_request", "1")),
        # on another socket, and so later
        ("iopub", make_parts("execute_input", "1")),
        ("iopub", make_parts("stream", "0")),
    ]
    kernels._kernel_buffers["a"] = {"buffer": said}
    assert find_busy_kernels(kernels) == set()
    said.append(("iopub", make_parts("execute_input", "2")))
    assert find_busy_kernels(kernels) == {"a"}
    kernels.kernels["a"].execution_state = "idle"
    assert find_busy_kernels(kernels) == set()
    kernels._kernel_buffers.clear()
    kernels.kernels["a"].execution_state = "busy"
    assert find_busy_kernels(kernels) == {"a"}


@pytest.mark.parametrize("manager", [None, SimpleNamespace(terminals={})])
def test_without_terminals_nothing_runs_in_one(manager: object) -> None:
    assert not has_busy_terminal(manager)


PAGE = {"Accept": "text/html,*/*"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "counts"),
    [
        ("GET", "lab", PAGE, 200, True),
        ("GET", "lab", PAGE | {"Sec-Fetch-Mode": "navigate"}, 200, True),
        ("GET", "lab", PAGE | {"Sec-Fetch-Mode": "cors"}, 200, False),
        ("GET", "api/contents", PAGE, 200, False),
        ("GET", "lab/api/settings", PAGE, 200, False),
        ("GET", "files/x.csv", {}, 200, False),
        ("GET", "littlest/presence", {}, 204, True),
        ("GET", "littlest/presence", {}, 403, False),
        ("PUT", "api/contents/x.ipynb", {}, 200, True),
        ("PUT", "api/contents/x.ipynb", {}, 409, False),
        ("POST", "api/kernels/1/restart", {}, 200, True),
        ("DELETE", "api/kernels/1", {}, 204, True),
        ("PUT", "lab/api/workspaces/default", {}, 204, False),
    ],
)
def test_which_requests_are_a_persons(
    method: str, path: str, headers: dict[str, str], status: int, counts: bool
) -> None:
    assert is_by_person(method, path, headers, status) is counts


@pytest.mark.parametrize(
    ("message", "counts"),
    [('["stdin", "x"]', True), ('["set_size", 1, 2, 3, 4]', False), ("[]", False), ("x", False)],
)
def test_what_is_typed_in_a_terminal(message: str, counts: bool) -> None:
    assert is_typing(message) is counts
