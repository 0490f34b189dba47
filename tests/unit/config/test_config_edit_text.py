"""Edits of the settings' text: what they touch, what they leave as it is, and what they refuse."""

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from littlest.config.editing.entered import EntryError, write_entered, write_entry
from littlest.config.editing.fitting import check_same_shape, check_takes_list, list_present, make_comparable
from littlest.config.editing.source import EditRefused, Source
from littlest.config.editing.text_edits import add_entries, remove_entries, set_value, unset
from littlest.config.model import Config
from littlest.config.reference.keys import find_target, make_normalizer, parse_key, render_key
from littlest.config.sections.section import KeyPath
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.render import make_data, render_default_config

DEFAULT = render_default_config(("admin",))


def set_text(text: str, key: str, value: str) -> str:
    source = Source(text)
    path = parse_key(key)
    target = find_target(parse_key(key))
    entered = write_entered(value, target)
    item = source.find_item(path)
    if item is not None:
        check_same_shape(item, entered, target)
    return set_value(source, path, entered).content


def unset_text(text: str, key: str) -> str:
    source = Source(text)
    return unset(source, parse_key(key)).content


def add_text(text: str, key: str, *values: str) -> str:
    source = Source(text)
    target = find_target(parse_key(key))
    path = parse_key(key)
    check_takes_list(source, target, values[0])
    present = list_present(source, target)
    entries = [
        entry for value in values if make_comparable(entry := write_entry(value, target), target) not in present
    ]
    return add_entries(source, path, entries).content if entries else text


def remove_text(text: str, key: str, *values: str) -> str:
    source = Source(text)
    target = find_target(parse_key(key))
    path = parse_key(key)
    present = list_present(source, target)
    wanted = [make_comparable(write_entry(value, target), target) for value in values]
    indexes = [index for index, entry in enumerate(present) if entry in wanted]
    if not indexes or source.find_item(path) is None:
        return text
    return remove_entries(source, path, indexes, default_is_empty=target.default in ((), None)).content


def is_merged(text: str, path: KeyPath) -> bool:
    try:
        Source(text).check_not_merged(path)
    except EditRefused as refused:
        return "by <<" in str(refused)
    return False


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        # what is there is replaced, and nothing else
        ("limits:\n  memory: 2G  # for all\n", "limits.memory", "4G", "limits:\n  memory: 4G  # for all\n"),
        ("limits: {memory: 2G, cpu: 1}\n", "limits.cpu", "2", "limits: {memory: 2G, cpu: 2}\n"),
        ("http:\n  port:   81   # x\n", "http.port", "82", "http:\n  port:   82   # x\n"),
        ("http:\n    port: 81\n", "http.address", "192.0.2.1", 'http:\n    port: 81\n    address: "192.0.2.1"\n'),
        ('announcement: "a # b" # c\n', "announcement", "d", "announcement: d # c\n"),
        ("announcement: |  # why\n  a\n  b\n\n# end\n", "announcement", "d", "announcement: d  # why\n\n# end\n"),
        ("announcement: >-\n  a\nbase_url: /x/\n", "announcement", "d", "announcement: d\nbase_url: /x/\n"),
        ("announcement: 'a\n  b'\nbase_url: /x/\n", "announcement", "d", "announcement: d\nbase_url: /x/\n"),
        ("? base_url\n: /x/\n", "base_url", "/y/", "? base_url\n: /y/\n"),
        ('"base_url": /x/\n', "base_url", "/y/", '"base_url": /y/\n'),
        ("announcement: !!str 5\n", "announcement", "d", "announcement: d\n"),
        ("users:\n  admin:\n  - a\n  - b\n", "users.admin", "[c]", "users:\n  admin:\n  - c\n"),
        ("users:\n  admin: # who\n    - a\n", "users.admin", "[]", "users:\n  admin: [] # who\n"),
        ("users: {admin: [a, b]}\n", "users.admin", "[c, d]", "users: {admin: [c, d]}\n"),
        # what is not there stands at the end of its group, below the group's comments
        ("", "base_url", "/x/", "base_url: /x/\n"),
        ("# only a comment", "base_url", "/x/", "# only a comment\nbase_url: /x/"),
        ("base_url: /x/", "limits.memory", "2G", "base_url: /x/\nlimits:\n  memory: 2G"),
        (
            "limits:\n  # one\n\n  # two\n\n# three\n",
            "limits.cpu",
            "1",
            "limits:\n  # one\n\n  # two\n  cpu: 1\n\n# three\n",
        ),
        ("limits:  # all\nbase_url: /x/\n", "limits.cpu", "1", "limits:  # all\n  cpu: 1\nbase_url: /x/\n"),
        ("limits: {}\n", "limits.cpu", "1", "limits: {cpu: 1}\n"),
        ("limits: null\n", "limits.cpu", "1", "limits: {cpu: 1}\n"),
        ("limits: {\n  memory: 2G # a\n}\n", "limits.cpu", "1", "limits: {\n  memory: 2G, cpu: 1 # a\n}\n"),
        ("users:\n  admin:\n", "users.admin", "[a]", "users:\n  admin:\n    - a\n"),
        ("http:\r\n  port: 81\r\n", "limits.cpu", "1", "http:\r\n  port: 81\r\nlimits:\r\n  cpu: 1\r\n"),
        ("---\nbase_url: /x/\n", "base_url", "/y/", "---\nbase_url: /y/\n"),
        # anchors, aliases, merge keys
        ("a: &m 2G\n", "limits.memory", "4G", "a: &m 2G\nlimits:\n  memory: 4G\n"),
        (
            "limits:\n  memory: &m 2G\n  users: {ada: {memory: *m}}\n",
            "limits.users.ada.memory",
            "4G",
            "limits:\n  memory: &m 2G\n  users: {ada: {memory: 4G}}\n",
        ),
        (
            "users:\n  groups:\n    a:\n      limits: &l\n        cpu: 1\n    b:\n      limits:\n        <<: *l\n",
            "users.groups.b.limits.cpu",
            "2",
            "users:\n  groups:\n    a:\n      limits: &l\n        cpu: 1\n    b:\n      limits:\n        <<: *l\n"
            "        cpu: 2\n",
        ),
    ],
)
def test_set(text: str, key: str, value: str, expected: str) -> None:
    assert set_text(text, key, value) == expected


