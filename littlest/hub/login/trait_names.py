"""Which traits of an authenticator class our settings set, so that nothing else may set them. Pure.

Set in another way, they would bypass the checks of the settings, or have no effect.
"""

from collections.abc import Mapping

from littlest.config.sections.auth import Auth, ClassAuth
from littlest.config.sections.section import Sets


def find_traits_of_fields(auth: Auth) -> dict[str, tuple[str, ...]]:
    """Return the traits that each field declares with `Sets`: first the one that takes the field's value."""
    return {
        name: mark.traits
        for name, field in type(auth).model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Sets)
    }


def explain_login_traits(auth: Auth) -> Mapping[str, str]:
    """Return the traits of the class of `auth.type` that our settings set, each with the key of its setting."""
    found = {trait: f"auth.{name}" for name, traits in find_traits_of_fields(auth).items() for trait in traits}
    if "client_secret" in found or isinstance(auth, ClassAuth):
        found["oauth_callback_url"] = "external_url"
    if auth.type == "lti13":
        found["public_url"] = "external_url"
    return found
