"""Which traits of an authenticator class our settings set, so that nothing else may set them. Pure.

Set in another way, they would bypass the checks of the settings, or have no effect. The traits of each setting are
declared at its field, with `Sets`.
"""

from collections.abc import Mapping

from littlest.config.sections.auth import Auth, ClassAuth
from littlest.config.sections.base import Sets

DEFAULTS = frozenset(
    {
        *("authorize_url", "token_url", "userdata_url", "scope", "login_service", "idps"),
        *("check_common_password", "valid_username_regex"),
    }
)
"""Traits that we set without a setting of their own; `auth.settings` may override them."""


def explain_login_traits(auth: Auth) -> Mapping[str, str]:
    """Return the traits of the class of `auth.type` that our settings set, each with the key of its setting."""
    found = {
        trait: f"auth.{name}"
        for name, field in type(auth).model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Sets)
        for trait in mark.traits
    }
    if "client_secret" in found or isinstance(auth, ClassAuth):
        found["oauth_callback_url"] = "external_url"
    if auth.type == "lti13":
        found["public_url"] = "external_url"
    return found
