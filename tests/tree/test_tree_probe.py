"""When waiting for the hub has become pointless."""

from littlest import paths
from littlest.system.probe import MOST_RESTARTS, find_ended, find_unsettled
from littlest.system.units import UnitLife

WELL = {paths.HUB_UNIT: UnitLife("active", 7), paths.PROXY_UNIT: UnitLife("active", 0)}


def test_units_that_run_are_waited_for_however_often_they_were_restarted_before() -> None:
    assert find_ended(WELL, WELL) is None


def test_a_unit_that_starts_again_is_waited_for_and_one_that_goes_on_doing_so_is_not() -> None:
    again = WELL | {paths.HUB_UNIT: UnitLife("activating", 7 + MOST_RESTARTS - 1)}
    assert find_ended(WELL, again) is None
    looping = WELL | {paths.HUB_UNIT: UnitLife("activating", 7 + MOST_RESTARTS)}
    assert "jupyterhub.service ended 3 times" in (find_ended(WELL, looping) or "")


def test_a_counter_that_began_anew_is_no_restart() -> None:
    assert find_ended(WELL, WELL | {paths.HUB_UNIT: UnitLife("active", 0)}) is None


def test_a_unit_that_systemd_gave_up_is_not_waited_for() -> None:
    failed = WELL | {paths.PROXY_UNIT: UnitLife("failed", 0)}
    assert find_ended(WELL, failed) == "jupyterhub-proxy.service has failed"


def test_a_hub_that_the_next_request_starts_is_waited_for() -> None:
    assert find_ended(WELL, WELL | {paths.HUB_UNIT: UnitLife("inactive", 7)}) is None


def test_answers_count_only_of_a_start_that_runs_on() -> None:
    assert find_unsettled(WELL, WELL) is None
    ending = WELL | {paths.HUB_UNIT: UnitLife("activating", 7)}
    assert find_unsettled(WELL, ending) == "jupyterhub.service is activating"
    another = WELL | {paths.HUB_UNIT: UnitLife("active", 8, "another")}
    assert find_unsettled(WELL, another) == "jupyterhub.service was started again"
