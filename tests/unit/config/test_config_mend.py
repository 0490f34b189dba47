"""One mistake in a valid file: it is named, where it stands, and nothing is named that is only a consequence."""

from collections.abc import Callable

import pytest

from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig

FILE = """\
external_url: https://hub.example.org/
http:
  address: '10.0.0.1'
  port: 80
auth:
  type: github
  client_id: abc
  client_secret:
    file: /etc/littlest/secret
  settings:
    scope: [read:user]
users:
  # everybody
  admin:
    - ada
    - grace
  allowed: [bob, eve]
  groups:
    biology:
      members:
      - bob
      limits: &l
        memory: 2G
    physics:
      members: [eve]
      limits: *l
https:
  enabled: true
  certificate: /etc/x.pem
  key: "/etc/x.key"
limits:
  users:
    ada: {memory: 4G, cpu: 2}
shared_folders:
  data:
    groups: [biology]
services:
  managed:
    grader:
      command: [/bin/grader, --port=1]
      environment:
        A: b
announcement: "The exam starts at 10."
"""


def break_with(character: str) -> Callable[[str], str]:
    return lambda line: f"{line.partition(': ')[0]}: {character}{line.partition(': ')[2]}" if ": " in line else line


BREAKS: dict[str, Callable[[str], str]] = {
    "a tab": lambda line: line.replace("  ", "\t", 1) if line.startswith(" ") else line,
    "tabs": lambda line: line.replace("  ", "\t") if line.startswith(" ") else line,
    "no colon": lambda line: line.replace(":", "", 1),
    "no space": lambda line: line.replace(": ", ":", 1).replace("- ", "-", 1),
    "a wide colon": lambda line: line.replace(": ", "\uff1a", 1),
    "two colons": break_with("x: "),
    "an at sign": break_with("@"),
    "a percent sign": break_with("%"),
    "an unknown anchor": break_with("*nothing "),
    # of quotes that a later line closes, what is wrong with that line is all that can be said
    "open quotes": lambda line: break_with('"')(line) if not {'"', "&"} & set(line) else line,
    "an open bracket": break_with("["),
    "a bracket too many": lambda line: f"{line}]",
    "indented further": lambda line: f"   {line}",
    "indented less": lambda line: line[1:] if line.startswith(" ") else line,
    "a control character": lambda line: f"{line} \x01",
    "a stray text": lambda line: f"{line}\nnonsense",
}


@pytest.mark.parametrize("kind", BREAKS)
def test_one_mistake_is_named_alone(kind: str) -> None:
    assert load_config(FILE, "x").announcement
    lines = FILE.splitlines()
    for number, line in enumerate(lines, 1):
        broken = BREAKS[kind](line)
        if broken == line or line.lstrip().startswith("#"):
            continue
        text = "\n".join([*lines[: number - 1], broken, *lines[number:]]) + "\n"
        try:
            load_config(text, "x")
        except InvalidConfig as error:
            # which of two lines is indented wrongly, nobody can say
            is_near = kind.startswith("indented") or number - 1 <= error.problems[0].line <= number + 1
            assert is_near, f"{text}\n{number}: {line}\n{error}"
            assert len(error.problems) <= 2, f"{text}\n{number}: {line}\n{error}"
