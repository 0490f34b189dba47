"""Any hub user name gets an account and a unit of its own, and never one that a shell or systemd reads wrongly."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from littlest import paths
from littlest.plan.account_names import (
    make_account_name,
    make_comment,
    make_digested_account_name,
    make_group_name,
    make_server_description,
    make_unit_name,
)

# every kind of name that was trouble somewhere, and names that are near to each other
AWKWARD = [
    "a",
    "A",
    "anna",
    "Anna",
    "ANNA",
    "änna",
    "a b",
    "a-b",
    "a_b",
    "a.b",
    "a+b",
    "a@b",
    "a--b",
    "-a",
    "a-",
    "*",
    "?",
    "[a]",
    "%",
    "..",
    "~",
    "\\",
    "'",
    '"',
    "$(reboot)",
    "; reboot",
    "{USERNAME}",
    "x.service",
    "x.mount",
    "x",
    "root",
    "littlest-proxy",
    "0",
    "1234567890",
    "olga@example.org",
    "李小龍",
    "😀",
    "a\u0301",
    "á",
    "a" * 24,
    "a" * 25,
    "a" * 26,
    "a" * 27,
    "a" * 255,
    "b" + "a" * 254,
    "123e4567-e89b-12d3-a456-426614174000",
]

names = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(min_size=1, max_size=40),
    st.text(alphabet="abAB-_. *0", min_size=1, max_size=30),
    st.from_regex(r"[a-z]{1,11}-[0-9a-f]{12}", fullmatch=True),
)
servers = st.one_of(st.just(""), st.from_regex(r"[a-z][a-z0-9-]{0,28}[a-z0-9]", fullmatch=True))


templates = st.sampled_from(["jupyter-{name}", "{name}", "x{name}", "_{name}", "course-2026_{name}"])


@pytest.mark.parametrize("template", ["jupyter-{name}", "{name}", "x{name}"])
def test_awkward_names_have_accounts_and_units_of_their_own(template: str) -> None:
    prefix = template.removesuffix("{name}")
    everyone = [*AWKWARD, *(make_account_name(name, template).removeprefix(prefix) for name in AWKWARD)]
    different = set(everyone)
    assert len({make_account_name(name, template) for name in different}) == len(different)
    assert len({make_unit_name(name) for name in different}) == len(different)


@given(names, templates)
def test_an_account_name_is_one_that_useradd_takes_everywhere(user: str, template: str) -> None:
    for name in (make_account_name(user, template), make_digested_account_name(user, template)):
        # Debian, Ubuntu, RHEL and systemd agree on these; and on a name that is no number
        assert re.fullmatch(r"[a-z_]([a-z0-9_.-]*[a-z0-9_])?", name)
        assert "--" not in name
        assert ".." not in name
        assert len(name) <= 32
        # what the server has itself
        assert not name.startswith("littlest-")


@given(names, names, templates)
@example("a b", "a-b", "{name}")
@example("a", "A", "jupyter-{name}")
@example("x.service", "x", "jupyter-{name}")
@example("1", "u-1-6b86b273ff34", "{name}")
def test_two_names_never_share_an_account(one: str, other: str, template: str) -> None:
    assert (make_account_name(one, template) == make_account_name(other, template)) == (one == other)


@given(names, templates)
def test_a_name_that_looks_like_anothers_account_gets_another_one(user: str, template: str) -> None:
    account = make_account_name(user, template)
    imitation = account.removeprefix(template.removesuffix("{name}"))
    if imitation != user:
        assert make_account_name(imitation, template) != account


groups = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)


@given(groups, groups)
@example("a-0123456789ab", "a")
@example("0123456789ab", "0")
def test_each_group_has_a_unix_group_of_its_own(one: str, other: str) -> None:
    name = make_group_name(one)
    assert len(name) <= 32
    assert re.fullmatch(r"littlest-g-[a-z0-9]+(-[a-z0-9]+)*", name)
    assert (name == make_group_name(other)) == (one == other)


@given(names, servers, names, servers)
@example("a", "b", "a-b", "")
@example("a", "b-c", "a-b", "c")
def test_two_servers_never_share_a_unit(user: str, server: str, other_user: str, other_server: str) -> None:
    same = (user, server) == (other_user, other_server)
    assert (make_unit_name(user, server) == make_unit_name(other_user, other_server)) == same


@given(names, servers)
def test_a_unit_name_is_plain_and_short_enough_for_a_socket(user: str, server: str) -> None:
    unit = make_unit_name(user, server)
    assert re.fullmatch(r"jupyter-[a-z0-9][a-z0-9-]*\.service", unit)
    socket = paths.SERVERS_RUNTIME_DIR / unit.removesuffix(".service") / "server.sock"
    assert len(str(socket)) < 108
    assert not unit.startswith("jupyterhub")


def test_a_name_that_unix_allows_stays_readable() -> None:
    assert make_account_name("anna", "jupyter-{name}") == "jupyter-anna"
    assert make_account_name("1234567890", "jupyter-{name}") == "jupyter-1234567890"
    assert make_account_name("ada.lovelace", "jupyter-{name}") == "jupyter-ada.lovelace"
    assert make_account_name("ada.lovelace", "{name}") == "ada.lovelace"
    assert make_account_name("ada_l", "{name}") == "ada_l"
    assert make_account_name("olga@example.org", "jupyter-{name}").startswith("jupyter-olga-exampl-")
    # by itself it would be a number, not a name
    assert make_account_name("1234567890", "{name}").startswith("u-1234567890-")
    assert make_account_name("littlest-proxy", "{name}").startswith("u-littlest-proxy-")
    assert make_unit_name("anna") == "jupyter-anna.service"
    assert make_unit_name("anna", "gpu").startswith("jupyter-anna-gpu-")
    assert make_group_name("biology-101") == "littlest-g-biology-101"


@pytest.mark.parametrize("user", AWKWARD)
def test_a_comment_is_one_that_passwd_can_hold(user: str) -> None:
    comment = make_comment(user)
    assert re.fullmatch(r"littlest [A-Za-z0-9._@%-]+", comment)
    assert len(comment) < 150


@given(names, names)
def test_two_names_never_share_a_comment(one: str, other: str) -> None:
    assert (make_comment(one) == make_comment(other)) == (one == other)


@given(names, names)
@example("a b", "a%20b")
@example("a%b", "a%25b")
def test_two_users_never_share_a_description(one: str, other: str) -> None:
    assert (make_server_description(one) == make_server_description(other)) == (one == other)


@pytest.mark.parametrize(
    ("user", "written"),
    [("ada", "ada"), ("zoë müller", "zoë müller"), ("a%h$b\\", "a%25h%24b%5C"), ("x\ny", "x%0Ay")],
)
def test_a_description_names_the_user_with_nothing_that_systemd_reads_otherwise(user: str, written: str) -> None:
    assert make_server_description(user) == f"JupyterHub server of {written}"
