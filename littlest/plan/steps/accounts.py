"""Steps for accounts, groups and passwords."""
# ruff: noqa: D102  # `base.Step` says what the two methods of every kind return

from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest.paths import INITIAL_PASSWORD_DIR, PASSWORDS_FILE
from littlest.plan.steps.base import Owned, Step


@dataclass(frozen=True, slots=True)
class EnsureGroup(Step):
    """A system group exists."""

    name: str

    def describe(self) -> str:
        return f"create the group {self.name}"

    def list_owned(self) -> Owned:
        return Owned(kept=(f"group:{self.name}",))


@dataclass(frozen=True, slots=True)
class SetGroupMembers(Step):
    """The Unix groups of `users.groups` have exactly the accounts of these hub users as members. Groups that are no
    longer in the settings have none; they stay, so that no other group gets their number and so their rights.
    """

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    """Each Unix group with its hub users. A user who has no account yet joins when their first server starts."""
    unix_name: str
    """The template of account names, which finds the accounts that existed before."""

    def describe(self) -> str:
        return "give the groups of users exactly their members"


@dataclass(frozen=True, slots=True)
class EnsureSystemUser(Step):
    """A system account without a login exists, with a group of its own name."""

    name: str
    home: Path
    comment: str

    def describe(self) -> str:
        return f"create the system account {self.name}"

    def list_owned(self) -> Owned:
        return Owned(accounts=(self.name,))


@dataclass(frozen=True, slots=True)
class RemoveSystemUser(Step):
    """A system account of ours is gone."""

    name: str

    def describe(self) -> str:
        return f"remove the system account {self.name}"


@dataclass(frozen=True, slots=True)
class SetInitialPassword(Step):
    """This hub user has a first password, unless they have one already.

    The password is generated, or read from `password_file`, and never enters a plan.
    """

    user: str
    password_file: Path | None = None

    def describe(self) -> str:
        return f"set a first password for {self.user}"

    def list_owned(self) -> Owned:
        # nobody would know a password whose note is gone, so both go together
        files = (PASSWORDS_FILE, INITIAL_PASSWORD_DIR / self.user)
        return Owned(kept=(*(f"path:{file}" for file in files), f"password:{self.user}"))