@pytest.mark.parametrize(
    ("text", "key", "values", "expected"),
    [
        ("users:\n  admin:\n  - a  # x\n  # y\n", "users.admin", "b", "users:\n  admin:\n  - a  # x\n  - b\n  # y\n"),
        ("users:\n  admin: [a]  # x\n", "users.admin", "b c", "users:\n  admin: [a, b, c]  # x\n"),
        ("users:\n  admin: []\n", "users.admin", "b", "users:\n  admin: [b]\n"),
        ("users:\n  admin: [ # none\n  ]\n", "users.admin", "b", "users:\n  admin: [b # none\n  ]\n"),
        ("users:\n  admin:\n    - a", "users.admin", "b", "users:\n  admin:\n    - a\n    - b"),
        ("users:\n  admin: [A]\n", "users.admin", "a", "users:\n  admin: [A]\n"),
        ("", "users.groups.x.members", "a", "users:\n  groups:\n    x:\n      members:\n        - a\n"),
        ("jupyterhub: {A: {b: [1]}}\n", "jupyterhub.A.b", "'1' 1", 'jupyterhub: {A: {b: [1, "1"]}}\n'),
    ],
)
def test_add(text: str, key: str, values: str, expected: str) -> None:
    assert add_text(text, key, *values.split()) == expected


