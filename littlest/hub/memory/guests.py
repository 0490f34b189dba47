"""Users whom a rule let in or made admins, rather than their name: `auth.allow_all`, or a group at the provider.

JupyterHub's database keeps every user who ever logged in, next to those whom an admin added in the admin panel. This
file tells them apart, so that what a rule gave ends with the rule.
"""

import json

from littlest import paths
from littlest.machine.machine import Machine

GUESTS, ADMINS = "guests", "admins"
"""What a rule made of a user: somebody who may log in, or an admin."""


class Guests:
    """Names, each with the digest of the rule that last let this user in, or made them an admin."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.is_lost = False
        """Whether the file is missing or damaged, so that nothing is known of the users in the hub's database."""
        self._rules: dict[str, dict[str, str]] = {GUESTS: {}, ADMINS: {}}
        try:
            found = json.loads(machine.read_text(paths.GUESTS_FILE) or "")
            self._rules = {
                kind: {str(name): str(rule) for name, rule in found[kind].items()} for kind in (GUESTS, ADMINS)
            }
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            self.is_lost = True

    def find_rule(self, kind: str, name: str) -> str | None:
        """Return the digest of the rule that last gave this to the user; None where no rule did."""
        return self._rules[kind].get(name)

    def remember(self, kind: str, name: str, rule: str) -> None:
        """Remember that a rule gave this to the user. Raises OSError when the file cannot be written."""
        if self.find_rule(kind, name) != rule:
            self._write(kind, {**self._rules[kind], name: rule})

    def forget(self, kind: str, name: str) -> None:
        """Forget that a rule gave this to the user. Raises OSError when the file cannot be written."""
        if name in self._rules[kind]:
            self._write(kind, {one: rule for one, rule in self._rules[kind].items() if one != name})

    def suspect(self, name: str) -> None:
        """Treat a user of the database as a guest, because nothing says which right let them in."""
        self._rules[GUESTS].setdefault(name, "")

    def recover(self) -> None:
        """Write a new file from what is known by now."""
        self._write(GUESTS, self._rules[GUESTS])
        self.is_lost = False

    def _write(self, kind: str, changed: dict[str, str]) -> None:
        rules = {**self._rules, kind: changed}
        # the file first: nobody may be let in whom a restarted hub would not know as a guest
        self._machine.write_file(paths.GUESTS_FILE, json.dumps(rules, ensure_ascii=False), mode=0o600)
        self._rules = rules
