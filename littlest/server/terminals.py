"""A server extension: when a terminal ends at once, the next one does without the user's `.bashrc`.

An `exit` in that file would otherwise take away the only place in which the user can correct it.
"""

import time
from typing import Any

from littlest.server.plain_shell import make_plain_shell

AT_ONCE = 1.5
"""Seconds within which nobody types."""
NOTICE = "Your last terminal ended at once, so this one reads no ~/.bashrc. Look for `exit` or `exec` in it.\r\n"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "littlest.server.terminals"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from jupyter_server_terminals.terminalmanager import TerminalManager  # noqa: PLC0415

    watch_shells(TerminalManager)


def watch_shells(manager: Any) -> None:
    """Let this class of managers of terminals see which shells end at once."""
    make, end = manager.new_terminal, manager.on_eof

    def new_terminal(self: Any, **options: Any) -> Any:
        terminal = make(self, **options)
        terminal.began = time.monotonic()
        if getattr(self, "has_plain_shell", False):
            terminal.read_buffer.append(NOTICE)
        return terminal

    def on_eof(self: Any, terminal: Any) -> None:
        end(self, terminal)
        if time.monotonic() - terminal.began < AT_ONCE:
            self.has_plain_shell, self.shell_command = True, make_plain_shell(self.shell_command[0])

    manager.new_terminal, manager.on_eof = new_terminal, on_eof