@pytest.mark.parametrize(
    ("text", "key", "values", "expected"),
    [
        (
            "users:\n  admin:\n  # x\n  - a  # why\n  - b\n",
            "users.admin",
            "a",
            "users:\n  admin:\n  # x\n  # why\n  - b\n",
        ),
        ("users:\n  admin: [a, b, c]\n", "users.admin", "a", "users:\n  admin: [b, c]\n"),
        ("users:\n  admin: [a, b, c]\n", "users.admin", "b c", "users:\n  admin: [a]\n"),
        ("users:\n  admin: [a, b, c,]\n", "users.admin", "a c", "users:\n  admin: [b,]\n"),
        ("users:\n  admin: [a, b]\n", "users.admin", "a b", "users:\n  admin: []\n"),
        ("users:\n  allowed: [c]\n  admin:\n    - a\n", "users.admin", "a", "users:\n  allowed: [c]\n"),
        ("users:\n  admin:\n    - a # x\n", "users.admin", "a", "users:\n  # x\n"),
        ("base_url: /x/\nusers:\n  admin:\n    - a", "users.admin", "A", "base_url: /x/"),
    ],
)
def test_remove(text: str, key: str, values: str, expected: str) -> None:
    assert remove_text(text, key, *values.split()) == expected


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("limits:\n  memory: 2G\n  cpu: 1\n", "limits.memory", "limits:\n  cpu: 1\n"),
        ("limits:\n  memory: 2G  # why\n  cpu: 1\n", "limits.memory", "limits:\n  # why\n  cpu: 1\n"),
        (
            "base_url: /x/\nlimits:\n  users:\n    ada:\n      memory: 2G\n",
            "limits.users.ada.memory",
            "base_url: /x/\n",
        ),
        ("limits: # all\n  memory: 2G\n", "limits.memory", "limits: # all\n"),
        ("users:\n  groups:\n    a:\n      members: [b]\n", "users.groups.a.members", "users:\n  groups:\n    a:\n"),
        ("limits: {memory: 2G, cpu: 1}\n", "limits.cpu", "limits: {memory: 2G}\n"),
        ("limits: {memory: 2G, cpu: 1}\n", "limits.memory", "limits: {cpu: 1}\n"),
        ("limits: {memory: 2G}\n", "limits.memory", "limits: {}\n"),
        ("announcement: |\n  a\n\n# end\n", "announcement", "\n# end\n"),
    ],
)
def test_unset(text: str, key: str, expected: str) -> None:
    assert unset_text(text, key) == expected


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        # shared with another place
        ("limits:\n  memory: &m 2G\n  users: {ada: {memory: *m}}\n", "limits.memory", "4G"),
        ("users: {groups: {a: {limits: &l {cpu: 1}}, b: {limits: *l}}}\n", "users.groups.b.limits.cpu", "2"),
        ("users: {groups: {a: {limits: &l {cpu: 1}}, b: {limits: *l}}}\n", "users.groups.a.limits.cpu", "2"),
        ("limits: &l\n  users: {ada: {<<: *l, cpu: 1}}\n", "limits.memory", "4G"),
        # brought by << as a whole
        ("x: &x {environment: {A: b}}\nuser_environment:\n  <<: *x\n", "user_environment.environment.C", "d"),
        # a comment within what would be replaced
        ("users:\n  admin:\n    - a\n    # boss\n    - c\n", "users.admin", "[b]"),
        ("users:\n  admin: [a, # boss\n    b]\n", "users.admin", "[c]"),
        # given twice, or of the wrong kind
        ("http: {port: 81}\nhttp: {port: 82}\n", "http.port", "83"),
        ("http: 80\n", "http.port", "83"),
        ("- http\n", "http.port", "83"),
        ("base_url: /x/\n...\n", "announcement", "d"),
    ],
)
def test_what_cannot_be_done_exactly_is_refused(text: str, key: str, value: str) -> None:
    with pytest.raises((EditRefused, EntryError)) as caught:
        set_text(text, key, value)
    assert str(caught.value).endswith(".")
    assert caught.value.hint


def test_lists_that_are_shared_are_not_changed() -> None:
    shared = "users:\n  allowed: &a [b]\n  admin: *a\n"
    for key in ("users.allowed", "users.admin"):
        with pytest.raises(EditRefused, match="shares its value"):
            add_text(shared, key, "c")
        with pytest.raises(EditRefused, match="shares its value"):
            remove_text(shared, key, "b")
    assert is_merged("x: &x {admin: [b]}\nusers:\n  <<: *x\n", ("users", "admin"))
    with pytest.raises(EditRefused, match="by <<"):
        add_text("x: &x {admin: [b]}\nusers:\n  <<: *x\n", "users.admin", "c")


@pytest.mark.parametrize("key", ["a", "a.b", 'a."b.c".d', "a.'b.c'", 'a."say ""hi"""', "limits.users.ada@x.y"])
def test_keys_are_written_as_they_are_read(key: str) -> None:
    assert parse_key(render_key(parse_key(key))) == parse_key(key)


# any sequence of edits

