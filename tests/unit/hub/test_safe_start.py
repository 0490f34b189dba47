"""A server that did not start is started without what is the user's own."""

from pathlib import PurePosixPath

import pytest

from littlest.config.model import UserEnvironment
from littlest.hub.servers.safe_start import make_safe_environment, make_safe_properties
from littlest.hub.servers.user_environment import make_server_environment
from littlest.server.plain_shell import make_plain_shell
from littlest.system.accounts.user_accounts import UserAccount

ACCOUNT = UserAccount("jupyter-ada", 1001, 1001, PurePosixPath("/home/jupyter-ada"))


def test_nothing_of_the_home_is_read_or_written() -> None:
    own = UserEnvironment(working_directory="notebooks", environment={"COURSE": "a"})
    usual = make_server_environment(ACCOUNT, own)
    safe = make_safe_environment(usual, ACCOUNT.home, "the reason" + "x" * 5000)
    assert {name for name, value in usual.items() if "/home/" in value} > {"HOME", "PATH"}
    assert {name for name, value in safe.items() if "/home/" in value} == {"HOME"}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        assert safe[name].startswith(usual["JUPYTER_RUNTIME_DIR"])
    assert safe["PYTHONNOUSERSITE"] == "1"
    assert safe["COURSE"] == "a"
    assert safe["LITTLEST_SAFE_START"].startswith("the reason")
    assert len(safe["LITTLEST_SAFE_START"]) <= 1000


@pytest.mark.parametrize(
    ("shell", "command"),
    [
        ("/bin/bash", ["/bin/bash", "--norc", "--noprofile"]),
        ("/usr/bin/zsh", ["/usr/bin/zsh", "--no-rcs"]),
        ("/bin/sh", ["/bin/sh"]),
    ],
)
def test_a_terminal_reads_no_file_that_may_end_it(shell: str, command: list[str]) -> None:
    assert make_plain_shell(shell) == command


def test_a_home_that_nobody_may_enter_does_not_keep_the_unit_from_starting() -> None:
    assert make_safe_properties({"WorkingDirectory": "/home/a", "User": "a"}) == {
        "WorkingDirectory": "-/home/a",
        "User": "a",
    }
