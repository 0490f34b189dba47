"""What leaves the machine in a support bundle has no secrets."""

import pytest

from littlest.config.sections.secrecy import MASK
from littlest.system.secrets.redaction import list_drop_in_secrets, list_hidden, redact

PATH = "/opt/littlest/releases/0.1.0/lib/python3.13/site-packages"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a known one: correct-horse!", f"a known one: {MASK}!"),
        ("GET /hub/login?token=abc&next=/ 200", f"GET /hub/login?token={MASK}&next=/ 200"),
        ("Authorization: token abcdef", f"Authorization: token {MASK}"),
        ("authorization: Bearer abcdef", f"authorization: Bearer {MASK}"),
        ("c.Auth.client_secret = 'abcdef'", f"c.Auth.client_secret = '{MASK}'"),
        ('{"password": "abcdef", "n": 1}', f'{{"password": "{MASK}", "n": 1}}'),
        ("postgresql://ada:pw@db/hub", f"postgresql://{MASK}@db/hub"),
        ("--api-token=abcdef --port=1", f"--api-token={MASK} --port=1"),
        ("0123456789abcdef0123456789abcdef", MASK),
        ("Cookie: jupyterhub-session-id=abc", f"Cookie: {MASK}"),
        ("user ada logged in at 10:00", "user ada logged in at 10:00"),
        (PATH, PATH),
    ],
)
def test_redact(text: str, left: str) -> None:
    assert redact(text, {"correct-horse"}) == left


def test_hidden_values_of_the_settings_are_known() -> None:
    revealed = {"a": "x", "b": {"c": "secret-1", "d": ["one", "secret-2"]}, "e": {"f": "secret-3"}}
    shown = {"a": "x", "b": {"c": MASK, "d": ["one", MASK]}, "e": MASK}
    assert [*list_hidden(revealed, shown)] == ["secret-1", "secret-2", "secret-3"]


def test_secrets_of_a_drop_in_are_known() -> None:
    content = (
        b'c.A.client_secret = "one"\nc.S.environment = {"API_TOKEN": "two", "HOME": "no"}\n'
        b'connect(password="three", host="no")\nKEYS: list = [b"four"]\nc.X["passwords"] = {"ada": "five"}\n'
    )
    assert {*list_drop_in_secrets(content)} == {"one", "two", "three", "four", "ada", "five"}
    assert [*list_drop_in_secrets(b"c.A.secret = (")] == []
