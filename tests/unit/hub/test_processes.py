"""Whose a process is, and which groups it has."""

from littlest.system.accounts.processes import Process, parse_process

STATUS = """Name:\tsleep
State:\tS (sleeping)
Uid:\t1001\t1001\t1001\t1001
Gid:\t1001\t1002\t1001\t1001
Groups:\t998 999{more}
"""


def test_all_numbers_of_a_process_count() -> None:
    assert parse_process(STATUS.format(more=" 1001 ")) == Process(
        frozenset({1001}), frozenset({1001, 1002, 998, 999})
    )
    # one that changes to root has the user's number still
    assert parse_process("State:\tR (running)\nUid:\t1001\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n") == Process(
        frozenset({1001, 0}), frozenset({0})
    )


def test_one_in_a_container_is_known_by_its_second_number() -> None:
    inside = parse_process(STATUS.format(more="\nNSpid:\t4711\t1"))
    outside = parse_process(STATUS.format(more="\nNSpid:\t4711"))
    assert inside is not None
    assert outside is not None
    assert (inside.is_nested, outside.is_nested) == (True, False)


def test_what_has_ended_is_none() -> None:
    assert parse_process(STATUS.replace("S (sleeping)", "Z (zombie)")) is None
    assert parse_process("") is None