TEXTS = (
    DEFAULT,
    "",
    "# nothing",
    "http: {port: 8000}\nusers: {admin: [a, b], groups: {x: {members: [c]}}}\n",
    "# top\nusers:\n    # inner\n    admin: # who\n    - a # first\n\n"
    "    # between\n    - b\n    # last\nlimits: {} # none\n# end",
    "limits: &l\n  memory: &m 2G\n  users:\n    ada: {memory: *m}\n"
    "    bob:\n      cpu: 2 # two\nannouncement: |\n  a # b\n\n",
    "users:\r\n  allowed: [a,\r\n    b]  # two\r\nhttp:\r\n  # port\r\n  port: 81\r\n",
    "users:\n  groups:\n    x: &x\n      limits: &g\n        cpu: 1\n"
    "    y:\n      <<: *x\n      members: ['A', \"b\"]\n",
    'announcement: "a\n  # no comment"\nservices: {cull: {enabled: false}}\n? base_url\n: /x/\n',
)
NAMES = st.sampled_from(["ada", "Bob", "0123", "null", "a.b", "é", "x y", "a", "b", "#c", "- d", "e: f", "*g", '"h"'])
ENTRIES = st.lists(NAMES, min_size=1, max_size=3)
KEYED_VALUES = st.one_of(
    st.tuples(st.just("limits.memory"), st.sampled_from(["2G", "512M", "null", "lots"])),
    st.tuples(st.just("limits.cpu"), st.sampled_from(["2", "0.5", "null", "-1"])),
    st.tuples(st.just("http.port"), st.sampled_from(["80", "8001", "0", "x"])),
    st.tuples(st.just("services.cull.enabled"), st.sampled_from(["true", "false", "yes"])),
    st.tuples(st.just("announcement"), st.text(max_size=20)),
    st.tuples(st.just("base_url"), st.sampled_from(["/", "/x/", "y"])),
    st.tuples(st.just("users.admin"), st.sampled_from(["[]", "[a, 0123]", "z"])),
    st.tuples(
        NAMES.map(lambda name: render_key(("limits", "users", name, "memory"))), st.sampled_from(["1G", "null"])
    ),
    st.tuples(st.sampled_from(["users.groups.x.limits.cpu", "users.groups.y.limits.cpu"]), st.just("4")),
    st.tuples(
        st.just("jupyterhub.Spawner.cmd"), st.sampled_from(["[a, '1']", "{a: {b: 1}}", "x", "'1'", "1", "null"])
    ),
    st.tuples(st.just("user_environment.environment.A"), st.text(max_size=10)),
)
LISTS = st.sampled_from(["users.admin", "users.allowed", "users.groups.x.members", "users.groups.y.members"])
EDITS = st.one_of(
    st.tuples(st.just("set"), KEYED_VALUES),
    st.tuples(st.just("unset"), KEYED_VALUES),
    st.tuples(st.just("add"), st.tuples(LISTS, ENTRIES)),
    st.tuples(st.just("remove"), st.tuples(LISTS, ENTRIES)),
)


def make_edit(text: str, verb: str, key: str, value: Any) -> str:
    match verb:
        case "set":
            return set_text(text, key, value)
        case "add":
            return add_text(text, key, *value)
        case "remove":
            return remove_text(text, key, *value)
        case _:
            return unset_text(text, key)


def read_value(config: Config, path: KeyPath) -> Any:
    data: Any = make_data(config)
    for depth, part in enumerate(path):
        normalize: Any = make_normalizer(None)
        if depth and path[:depth] == ("limits", "users"):
            normalize = str.lower
        data = data[normalize(part)]
    return data


@pytest.mark.slow
# a failure is told as it was met: making it smaller takes minutes
@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(text=st.sampled_from(TEXTS), edits=st.lists(EDITS, min_size=1, max_size=4))
@example(DEFAULT, [("unset", ("users.admin", "")), ("add", ("users.admin", ["0123"]))])
def test_any_edits_leave_a_valid_file_with_all_its_comments(text: str, edits: list[Any]) -> None:
    for verb, (key, value) in edits:
        before = load_config(text, "before")
        try:
            new = make_edit(text, verb, key, value)
            after = load_config(new, "after")
        except (EditRefused, EntryError, InvalidConfig):
            continue
        lost = Counter(Source(text).list_comments()) - Counter(Source(new).list_comments())
        path = parse_key(key)
        # a default that stood there as a comment makes place for the setting, also one that an edit had put there
        names = "|".join(re.escape(str(part)) for part in path)
        assert all(re.fullmatch(rf"# ({names}): .*", comment) for comment in lost), lost
        if verb == "set":
            written = write_entered(value, find_target(path))
            expected = load_config(set_value(Source(""), path, written).content, "expected")
            assert read_value(after, path) == read_value(expected, path)
        if verb == "set" and Source(text).find_item(path) is None:
            back = unset_text(new, key)
            assert back == text or "groups" in key
        if verb == "add":
            added = {name.lower() for name in value}
            assert added <= set(read_value(after, path))
        if verb == "unset" and not is_merged(text, path):
            assert Source(new).find_item(path) is None
        # what the edit is not about has the value that it had
        assert change_nothing_else(before, after, key)
        text = new


def change_nothing_else(before: Config, after: Config, key: str) -> bool:
    group = parse_key(key)[0]
    old, new = make_data(before), make_data(after)
    return all(old[name] == new[name] for name in old if name != group)
