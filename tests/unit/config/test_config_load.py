"""Files to settings, and every problem with its line, its key and plain words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from littlest.config.model import Config, Http
from littlest.config.sections.users import Users
from littlest.config.text.load import decode_config, load_config
from littlest.config.text.problems import InvalidConfig
from littlest.config.text.render import make_data, render_settings
from tests.support.bad_files import BAD_FILES, BadFile

NAME = "/etc/littlest/config.yaml"


def load(content: str | bytes) -> Config:
    return load_config(decode_config(content, NAME) if isinstance(content, bytes) else content, NAME)


@pytest.mark.parametrize("case", BAD_FILES, ids=[case.name for case in BAD_FILES])
def test_bad_file_names_every_problem(case: BadFile) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load(case.content)
    found = [(problem.line, problem.key) for problem in caught.value.problems]
    assert found == [(problem.line, problem.key) for problem in case.problems], str(caught.value)
    for problem, (line, column, key, words) in zip(caught.value.problems, case.problems, strict=True):
        said = f"{NAME}:{line}: {key}: " if key else f"{NAME}:{line}: "
        assert str(problem).startswith(said)
        assert words in str(problem)
        assert problem.column == (column or 1), str(problem)
        assert "\n" not in str(problem)
        assert len(str(problem)) < 300
    assert caught.value.exit_code == case.exit


@pytest.mark.parametrize(
    "text", ["shared_folders: {data: {groups: ['']}}", "auth: {type: ldap, server: ldap.example.org, user_dns: ['']}"]
)
def test_an_empty_value_leaves_no_gap_in_a_message(text: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load(text)
    assert ":  " not in str(caught.value)


def test_corpus_has_no_situation_twice() -> None:
    names = [case.name for case in BAD_FILES]
    assert len(set(names)) == len(names) >= 200


@pytest.mark.parametrize("name", ["9b", "10a", "10", "010", "1e5", "0x1f", "2026-09-01", "null", "on", "a" * 63])
def test_a_group_is_named_as_it_is_written(name: str) -> None:
    text = f"users: {{groups: {{{name}: {{shared_folder: true}}}}}}\nshared_folders: {{data: {{groups: [{name}]}}}}\n"
    config = load(text)
    assert list(config.users.groups) == [name]
    assert config.shared_folders["data"].groups == (name,)
    assert load(render_settings(make_data(config))) == config


@pytest.mark.parametrize("name", ["-b", "Biology", "9 b", "ü", "a" * 64])
def test_a_group_with_another_name_is_refused_with_the_whole_rule(name: str) -> None:
    with pytest.raises(InvalidConfig, match=r"must be small letters, .*; at most 63, and no dash at the beginning"):
        load(f"users: {{groups: {{{name}: {{}}}}}}\n")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n\n",
        "# nothing\n",
        "---\n",
        "---\n...\n",
        "null\n",
        "~",
        "{}",
        "http:\n",
        "http: null\nusers:\n  admin:\n",
    ],
)
def test_empty_file_is_the_default_configuration(content: str) -> None:
    assert load(content) == Config()


def test_byte_order_mark_and_windows_line_ends_are_no_fault() -> None:
    assert load("\ufeffhttp:\r\n  port: 8000\r\n".encode()).http.port == 8000


@pytest.mark.parametrize(
    "written",
    [
        "0123",
        "9",
        "yes",
        "no",
        "null",
        "~",
        "true",
        "1_000",
        "2020-01-01",
        "1e3",
        ".5",
        "0x10",
        "12:30:45",
        "ünï",
        "a b",
        "*",
        "-1",
    ],
)
def test_user_name_is_what_it_looks_like(written: str) -> None:
    quoted = f'"{written}"' if written == "*" else written
    assert load(f"users:\n  admin:\n    - {quoted}\n").users.admin == (written,)
    assert load(f"users: {{admin: ['{written}']}}").users.admin == (written,)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0", 0), ("9", 9), ("-9", -9), ("+9", 9), ("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0),
        ("0e0", 0.0), ("0123", "0123"), ("007", "007"), ("-01", "-01"), ("00", "00"), ("00.5", "00.5"),
        ("01e3", "01e3"), ("0x10", "0x10"), ("0o17", "0o17"), ("0b1", "0b1"), ("1_000", "1_000"), (".inf", ".inf"),
        (".nan", ".nan"), ("1e999", "1e999"), ("12:30:45", "12:30:45"), ("2020-01-01", "2020-01-01"),
        ("1.2.3", "1.2.3"), ("'9'", "9"), ("yes", "yes"), ("true", True), ("'true'", "true"), ("null", None),
        ("~", None), ("''", ""),
    ],
)  # fmt: skip
def test_a_value_that_no_setting_describes_is_what_it_looks_like(written: str, meant: object) -> None:
    found = load(f"jupyterhub: {{A: {{b: {written}, c: [{written}], d: {{e: {written}}}}}}}\n").jupyterhub["A"]
    values = [found["b"], *found["c"], found["d"]["e"]]
    assert values == [meant] * 3
    assert {type(value) for value in values} == {type(meant)}
    assert load(render_settings({"jupyterhub": {"A": found}})).jupyterhub["A"] == found


def test_yaml_1_1_directive_changes_no_name() -> None:
    assert load("%YAML 1.1\n---\nusers:\n  admin: [yes, 0123]\n").users.admin == ("yes", "0123")


def test_user_names_are_in_lower_case_as_the_hub_knows_them() -> None:
    assert load("users:\n  admin: [Ada, GRACE]\n").users.admin == ("ada", "grace")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1G", "1G"), ("512M", "512M"), ("512m", "512M"), ("2 GB", "2G"), ("1GiB", "1G"), ("1.5G", "1536M"),
        ("1073741824", "1G"), ("'1G'", "1G"), ("200000000", "200000000"), ("null", None), ("~", None),
    ],
)  # fmt: skip
def test_memory_limit(written: str, meant: str | None) -> None:
    assert load(f"limits:\n  memory: {written}\n").limits.memory == meant


@pytest.mark.parametrize(("written", "meant"), [("2", 2.0), ("0.5", 0.5), (".5", 0.5), ("1e1", 10.0), ("null", None)])
def test_cpu_limit(written: str, meant: float | None) -> None:
    assert load(f"limits:\n  cpu: {written}\n").limits.cpu == meant


@pytest.mark.parametrize("written", ["/jupyter/", "/jupyter", "jupyter", "jupyter/", "'/jupyter/'"])
def test_base_url_has_a_slash_at_both_ends(written: str) -> None:
    assert load(f"base_url: {written}\n").base_url == "/jupyter/"


@pytest.mark.parametrize("written", ["/", "''", '""'])
def test_base_url_may_be_the_root(written: str) -> None:
    assert load(f"base_url: {written}\n").base_url == "/"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("'::1'", "::1"),
        ("'[2001:DB8::1]'", "2001:db8::1"),
        ("''", ""),
        ("0.0.0.0", "0.0.0.0"),
    ],
)
def test_address(written: str, meant: str) -> None:
    assert load(f"http:\n  address: {written}\n").http.address == meant


def test_anchors_and_merge_keys_work() -> None:
    config = load("limits: &l\n  memory: 2G\n  cpu: 1\nhttp: &h {port: 8000}\n")
    assert (config.limits.memory, config.http.port) == ("2G", 8000)
    merged = load("<<: {http: {port: 8000}, base_url: /a/}\nbase_url: /b/\n")
    assert (merged.http.port, merged.base_url) == (8000, "/b/")
    several = load("<<: [{base_url: /a/}, {base_url: /b/, http: {port: 8000}}]\n")
    assert (several.base_url, several.http.port) == ("/a/", 8000)
    assert load("users:\n  admin: &a [ada]\n  allowed: *a\n").users.allowed == ("ada",)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().http.port = 8000


def test_a_setting_cannot_be_misused_from_python() -> None:
    with pytest.raises(ValueError, match="port"):
        Http(port="80")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="admin"):
        Users(admin=("a/b",))


NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4).map(tuple)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    names=NAMES,
    port=st.integers(-5, 70000),
    memory=st.none() | st.integers(0, 2**51).map(str),
    cpu=st.none() | st.floats(),
)
def test_what_is_accepted_comes_back_the_same(
    names: tuple[str, ...], port: int, memory: str | None, cpu: float | None
) -> None:
    data = {"http": {"port": port}, "users": {"admin": names}, "limits": {"memory": memory, "cpu": cpu}}
    text = render_settings(data)
    try:
        config = Config.model_validate(data)
    except ValueError:
        with pytest.raises(InvalidConfig):
            load(text)
    else:
        assert load(text) == config
        assert load(render_settings(make_data(config))) == config


PIECES = [
    *(
        "http",
        "limits",
        "memory",
        "users",
        "admin",
        "port",
        "1",
        "null",
        "é",
        "\ud800",
        "\x00",
        "\t",
        " ",
        "\n",
        "\n  ",
    ),
    *(
        ":",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a",
        "*a",
        "<<",
        '"',
        "'",
        "|",
        ">",
        "!t",
        "%",
        "#",
        "?",
        ",",
        "\\x",
        "---",
        "...",
        "%YAML 1.1\n---\n",
        "\x85",
        "\u2028",
        "\r",
        ": ",
        "\n\t- ",
    ),
]


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=25).map("".join))
def test_any_text_is_settings_or_named_problems(text: str) -> None:
    try:
        assert isinstance(load(text), Config)
    except InvalidConfig as error:
        assert error.problems
        lines = len(text.splitlines()) + 1
        assert all(1 <= problem.line <= lines for problem in error.problems)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_settings_or_named_problems(content: bytes) -> None:
    try:
        assert isinstance(load(content), Config)
    except InvalidConfig as error:
        assert error.problems


@pytest.mark.parametrize("total", ["0", "100M", "0%"])
def test_a_total_in_which_no_server_starts_is_refused(total: str) -> None:
    with pytest.raises(InvalidConfig, match="too little for a server to start; give at least 128M"):
        load_config(f"limits: {{total_memory: {total}}}", "config.yaml")
