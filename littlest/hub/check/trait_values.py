"""Values for the traits of JupyterHub's classes: is there such a class, such a trait, and does it take the value?"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from jupyterhub.crypto import CryptKeeper
from jupyterhub.proxy import Proxy
from jupyterhub.spawner import Spawner
from traitlets import Bytes, Callable, Container, Dict, Enum, TraitError, TraitType, Unicode
from traitlets.config import Configurable
from traitlets.config.loader import LazyConfigValue
from traitlets.utils.importstring import import_item

from littlest.config.reference.catalog import find_nearest_word
from littlest.hub.check.reserved_traits import explain_owned_trait

DROP_IN_ADVICE = "this takes a file of Python in /etc/littlest/jupyterhub_config.d"
_FAMILIES: tuple[type[Configurable], ...] = (JupyterHub, Authenticator, Spawner, Proxy, CryptKeeper)
_PLAIN_KINDS = {
    r"\ban? (?:unicode )?string\b": "text",
    r"\ban? (?:int|integer|long)\b": "a whole number",
    r"\ban? float\b": "a number",
    r"\ba boolean\b": "true or false",
    r"\ba (?:set|tuple)\b": "a list",
    r"\ba dict\b": "a group of keys and values",
}
"""What traitlets calls a type, and what a person who writes YAML calls it."""


@dataclass(frozen=True, slots=True)
class TraitProblem:
    """What is wrong with a class (`trait` is empty then) or with one of its traits."""

    trait: str
    problem: str
    hint: str | None = None


class KnownClasses:
    """The classes that the hub is made of, and those that JupyterHub knows besides."""

    def __init__(
        self, in_use: Iterable[type[Configurable]], others: Iterable[type[Configurable]], login: Mapping[str, str]
    ) -> None:
        """`login` has the authenticator's traits that settings of `auth` stand for, each with its setting."""
        self.login = login
        self.in_use = (*in_use, CryptKeeper)
        self._others = {one.__name__ for one in others}
        self._names = {
            name
            for one in self.in_use
            for ancestor in one.__mro__
            if issubclass(ancestor, Configurable)
            for name in [ancestor.__name__]
        }

    def find_class(self, name: str) -> type[Configurable] | None:
        """Return the class in use whose objects heed what is said of this class: itself, or the one below it.

        A class with its module may be any that can be imported. None where nothing would heed it.
        """
        if "." in name:
            try:
                found = import_item(name)
            except Exception:  # whatever a package of the admin's raises
                return None
            if not (isinstance(found, type) and issubclass(found, Configurable)):
                return None
            return self.find_class(found.__name__) or found
        heeding = (one for one in self.in_use if name in {ancestor.__name__ for ancestor in one.__mro__})
        return next(heeding, None) if name in self._names else None

    def find_nearer(self, name: str, trait: str, wanted: Mapping[str, Mapping[str, Any]]) -> str | None:
        """Return the class for which `wanted` gives this trait another value that is heeded in the place of this
        class's; None where this one's is heeded."""
        bare = name.rpartition(".")[2]
        found = self.find_class(name)
        for one in found.__mro__ if found else ():
            if trait in wanted.get(one.__name__, {}):
                is_other = one.__name__ != bare and wanted[one.__name__][trait] != wanted[bare].get(trait)
                return one.__name__ if is_other else None
        return None

    def find_problems(self, name: str, values: Mapping[str, Any]) -> Iterator[TraitProblem]:
        """Yield what is wrong with a class's name, or with its traits' names and values."""
        found = self.find_class(name)
        if found is None:
            yield self._explain_class(name)
            return
        for trait, value in values.items():
            yield from find_trait_problems(found, trait, value, self.login)

    def _explain_class(self, name: str) -> TraitProblem:
        if "." in name:
            return TraitProblem("", f"{name} cannot be imported, or is no class that has settings")
        used = ", ".join(one.__name__ for one in self.in_use[1:])
        if name in self._others:
            return TraitProblem("", f"{name} is not used here", f"the hub uses {used}")
        nearest = find_nearest_word(name, (*self._names, *self._others))
        return TraitProblem(
            "", "JupyterHub has no class of this name", f"did you mean {nearest}?" if nearest else None
        )


