"""When waiting for the hub has become pointless."""

import importlib.metadata
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from littlest import paths
from littlest.errors import NotReady
from littlest.machine.machine import Machine
from littlest.plan.steps import WaitUntilReady
from littlest.system.hub.ready import MOST_RESTARTS, STEADY_SECONDS, find_ended, find_unsettled, wait_until_ready
from littlest.system.units.units import UnitStatus

WELL = {paths.HUB_UNIT: UnitStatus("active", 7), paths.PROXY_UNIT: UnitStatus("active", 0)}


def test_units_that_run_are_waited_for_however_often_they_were_restarted_before() -> None:
    assert find_ended(WELL, WELL) is None


def test_a_unit_that_starts_again_is_waited_for_and_one_that_goes_on_doing_so_is_not() -> None:
    again = WELL | {paths.HUB_UNIT: UnitStatus("activating", 7 + MOST_RESTARTS - 1)}
    assert find_ended(WELL, again) is None
    looping = WELL | {paths.HUB_UNIT: UnitStatus("activating", 7 + MOST_RESTARTS)}
    assert "jupyterhub.service ended 3 times" in (find_ended(WELL, looping) or "")


def test_a_counter_that_began_again_is_no_restart() -> None:
    assert find_ended(WELL, WELL | {paths.HUB_UNIT: UnitStatus("active", 0)}) is None


def test_a_unit_that_systemd_gave_up_is_not_waited_for() -> None:
    failed = WELL | {paths.PROXY_UNIT: UnitStatus("failed", 0)}
    assert find_ended(WELL, failed) == "jupyterhub-proxy.service has failed"


def test_a_hub_that_the_next_request_starts_is_waited_for() -> None:
    assert find_ended(WELL, WELL | {paths.HUB_UNIT: UnitStatus("inactive", 7)}) is None


def test_answers_count_only_of_a_start_that_runs_on() -> None:
    assert find_unsettled(WELL, WELL) is None
    ending = WELL | {paths.HUB_UNIT: UnitStatus("activating", 7)}
    assert find_unsettled(WELL, ending) == "jupyterhub.service is activating"
    another = WELL | {paths.HUB_UNIT: UnitStatus("active", 8, "another")}
    assert find_unsettled(WELL, another) == "jupyterhub.service was started again"


def test_a_unit_that_cannot_tell_when_it_is_ready_must_have_run_for_a_while() -> None:
    # it may end as soon as it has read its settings
    young = UnitStatus("active", 0, "first", STEADY_SECONDS / 2)
    assert find_unsettled(WELL, WELL | {paths.CULLER_UNIT: young}) == f"{paths.CULLER_UNIT} has only just started"
    old = UnitStatus("active", 0, "first", STEADY_SECONDS)
    assert find_unsettled(WELL, WELL | {paths.CULLER_UNIT: old}) is None
    ended = UnitStatus("activating", 0, "first", 9.0)
    assert find_unsettled(WELL, WELL | {paths.CULLER_UNIT: ended}) == f"{paths.CULLER_UNIT} is activating"


@contextmanager
def serve(answers: frozenset[str]) -> Iterator[str]:
    """A hub that answers some requests as one does, and lets all others wait; the address of its API."""
    version = importlib.metadata.version("jupyterhub")
    end = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0].rsplit("/hub/", 1)[1]
            if name not in answers:
                end.wait()
                return
            said = {"api/": {"version": version}, "api/users": {"_pagination": {"total": 1}}}.get(name)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html></html>" if said is None else json.dumps(said).encode())

        def do_DELETE(self) -> None:
            end.wait()

        def do_POST(self) -> None:
            end.wait()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hub/api/"
        end.set()
        server.shutdown()


@pytest.mark.parametrize("answers", [(), ("api/",), ("api/", "login", "api/users")])
def test_a_hub_that_does_not_answer_is_not_waited_for_past_the_deadline(
    machine: Machine, answers: tuple[str, ...]
) -> None:
    machine.write_file(paths.COMMAND_TOKEN_FILE, "0" * 64, mode=0o600)
    with serve(frozenset(answers)) as url:
        began = time.monotonic()
        with pytest.raises(NotReady, match="did not become healthy within 1 seconds"):
            wait_until_ready(machine, WaitUntilReady(url, 1.0))
        assert time.monotonic() - began < 5
