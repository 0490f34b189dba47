"""What every step of a plan has: a description for people, and what the Record keeps of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owned:
    """What is ours once a step is done, and so may be removed again."""

    paths: tuple[tuple[str, str], ...] = ()
    """Each path with what is there, in the words of `Record.paths`."""
    units: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    """System accounts."""
    folders: tuple[str, ...] = ()
    """Shared folders, which are closed and never removed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One intended change to the machine. `littlest.system.step_kinds` has the code that carries each kind out."""

    def describe(self) -> str:
        """Return what the step does, for a person: a clause that begins with a verb in lower case."""
        raise NotImplementedError(type(self).__name__)

    def list_owned(self) -> Owned:
        """Return what the Record keeps of the step: nothing, unless a kind says otherwise.

        Groups, secrets, passwords and the user environment belong to people and are not ours to remove.
        """
        return Owned()