def find_name_problem(owner: type[Configurable], name: str, login: Mapping[str, str]) -> TraitProblem | None:
    """Return what is wrong with the name of a trait: there is none of it, or it is not for the admin to set."""
    traits = owner.class_traits(config=True)
    if name not in traits:
        nearest = find_nearest_word(name, tuple(traits))
        hint = f"did you mean {nearest}?" if nearest else None
        return TraitProblem(name, f"{owner.__name__} has no trait of this name", hint)
    family = next((one.__name__ for one in _FAMILIES if issubclass(owner, one)), "")
    # an old name of oauthenticator's for the same
    name_now = getattr(owner, "_deprecated_oauth_aliases", {}).get(name, (name,))[0]
    owned = explain_owned_trait(family, name_now, login)
    return TraitProblem(name, *owned) if owned else None


def find_trait_problems(
    owner: type[Configurable], name: str, value: Any, login: Mapping[str, str]
) -> Iterator[TraitProblem]:
    """Yield what is wrong with one trait of a class: its name, who sets it, its value."""
    wrong_name = find_name_problem(owner, name, login)
    if wrong_name:
        yield wrong_name
        return
    problem = _explain_value(owner, owner.class_traits(config=True)[name], name, value)
    if problem:
        yield TraitProblem(name, *problem)


def _explain_value(owner: type[Configurable], trait: TraitType[Any, Any], name: str, value: Any) -> Any:
    # an object with its defaults, that was not set up
    blank = owner.__new__(owner)
    try:
        if isinstance(value, LazyConfigValue):
            # a copy: it keeps what it came to
            value = copy.deepcopy(value).get_value(trait.default(blank))
        if name.endswith("_hook") and not (value is None or callable(value)):
            return f"takes a function, not {describe_value(value)}", DROP_IN_ADVICE
        if value is None and trait.allow_none:
            return None
        validate = getattr(trait, "validate", None)
        if validate is not None:
            validate(blank, value)
    except TraitError:
        return f"takes {describe_trait(trait)}, not {describe_value(value)}", _advise(trait, value)
    except Exception:  # what the trait needs of an object that is set up
        return None
    return None


def _advise(trait: TraitType[Any, Any], value: Any) -> str | None:
    if isinstance(trait, Callable | Bytes):
        return DROP_IN_ADVICE
    return "put it in quotes" if isinstance(trait, Unicode) and isinstance(value, (int, float)) else None


def describe_trait(trait: TraitType[Any, Any]) -> str:
    """Return what a trait takes, for a person who writes YAML."""
    if isinstance(trait, Container):
        # of a list, the kind of its items is a trait as well
        inner = getattr(trait, "_trait", None)
        items = (
            f" with {describe_trait(inner)} for each item"
            if inner is not None and inner.info() != "any value"
            else ""
        )
        return f"a list{items}"
    if isinstance(trait, Dict):
        return "a group of keys and values"
    if isinstance(trait, Enum):
        # of levels that have a number as well, the names
        choices = list(trait.values or ())
        return (
            f"one of {', '.join(str(one) for one in choices if isinstance(one, str)) or ', '.join(map(str, choices))}"
        )
    words = trait.info()
    for pattern, plain in _PLAIN_KINDS.items():
        words = re.sub(pattern, plain, words)
    return words


def describe_value(value: Any) -> str:
    """Return what kind of value this is; never the value itself, which may be a secret."""
    words = {
        type(None): "null",
        bool: "true" if value is True else "false",
        int: "a number",
        float: "a number",
        str: "text",
        dict: "this group of keys and values",
        list: "this list",
    }
    return words.get(type(value), f"a {type(value).__name__}")
