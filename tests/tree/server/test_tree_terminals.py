"""A shell that the user's own files end."""

import asyncio
from pathlib import Path
from typing import Any

from jupyter_server_terminals.terminalmanager import TerminalManager

from littlest.server.terminals import watch_shells


class Watched(TerminalManager):
    """A class of our own, so that the test changes no other."""


def test_after_a_terminal_that_ended_at_once_the_next_one_reads_no_bashrc(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("exit\n")
    watch_shells(Watched)

    async def play() -> list[str]:
        manager: Any = Watched(shell_command=["/bin/bash"], extra_env={"HOME": str(tmp_path)})
        for _ in range(2):
            name, _terminal = manager.new_named_terminal()
            for _ in range(50):
                await asyncio.sleep(0.05)
                if name not in manager.terminals:
                    break
        (terminal,) = manager.terminals.values()
        shown = list(terminal.read_buffer)
        terminal.ptyproc.terminate(force=True)
        return shown

    assert "no ~/.bashrc" in "".join(asyncio.run(play()))
