"""Any sequence of `littlest config set`, `unset`, `add` and `remove`, on real files.

Each leaves a valid file that says something else at its key only, with every comment, or is refused and leaves the
file as it was.

What a file says is read by PyYAML, which the commands do not use; comments are known by their marks.
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from littlest.commands.config.change import run_add, run_remove, run_set, run_unset
from littlest.config.reference.keys import parse_key, render_key
from littlest.config.text.load import decode_config, load_config
from littlest.config.text.render import render_default_config
from littlest.errors import LittlestError
from littlest.machine.machine import Machine

CONFIG = PurePosixPath("/etc/littlest/config.yaml")
MARK = re.compile(r"#m\d+\b")
"""A comment of these files; nothing else in them looks so."""
FILES = (
    "",
    render_default_config(("admin",)),
    "\ufeffhttp: {port: 8000} #m1\nusers: {admin: [a, b], groups: {x: {members: [c]}}}\n",
    "#m1\nusers:\n    #m2\n    admin: #m3\n    - a #m4\n\n    #m5\n    - b\n    #m6\n    allowed: [ada]\n"
    "limits: {} #m7\n#m8",
    "limits: &l #m1\n  memory: &m 2G #m2\n  users:\n    ada: {memory: *m}\n"
    "    Bob:\n      cpu: 2 #m3\nannouncement: |\n  a # b\n\n",
    "users:\r\n  allowed: [a,\r\n    b]  #m1\r\nhttp:\r\n  #m2\r\n  port: 81\r\nbase_url: /x/",
    "users:\n  groups:\n    x: &x #m1\n      limits: &g\n        cpu: 1 #m2\n"
    "    y:\n      <<: *x\n      members: ['A', \"b\"] #m3\n",
    "announcement: \"a\n  # no comment\"\nservices: {cull: {enabled: false}}\n? base_url\n: /x/ #m1\n'limits': #m2\n"
    "  \"cpu\": 1\n  users:\n    'null': {memory: 1G} #m3\n    9: {cpu: 1}\n",
)
NAMES = st.sampled_from(["ada", "Bob", "0123", "null", "9", "yes", "a.b", "é", "a", "b", "#c", "- d", "e: f", "*g"])
KEYS = st.one_of(
    st.sampled_from(
        ["limits.memory", "limits.cpu", "limits", "http.port", "base_url", "announcement", "services.cull.enabled"]
    ),
    st.sampled_from(["users.admin", "users.allowed", "users.groups.x.members", "users.groups.y.limits.cpu"]),
    st.tuples(NAMES, st.sampled_from(["memory", "cpu"])).map(lambda pair: render_key(("limits", "users", *pair))),
)
VALUES = st.one_of(
    st.sampled_from(["2G", "2", "0.5", "null", "8001", "true", "/y/", "[a, 0123]", "[]", "{}", "# x", "a: b", "'q'"]),
    st.text(max_size=12),
)


class Edits(RuleBasedStateMachine):
    """A file of settings, and commands that change it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.machine = Machine(Path(self.folder.name))
        self.file = self.machine.path(CONFIG)
        self.file.parent.mkdir(parents=True)

    def teardown(self) -> None:
        """Take the file away."""
        self.folder.cleanup()

    @initialize(text=st.sampled_from(FILES))
    def begin(self, text: str) -> None:
        """Begin with one of the files."""
        self.file.write_bytes(text.encode())

    @rule(key=KEYS, value=VALUES)
    def set_one(self, key: str, value: str) -> None:
        """`littlest config set`."""
        self._change(key, lambda: run_set(self.machine, (key, value), (), lambda _: ""))

    @rule(key=KEYS)
    def unset_one(self, key: str) -> None:
        """`littlest config unset`."""
        self._change(key, lambda: run_unset(self.machine, (key,)))

    @rule(key=KEYS, values=st.lists(NAMES, min_size=1, max_size=2))
    def add_some(self, key: str, values: Sequence[str]) -> None:
        """`littlest config add`."""
        self._change(key, lambda: run_add(self.machine, {key: values}))

    @rule(key=KEYS, values=st.lists(NAMES, min_size=1, max_size=2))
    def remove_some(self, key: str, values: Sequence[str]) -> None:
        """`littlest config remove`."""
        self._change(key, lambda: run_remove(self.machine, {key: values}))

    def _change(self, key: str, change: Any) -> None:
        before = self.file.read_bytes()
        try:
            report = change()
        except LittlestError as error:
            assert self.file.read_bytes() == before, "it was refused and written all the same"
            assert error.hint or error.message
            return
        after = self.file.read_bytes()
        assert report.data["changed"] == (after != before)
        load_config(decode_config(after, "after"), "after")
        assert MARK.findall(after.decode()) == MARK.findall(before.decode())
        assert before.startswith(b"\xef\xbb\xbf") == after.startswith(b"\xef\xbb\xbf")
        path = tuple(parse_key(key))
        assert take_out(read(after), path) == take_out(read(before), path)


def read(content: bytes) -> Any:
    """What a file says, every value as text."""
    return yaml.load(content.decode("utf-8-sig"), Loader=yaml.BaseLoader) or {}


def take_out(data: Any, path: tuple[str, ...]) -> Any:
    """What is said next to a path; groups that hold nothing else are as good as none."""
    if not isinstance(data, dict) or not path:
        return data
    inner = {name: value for name, value in data.items() if name.lower() != path[0].lower()}
    for name, value in data.items():
        if len(path) > 1 and name.lower() == path[0].lower() and (left := take_out(value, path[1:])):
            inner[name] = left
    return inner


TestEdits = Edits.TestCase
# a failure is told as it was met: making it smaller takes minutes
TestEdits.settings = settings(max_examples=150, stateful_step_count=8, deadline=None, phases=(Phase.generate,))
