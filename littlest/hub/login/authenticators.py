"""Which authenticator class of JupyterHub each `auth.type` uses, and the values of its traits. Pure.

Most traits are declared at the field whose value they take, with `Sets`; the others are made here.
"""

import ssl
from collections.abc import Callable, Mapping
from typing import Any

from littlest.config.model import Config
from littlest.config.sections.auth import Auth
from littlest.config.sections.section import Secret
from littlest.hub.login.trait_names import find_traits_of_fields
from littlest.hub.merge import add_trait_values, read_trait_secrets

ReadSecret = Callable[[Secret], str]
Traits = dict[str, Any]

CLASSES: Mapping[str, str] = {
    "firstuse": "littlest.hub.login.first_use.PasswordAuthenticator",
    "native": "littlest.hub.login.native.SignUpAuthenticator",
    "pam": "littlest.hub.login.directories.UnixAuthenticator",
    "dummy": "jupyterhub.auth.DummyAuthenticator",
    "tmp": "tmpauthenticator.TmpAuthenticator",
    "ldap": "littlest.hub.login.directories.DirectoryAuthenticator",
    "oidc": "oauthenticator.generic.GenericOAuthenticator",
    "github": "oauthenticator.github.GitHubOAuthenticator",
    "google": "oauthenticator.google.GoogleOAuthenticator",
    "gitlab": "oauthenticator.gitlab.GitLabOAuthenticator",
    "azuread": "oauthenticator.azuread.AzureAdOAuthenticator",
    "globus": "oauthenticator.globus.GlobusOAuthenticator",
    "cilogon": "oauthenticator.cilogon.CILogonOAuthenticator",
    "auth0": "oauthenticator.auth0.Auth0OAuthenticator",
    "okta": "oauthenticator.generic.GenericOAuthenticator",
    "bitbucket": "oauthenticator.bitbucket.BitbucketOAuthenticator",
    "mediawiki": "oauthenticator.mediawiki.MWOAuthenticator",
    "lti13": "littlest.hub.login.courses.CourseAuthenticator",
}
"""The class of each `auth.type`; any other type is the name of a class itself."""

_ORIGINALS: Mapping[str, str] = {
    # the class name from which people copy it, though another class does it here, or none of that name is installed
    "FirstUseAuthenticator": "firstuse",
    "NativeAuthenticator": "native",
    "PAMAuthenticator": "pam",
    "LDAPAuthenticator": "ldap",
    "LTI13Authenticator": "lti13",
}
TYPES_OF_CLASSES: Mapping[str, str] = {
    **{path.rpartition(".")[2]: kind for kind, path in CLASSES.items() if kind != "okta"},
    **_ORIGINALS,
}
"""The `auth.type` that does what a class of this name does, with what the class itself lacks here."""
KEEPERS = frozenset({"firstuse", "native", "pam", "ldap", "dummy", "tmp"})
"""Types whose class decides on this machine who gets in: each of its subclasses would need what we add to it."""


def find_authenticator_class(auth: Auth) -> str:
    """Return the authenticator class of this way to log in, with its module."""
    return CLASSES.get(auth.type, auth.type)


def make_login_settings(config: Config, read_secret: ReadSecret) -> dict[str, Traits]:
    """Return the settings of the authenticator class, by the names of the classes.

    `auth.settings` overrides traits without a setting of their own. What `read_secret` raises is not caught.
    """
    auth = config.auth
    name = find_authenticator_class(auth)
    traits = _make_traits(auth, read_secret)
    if auth.type == "lti13":
        traits["public_url"] = config.external_url
    section = name.rpartition(".")[2]
    return {
        "JupyterHub": {"authenticator_class": name},
        "Authenticator": {"allow_all": auth.allow_all},
        **add_trait_values({section: traits}, {section: read_trait_secrets(auth.settings, read_secret)}),
    }


def _make_traits(auth: Auth, read_secret: ReadSecret) -> Traits:
    values = {names[0]: getattr(auth, field) for field, names in find_traits_of_fields(auth).items()}
    # an empty text is a setting that was not given
    traits = {name: value for name, value in values.items() if value != ""}
    if auth.type in _FURTHER:
        traits |= _FURTHER[auth.type](auth)
    return {name: _convert(value, read_secret) for name, value in traits.items() if value is not None}


def _convert(value: Any, read_secret: ReadSecret) -> Any:
    match value:
        case Secret():
            return read_secret(value)
        case tuple():
            return list(value)
        case _:
            return value


def _make_ldap_traits(auth: Any) -> Traits:
    # the class itself does not check certificates
    tls: Traits = {"validate": ssl.CERT_REQUIRED}
    if auth.certificate_authority:
        tls["ca_certs_file"] = auth.certificate_authority
    attribute = auth.search_attribute if auth.search_base else None
    return {
        "tls_kwargs": {} if auth.tls == "insecure" else tls,
        # names are escaped wherever they are used, so every name of a directory is allowed
        "valid_username_regex": r"^[\w.@+-][\w.@+ -]*$",
        "lookup_dn": True if auth.search_base else None,
        "user_attribute": attribute,
        "lookup_dn_user_dn_attribute": attribute,
        **({} if auth.search_user else {"lookup_dn_search_password": None}),
    }


def _make_oidc_traits(auth: Any) -> Traits:
    if not auth.groups_claim:
        return {"allowed_groups": None, "admin_groups": None}
    return {"manage_groups": True, "auth_state_groups_key": f"oauth_user.{auth.groups_claim}"}


def _make_okta_traits(auth: Any) -> Traits:
    address = f"https://{auth.domain}/oauth2/v1"
    return {
        "authorize_url": f"{address}/authorize",
        "token_url": f"{address}/token",
        "userdata_url": f"{address}/userinfo",
        "scope": _OPENID,
        "login_service": "Okta",
    }


def _make_cilogon_traits(auth: Any) -> Traits:
    derivation = {"username_derivation": {"username_claim": auth.username_claim}}
    return {"idps": {provider: dict(derivation) for provider in auth.identity_providers}}


_OPENID = ["openid", "profile", "email"]
_FURTHER: Mapping[str, Callable[[Any], Traits]] = {
    "native": lambda _auth: {"check_common_password": True},
    "ldap": _make_ldap_traits,
    "oidc": _make_oidc_traits,
    # without this scope, GitHub tells nobody about memberships that are not public
    "github": lambda auth: {"scope": ["read:org"] if auth.organizations else []},
    "gitlab": lambda auth: {"scope": ["read_api"] if auth.groups else ["read_user"]},
    "azuread": lambda _auth: {"login_service": "Microsoft", "scope": _OPENID},
    "globus": lambda auth: {"identity_provider": auth.identity_provider},
    "cilogon": _make_cilogon_traits,
    "auth0": lambda _auth: {"scope": _OPENID},
    "okta": _make_okta_traits,
}
"""Traits that no field has in this form; None for a trait that stays as the class has it."""
