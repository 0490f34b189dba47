"""The attack list is as long as it must be, and no two attempts have one name."""

from tests.support.attacks.attack_list import ATTACKS, FEWEST, count_attempts


def test_enough_is_tried_by_each() -> None:
    for attempts, fewest in zip(ATTACKS.values(), FEWEST, strict=True):
        assert count_attempts(attempts) >= fewest
    names = [one.name for attempts in ATTACKS.values() for one in attempts]
    assert len(names) == len(set(names))
