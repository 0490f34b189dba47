"""Steps for accounts, groups and passwords."""
# ruff: noqa: D102  # `step.Step` says what `list_owned` returns

from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest.paths import INITIAL_PASSWORD_DIR, PASSWORDS_FILE
from littlest.plan.steps.step import Owned, Step


@dataclass(frozen=True, slots=True)
class EnsureGroup(Step):
    """A system group exists."""

    sentence = "create the group {0.name}"
    name: str

    def list_owned(self) -> Owned:
        return Owned(kept=(f"group:{self.name}",))


@dataclass(frozen=True, slots=True)
class SetGroupMembers(Step):
    """The Unix groups of `users.groups` have exactly the accounts of these hub users as members. Groups that are no
    longer in the settings have none; they stay, so that no other group gets their number and so their rights.
    """

    sentence = "set the members of the users' groups"
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    """Each Unix group with its hub users. A user who has no account yet joins when their first server starts."""
    unix_name: str
    """The template of account names, which finds the accounts that existed before."""


@dataclass(frozen=True, slots=True)
class EnsureSystemUser(Step):
    """A system account without a login exists, with a group of its own name."""

    sentence = "create the system account {0.name}"
    name: str
    home: Path
    comment: str

    def list_owned(self) -> Owned:
        return Owned(accounts=(self.name,))


@dataclass(frozen=True, slots=True)
class RemoveSystemUser(Step):
    """A system account of ours is gone."""

    sentence = "remove the system account {0.name}"
    name: str


@dataclass(frozen=True, slots=True)
class SetInitialPassword(Step):
    """This hub user has a first password, unless they have one already.

    The password is generated, or read from `password_file`, and never enters a plan.
    """

    sentence = "set a first password for {0.user}"
    user: str
    password_file: Path | None = None

    def list_owned(self) -> Owned:
        # nobody would know a password whose note is gone, so both go together
        files = (PASSWORDS_FILE, INITIAL_PASSWORD_DIR / self.user)
        return Owned(kept=(*(f"path:{file}" for file in files), f"password:{self.user}"))
