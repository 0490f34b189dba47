"""Values that a person writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlest.config.reference.catalog import find_nearest_key, list_settings
from littlest.config.sections.values import parse_bytes, parse_origin, parse_user_name, render_bytes


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("1K", 2**10),
        ("1M", 2**20),
        ("1G", 2**30),
        ("1T", 2**40),
        ("0.5G", 2**29),
        ("7", 7),
        ("3 gib", 3 * 2**30),
        ("9B", 9),
    ],
)
def test_amounts_of_memory(written: str, count: int) -> None:
    assert parse_bytes(written) == count


@pytest.mark.parametrize("written", ["", "G", "1GG", "-1", "1e9", "one", "1.", "٣G", "0x10", "1 G B"])
def test_what_is_no_amount_of_memory(written: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        parse_bytes(written)


@given(st.integers(0, 2**60))
def test_amount_is_written_as_it_was_meant(count: int) -> None:
    assert parse_bytes(render_bytes(count)) == count


@given(st.text(max_size=20))
def test_user_name_is_the_same_when_read_twice(name: str) -> None:
    try:
        once = parse_user_name(name)
    except ValueError:
        return
    assert parse_user_name(once) == once


@pytest.mark.parametrize("name", ["zoë", "ольг\u0430", "δήμητρ\u03b1", "李明", "محمد", "o'neil 2@x.org"])
def test_a_name_may_be_in_any_one_alphabet(name: str) -> None:
    assert parse_user_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("zoe\u0308", "\uff41da", "\u0430da", "\u03b1da", "\ufb01ona", "ad\u00ada", "ada\u202e"),
        *("ada\u034f", "\u115fada", "ada\ufe0f", "a\u2800da", "\u2800", "ada\u3164", "ada\U000e0101", "ada\u17b4"),
    ],
)
def test_a_name_may_not_look_like_another(name: str) -> None:
    with pytest.raises(ValueError, match=r"look like others|mixes .* letters|invisible"):
        parse_user_name(name)


@pytest.mark.parametrize(
    "setting", [setting for setting in list_settings() if setting.section is None], ids=lambda s: s.key
)
def test_nearest_key_survives_a_typing_error(setting: object) -> None:
    key: str = setting.key  # type: ignore[attr-defined]
    group, _, name = key.rpartition(".")
    misspelt = f"{group}.{name[:-2]}{name[-1]}{name[-2]}" if group else f"{name[:-2]}{name[-1]}{name[-2]}"
    assert find_nearest_key(misspelt) == key
    assert find_nearest_key(key.upper()) == key


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://Moodle.School.example", "https://moodle.school.example"),
        ("https://moodle.school.example:443/", "https://moodle.school.example"),
        ("HTTPS://moodle.school.example:8443", "https://moodle.school.example:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80/", "http://127.0.0.1"),
        ("https://[2001:db8::1]:444", "https://[2001:db8::1]:444"),
    ],
)
def test_the_origin_of_a_web_site(written: str, origin: str) -> None:
    assert parse_origin(written) == origin


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("*", "would let sites"),
        ("https://*.school.example", "would let sites"),
        ("http://moodle.school.example", "is not https"),
        ("http://localhost.school.example", "is not https"),
        ("https://moodle.school.example/course", "must be scheme and name only"),
        ("moodle.school.example", "must be scheme and name only"),
        ("'self'", "must be scheme and name only"),
        ("https://a b", "is not the address"),
        ("https://a;script-src", "is not the address"),
        ("ftp://a.example", "is not the address"),
        ("https://ada@moodle.example", "is not the address"),
        ("https://moodle.example:99999", "is not the address"),
    ],
)
def test_what_is_no_origin_to_trust(written: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_origin(written)
