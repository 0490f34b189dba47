"""Values for the traits of JupyterHub's classes: is there such a class, such a trait, and does it take the value?"""

import re
from collections.abc import Mapping
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.crypto import CryptKeeper
from traitlets import Bytes, Callable, TraitError, TraitType, Unicode
from traitlets.config import Configurable
from traitlets.config.loader import LazyConfigValue
from traitlets.utils.importstring import import_item

from littlest.config.reference.catalog import find_nearest_word
from littlest.hub.application import LittlestHub
from littlest.hub.check.reserved_traits import explain_reserved_trait, explain_reserved_value
from littlest.hub.live import live
from littlest.hub.servers.spawner import UserServerSpawner
from littlest.hub.socket_proxy import SocketProxy

DROP_IN_ADVICE = "this takes a file of Python in /etc/littlest/jupyterhub_config.d"
_EXPECTED = re.compile(r" instance (contains )?.*?expected (.*?), not the (\w+)")
"""What traitlets says of a value, up to the value itself, which may be a secret."""
_PLAIN_WORDS = {
    "an int": "a whole number",
    "a float": "a number",
    "a boolean": "true or false",
    "a unicode string": "text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list",
    "dict": "a group",
    "NoneType": "null",
}
"""Words of traitlets and of Python, in those of config.yaml."""

Explanation = tuple[str, str | None]
"""A problem, and a hint."""


class KnownClasses:
    """The classes that the hub is made of."""

    def __init__(self, authenticator: type[Authenticator], login: Mapping[str, str]) -> None:
        """`login` has the authenticator's traits that settings of `auth` set, each with its setting."""
        self.authenticator, self._login = authenticator, login
        self._names: dict[str, type[Configurable]] = {}
        for one in (LittlestHub, authenticator, UserServerSpawner, SocketProxy, CryptKeeper):
            for ancestor in one.__mro__:
                if issubclass(ancestor, Configurable):
                    self._names.setdefault(ancestor.__name__, one)

    def find_class(self, name: str) -> type[Configurable] | None:
        """Return the class in use whose objects read settings of this class: the class itself, or a subclass of it.

        A class with its module may be any that can be imported. None where nothing would read the settings.
        """
        if "." not in name:
            return self._names.get(name)
        try:
            found = import_item(name)
        except Exception:  # whatever a package of the admin's raises
            return None
        is_class = isinstance(found, type) and issubclass(found, Configurable)
        return self._names.get(found.__name__, found) if is_class else None

    def explain_name(self, name: str, trait: str) -> Explanation | None:
        """Return what is wrong with the names of a class and its trait: unknown, or not for the admin to set."""
        owner = self.find_class(name)
        if owner is None:
            nearest = find_nearest_word(name, tuple(self._names), cutoff=0.7)
            used = ", ".join(sorted({one.__name__ for one in self._names.values()}))
            wrong = "cannot be imported, or has no traits" if "." in name else "the hub uses no class of this name"
            return wrong, f"did you mean {nearest}?" if nearest else f"it uses {used}"
        traits = owner.class_traits(config=True)
        if trait not in traits:
            nearest = find_nearest_word(trait, tuple(traits))
            return f"{owner.__name__} has no trait of this name", f"did you mean {nearest}?" if nearest else None
        # oauthenticator has old names for some traits
        name_now = getattr(owner, "_deprecated_oauth_aliases", {}).get(trait, (trait,))[0]
        return explain_reserved_trait(owner, name_now, self._login)

    def explain_value(self, name: str, trait: str, value: Any) -> Explanation | None:
        """Return what is wrong with a value for a trait of a class, or with their names; None where it can be set."""
        owner, problem = self.find_class(name), self.explain_name(name, trait)
        problem = problem or explain_reserved_value(trait, value, live.config.external_url)
        # what a drop-in appends counts together with what was there, so the start of the hub tries it
        if problem or owner is None or isinstance(value, LazyConfigValue):
            return problem
        known = owner.class_traits(config=True)[trait]
        try:
            if trait.endswith("_hook") and not (value is None or callable(value)):
                return "takes a function", DROP_IN_ADVICE
            if not (value is None and known.allow_none) and hasattr(known, "validate"):
                # on an object with its defaults, that was not set up
                known.validate(owner.__new__(owner), value)
        except TraitError as error:
            said = _EXPECTED.search(str(error))
            hint = "put it in quotes" if isinstance(known, Unicode) and isinstance(value, int | float) else None
            hint = DROP_IN_ADVICE if isinstance(known, Callable | Bytes) else hint
            return _explain_mismatch(*said.groups()) if said else f"takes {describe_trait(known)}", hint
        except Exception:  # what the trait needs of an object that is set up
            return None
        return None


def describe_trait(trait: TraitType[Any, Any]) -> str:
    """Return what a trait takes, null left aside."""
    info = trait.info().removesuffix(" or None")
    return _PLAIN_WORDS.get(info, info)


def _explain_mismatch(is_inside: str | None, expected: str, found: str) -> str:
    takes = f"takes {_PLAIN_WORDS.get(expected, expected)}, not {_PLAIN_WORDS.get(found, f'a {found}')}"
    return f"an entry {takes}" if is_inside else takes


def find_section(owner: type[Configurable], trait: str, settings: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the class whose value for a trait an object of `owner` uses: the nearest that the settings name."""
    return next((one.__name__ for one in owner.__mro__ if trait in settings.get(one.__name__, {})), None)
