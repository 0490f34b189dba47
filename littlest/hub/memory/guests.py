"""Who was let in, or made an admin, by a rule and not by name: because everybody may, or by a group at the provider.

JupyterHub keeps everybody who was ever let in, as it keeps those whom an admin added in the admin panel. So that the
rule's end is also the end of what it gave, the names of the former are kept apart.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from littlest import paths

GUESTS_FILE = Path(paths.GUESTS_FILE)


@dataclass
class Guests:
    """Names, each with the digest of the settings under which it was let in last, or made an admin."""

    file: Path = GUESTS_FILE
    is_lost: bool = False
    """Whether nothing is known of those whom the hub's database has: the file is missing, or damaged."""
    _rules: dict[str, str] = field(default_factory=dict)
    _admins: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
            self._rules, self._admins = (
                {str(name): str(rule) for name, rule in found[kind].items()} for kind in ("guests", "admins")
            )
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            self.is_lost = True

    def __contains__(self, name: object) -> bool:
        return name in self._rules

    def was_let_in(self, name: str, rule: str) -> bool:
        """Whether this one was let in under these very settings."""
        return self._rules.get(name) == rule

    def let_in(self, name: str, rule: str) -> None:
        """Remember one who was let in."""
        if self._rules.get(name) != rule:
            self._keep({**self._rules, name: rule}, self._admins)

    def forget(self, name: str) -> None:
        """Forget one who was removed, or who may log in by name from now on."""
        if name in self._rules:
            self._keep({one: rule for one, rule in self._rules.items() if one != name}, self._admins)

    def was_made_admin(self, name: str) -> bool:
        """Whether a rule, and no person, made this one an admin."""
        return name in self._admins

    def is_admin_by_ended_rule(self, name: str, rule: str) -> bool:
        """Whether this one is an admin by other settings than these."""
        return self.is_lost or self._admins.get(name, rule) != rule

    def make_admin(self, name: str, rule: str) -> None:
        """Remember one whom a rule made an admin."""
        if self._admins.get(name) != rule:
            self._keep(self._rules, {**self._admins, name: rule})

    def forget_admin(self, name: str) -> None:
        """Forget that a rule made this one an admin."""
        if name in self._admins:
            self._keep(self._rules, {one: rule for one, rule in self._admins.items() if one != name})

    def suspect(self, name: str) -> None:
        """Take one of the database for a guest, of whom it is not known by which right they were let in."""
        self._rules.setdefault(name, "")

    def recover(self) -> None:
        """Go on with what is known by now of those whom the database has."""
        self._keep(self._rules, self._admins)
        self.is_lost = False

    def _keep(self, rules: dict[str, str], admins: dict[str, str]) -> None:
        # in the file first: of whom nothing is written nobody may know that they were let in
        self._write({"guests": rules, "admins": admins})
        self._rules, self._admins = rules, admins

    def _write(self, content: dict[str, dict[str, str]]) -> None:
        temporary = self.file.with_name(self.file.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, ensure_ascii=False)
            stream.flush()
            os.fsync(descriptor)
        temporary.replace(self.file)
