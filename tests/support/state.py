"""What is remembered of a test machine between the commands that work on it."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.support.processes import Background


class State:
    """A JSON file: the layers of the machine's disk, who made it, and, while it runs, its processes."""

    LASTING = ("disk", "layers", "owner")

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> dict[str, Any]:
        """Read everything; raises FileNotFoundError for a machine that does not exist."""
        if not self.file.exists():
            raise FileNotFoundError(f"there is no machine called {self.file.parent.name}")
        state: dict[str, Any] = json.loads(self.file.read_text())
        return state

    def write(self, **state: Any) -> None:
        """Replace everything, in one rename(2)."""
        partial = self.file.with_suffix(".partial")
        partial.write_text(json.dumps(state, indent=1))
        partial.rename(self.file)

    def supervisor(self) -> Background | None:
        """Give the systemd-nspawn that the machine lives in; None when the machine is off."""
        given = self.read().get("supervisor")
        supervisor = Background(**given) if given else None
        return supervisor if supervisor and supervisor.is_alive() else None

    def leader(self) -> int | None:
        """Give the number, outside, of the machine's process 1."""
        supervisor = self.supervisor()
        with suppress(FileNotFoundError):
            if supervisor:
                children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text().split()
                return int(children[0]) if children else None
        return None

    def keep(self, process: Background) -> None:
        """Have `process` ended together with the machine."""
        state = self.read()
        self.write(**state | {"extras": [*state.get("extras", []), asdict(process)]})

    def note(self, **facts: str | int) -> None:
        """Remember something until the machine is stopped."""
        self.write(**self.read() | {"facts": {**self.facts(), **facts}})

    def facts(self) -> dict[str, str | int]:
        """Give what was noted since the machine was started."""
        facts: dict[str, str | int] = self.read().get("facts", {})
        return facts

    def end_extras(self) -> None:
        """End what was to end with the machine, and forget everything that was true only while it ran."""
        state = self.read()
        for extra in state.get("extras", []):
            Background(**extra).end()
        self.write(**{key: state[key] for key in self.LASTING})

    def is_orphan(self) -> bool:
        """Say whether the process that made the machine is gone."""
        return not Path(f"/proc/{self.read()['owner']}").exists()
