"""What the settings come to for one user."""

import pytest

from littlest.config.model import Config
from littlest.config.resolve import UserLimits, list_groups_of, resolve_default_app, resolve_limits
from littlest.config.text.load import load_config

MIB, GIB = 2**20, 2**30


def make_config(text: str) -> Config:
    return load_config(text, "config.yaml")


def test_without_settings_everybody_has_the_defaults() -> None:
    assert resolve_limits(Config(), "ada") == UserLimits(memory=GIB, cpu=None, processes=1024, open_servers=1)


def test_everybodys_limits_are_everybodys() -> None:
    config = make_config("limits: {memory: 512M, cpu: 0.5, processes: 256, open_servers: 3}")
    assert resolve_limits(config, "ada") == UserLimits(512 * MIB, 0.5, 256, 3)


def test_a_groups_limit_counts_for_its_members_only() -> None:
    config = make_config("users: {groups: {biology: {members: [ada], limits: {memory: 4G}}}}")
    assert resolve_limits(config, "ada").memory == 4 * GIB
    assert resolve_limits(config, "grace").memory == GIB


def test_a_group_may_get_less_than_everybody() -> None:
    config = make_config("users: {groups: {guests: {members: [ada], limits: {memory: 256M, cpu: 0.25}}}}")
    assert resolve_limits(config, "ada") == UserLimits(256 * MIB, 0.25, 1024, 1)


@pytest.mark.parametrize(
    ("key", "small", "large", "expected"),
    [
        # 900M is more than 1024K, whatever the letters and digits are
        ("memory", "1048576K", "4G", 4 * GIB),
        ("memory", "900M", "2G", 2 * GIB),
        ("cpu", "0.5", "2", 2.0),
        ("processes", "100", "900", 900),
        ("open_servers", "2", "10", 10),
        ("memory", "4G", "null", None),
        ("cpu", "4", "null", None),
        ("processes", "4000", "null", None),
        ("open_servers", "40", "null", None),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_of_several_groups_the_most_generous_counts(
    key: str, small: str, large: str, expected: object, turned: bool
) -> None:
    first, second = (large, small) if turned else (small, large)
    config = make_config(
        "users:\n  groups:\n"
        f"    biology: {{members: [ada], limits: {{{key}: {first}}}}}\n"
        f"    history: {{members: [ada], limits: {{{key}: {second}}}}}\n"
    )
    assert getattr(resolve_limits(config, "ada"), key) == expected


def test_a_group_without_a_limit_of_its_own_lifts_none_of_another_group() -> None:
    config = make_config(
        "users: {groups: {biology: {members: [ada]}, guests: {members: [ada], limits: {memory: 256M}}}}"
    )
    assert resolve_limits(config, "ada").memory == 256 * MIB


def test_a_users_own_limit_counts_before_every_groups_even_when_it_is_less() -> None:
    config = make_config(
        "limits: {users: {ada: {memory: 256M}}}\n"
        "users: {groups: {biology: {members: [ada], limits: {memory: null, cpu: 2}}}}\n"
    )
    limits = resolve_limits(config, "ada")
    assert limits.memory == 256 * MIB
    # each limit is looked for by itself
    assert limits.cpu == 2
    assert limits.processes == 1024


@pytest.mark.parametrize("key", ["memory", "cpu", "processes", "open_servers"])
def test_null_is_no_limit_on_every_level(key: str) -> None:
    everybody = make_config(f"limits: {{{key}: null}}")
    group = make_config(f"users: {{groups: {{biology: {{members: [ada], limits: {{{key}: null}}}}}}}}")
    own = make_config(f"limits: {{cpu: 1, users: {{ada: {{{key}: null}}}}}}")
    for config in (everybody, group, own):
        assert getattr(resolve_limits(config, "ada"), key) is None


def test_a_users_own_empty_limits_change_nothing() -> None:
    config = make_config("limits: {memory: 2G, users: {ada: {}}}")
    assert resolve_limits(config, "ada").memory == 2 * GIB


def test_names_are_found_however_they_are_written_in_the_file() -> None:
    config = make_config(
        "limits: {users: {Ada: {memory: 2G}}}\nusers: {groups: {biology: {members: [Grace], limits: {cpu: 2}}}}"
    )
    assert resolve_limits(config, "ada").memory == 2 * GIB
    assert resolve_limits(config, "grace").cpu == 2


def test_the_groups_of_a_user_come_in_the_order_of_the_file() -> None:
    config = make_config("users: {groups: {history: {members: [ada]}, art: {}, biology: {members: [ada, grace]}}}")
    assert list_groups_of(config, "ada") == ("history", "biology")
    assert list_groups_of(config, "nobody") == ()


def test_the_first_group_that_names_an_application_decides() -> None:
    config = make_config(
        "user_environment: {default_app: jupyterlab}\n"
        "users:\n  groups:\n"
        "    history: {members: [ada]}\n"
        "    biology: {members: [ada, grace], default_app: notebook}\n"
        "    art: {members: [ada], default_app: jupyterlab}\n"
    )
    assert resolve_default_app(config, "ada") == "notebook"
    assert resolve_default_app(config, "grace") == "notebook"
    assert resolve_default_app(config, "linus") == "jupyterlab"


def test_without_a_group_everybodys_application_opens() -> None:
    assert resolve_default_app(make_config("user_environment: {default_app: notebook}"), "ada") == "notebook"
