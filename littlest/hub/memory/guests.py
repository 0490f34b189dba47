"""Users whom a rule let in or made admins, rather than their name: `auth.allow_all`, or a group at the provider.

JupyterHub's database keeps every user who ever logged in, next to those whom an admin added in the admin panel. This
file tells them apart, so that what a rule gave ends with the rule.
"""

import json
from dataclasses import dataclass, field

from littlest import paths
from littlest.machine.machine import Machine


@dataclass
class Guests:
    """Names, each with the digest of the rule that last let this user in, or made them an admin."""

    machine: Machine
    is_lost: bool = False
    """Whether the file is missing or damaged, so that nothing is known of the users in the hub's database."""
    _rules: dict[str, str] = field(default_factory=dict)
    _admins: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            found = json.loads(self.machine.read_text(paths.GUESTS_FILE) or "")
            self._rules, self._admins = (
                {str(name): str(rule) for name, rule in found[kind].items()} for kind in ("guests", "admins")
            )
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            self.is_lost = True

    def __contains__(self, name: object) -> bool:
        return name in self._rules

    def was_let_in(self, name: str, rule: str) -> bool:
        """Whether exactly this rule let the user in."""
        return self._rules.get(name) == rule

    def let_in(self, name: str, rule: str) -> None:
        """Remember that a rule let this user in. Raises OSError when the file cannot be written."""
        if self._rules.get(name) != rule:
            self._keep({**self._rules, name: rule}, self._admins)

    def forget(self, name: str) -> None:
        """Forget a user who was removed, or who may now log in by name."""
        if name in self._rules:
            self._keep({one: rule for one, rule in self._rules.items() if one != name}, self._admins)

    def was_made_admin(self, name: str) -> bool:
        """Whether a rule, rather than a person, made this user an admin."""
        return name in self._admins

    def is_admin_by_ended_rule(self, name: str, rule: str) -> bool:
        """Whether this user is an admin by another rule than this one."""
        return self.is_lost or self._admins.get(name, rule) != rule

    def make_admin(self, name: str, rule: str) -> None:
        """Remember that a rule made this user an admin."""
        if self._admins.get(name) != rule:
            self._keep(self._rules, {**self._admins, name: rule})

    def forget_admin(self, name: str) -> None:
        """Forget that a rule made this user an admin."""
        if name in self._admins:
            self._keep(self._rules, {one: rule for one, rule in self._admins.items() if one != name})

    def suspect(self, name: str) -> None:
        """Treat a user of the database as a guest, because nothing says which right let them in."""
        self._rules.setdefault(name, "")

    def recover(self) -> None:
        """Write a new file from what is known by now."""
        self._keep(self._rules, self._admins)
        self.is_lost = False

    def _keep(self, rules: dict[str, str], admins: dict[str, str]) -> None:
        # the file first: nobody may be let in whom a restarted hub would not know as a guest
        content = json.dumps({"guests": rules, "admins": admins}, ensure_ascii=False)
        self.machine.write_file(paths.GUESTS_FILE, content, mode=0o600)
        self._rules, self._admins = rules, admins
