"""What `auth` means in the words of JupyterHub's authenticators. Pure: a function that is given reads secrets.

This module says which class each way to log in uses, and what our settings give to its traits. Which traits a
setting sets is declared at its field; see `trait_names`. `people` says how all classes follow `users`.
"""

import ssl
from collections.abc import Callable, Mapping
from typing import Any

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.auth import Auth, DummyAuth, FirstUseAuth, LdapAuth, NativeAuth, PamAuth
from littlest.config.sections.base import Secret
from littlest.hub.merge import add_trait_values, read_trait_secrets
from littlest.plan.login import make_callback_url

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


def find_authenticator_class(auth: Auth) -> str:
    """Return the JupyterHub authenticator class, with its module, that `auth.type` stands for."""
    return CLASSES.get(auth.type, auth.type)


def make_login_settings(config: Config, read_secret: ReadSecret) -> dict[str, Traits]:
    """Return what the class of `auth.type` is told, below the names of classes.

    Of traits that no setting stands for, `auth.settings` has the last word; it has no others.

    What `read_secret` raises for a secret that cannot be read goes through.
    """
    auth = config.auth
    name = find_authenticator_class(auth)
    traits = _make_traits(auth, read_secret)
    if hasattr(auth, "client_id") and hasattr(auth, "client_secret"):
        traits |= {
            "client_id": auth.client_id,
            "client_secret": read_secret(auth.client_secret),
            "oauth_callback_url": make_callback_url(config),
        }
    if auth.type == "lti13":
        traits["public_url"] = config.external_url
    section = name.rpartition(".")[2]
    return {
        "JupyterHub": {"authenticator_class": name},
        "Authenticator": {"allow_all": auth.allow_all},
        **add_trait_values({section: traits}, {section: read_trait_secrets(auth.settings, read_secret)}),
    }


def _make_traits(auth: Auth, read_secret: ReadSecret) -> Traits:
    match auth:
        case FirstUseAuth():
            return {"passwords_file": str(paths.PASSWORDS_FILE)}
        case NativeAuth():
            return _make_native_traits(auth)
        case PamAuth():
            return {"service": auth.service}
        case DummyAuth():
            return {"password": read_secret(auth.password)} if auth.password else {}
        case LdapAuth():
            return _make_ldap_traits(auth, read_secret)
    # the models of the providers are a module of their own, which other ways to log in do not need
    make = _PROVIDERS.get(auth.type)
    return make(auth) if make else {}


def _make_native_traits(auth: NativeAuth) -> Traits:
    return {
        "passwords_file": str(paths.PASSWORDS_FILE),
        "open_signup": auth.open_signup,
        "minimum_password_length": auth.minimum_password_length,
        "check_common_password": True,
        "ask_email_on_signup": auth.ask_email_address,
        "allowed_failed_logins": auth.failed_logins,
        "seconds_before_next_try": auth.wait,
    }


def _make_ldap_traits(auth: LdapAuth, read_secret: ReadSecret) -> Traits:
    # by itself it would take any certificate
    tls: Traits = {"validate": ssl.CERT_REQUIRED}
    if auth.certificate_authority:
        tls["ca_certs_file"] = auth.certificate_authority
    traits: Traits = {
        "server_address": auth.server,
        "tls_strategy": auth.tls,
        "tls_kwargs": {} if auth.tls == "insecure" else tls,
        "bind_dn_template": list(auth.user_dns),
        "allowed_groups": list(auth.groups),
        # names are escaped wherever they are used, so they may be what a directory's names are
        "valid_username_regex": r"^[\w.@+-][\w.@+ -]*$",
    }
    if auth.port is not None:
        traits["server_port"] = auth.port
    if auth.search_base:
        traits |= {
            "lookup_dn": True,
            "user_search_base": auth.search_base,
            "user_attribute": auth.search_attribute,
            "lookup_dn_user_dn_attribute": auth.search_attribute,
        }
    if auth.search_user and auth.search_password:
        traits |= {
            "lookup_dn_search_user": auth.search_user,
            "lookup_dn_search_password": read_secret(auth.search_password),
        }
    return traits


def _make_oidc_traits(auth: Any) -> Traits:
    traits = {
        "authorize_url": auth.authorize_url,
        "token_url": auth.token_url,
        "userdata_url": auth.userdata_url,
        "logout_redirect_url": auth.logout_url,
        "scope": list(auth.scope),
        "username_claim": auth.username_claim,
        "login_service": auth.login_service,
    }
    if auth.groups_claim:
        # first of all: the others are refused without it
        traits = {"manage_groups": True} | traits
        traits["auth_state_groups_key"] = f"oauth_user.{auth.groups_claim}"
        traits["allowed_groups"] = set(auth.allowed_groups)
        traits["admin_groups"] = set(auth.admin_groups)
    return traits


def _make_okta_traits(auth: Any) -> Traits:
    address = f"https://{auth.domain}/oauth2/v1"
    return {
        "authorize_url": f"{address}/authorize",
        "token_url": f"{address}/token",
        "userdata_url": f"{address}/userinfo",
        "scope": ["openid", "profile", "email"],
        "username_claim": auth.username_claim,
        "login_service": "Okta",
    }


def _make_cilogon_traits(auth: Any) -> Traits:
    derivation = {"username_derivation": {"username_claim": auth.username_claim}}
    return {"idps": {provider: dict(derivation) for provider in auth.identity_providers}}


def _make_globus_traits(auth: Any) -> Traits:
    return {"allowed_globus_groups": set(auth.groups), "identity_provider": auth.identity_provider}


def _make_lti13_traits(auth: Any) -> Traits:
    return {
        "issuer": auth.issuer,
        "client_id": set(auth.client_ids),
        "authorize_url": auth.authorize_url,
        "jwks_endpoint": auth.jwks_url,
        "username_key": auth.username_claim,
    }


_PROVIDERS: Mapping[str, Callable[[Any], Traits]] = {
    "oidc": _make_oidc_traits,
    "github": lambda auth: {
        "github_url": auth.url,
        "allowed_organizations": set(auth.organizations),
        # without it, GitHub does not say who is in an organization but to everybody
        "scope": ["read:org"] if auth.organizations else [],
    },
    "google": lambda auth: {"hosted_domain": list(auth.hosted_domains)},
    "gitlab": lambda auth: {
        "gitlab_url": auth.url,
        "allowed_gitlab_groups": set(auth.groups),
        "scope": ["read_api"] if auth.groups else ["read_user"],
    },
    "azuread": lambda auth: {
        "tenant_id": auth.tenant_id,
        "username_claim": auth.username_claim,
        "login_service": "Microsoft",
        "scope": ["openid", "profile", "email"],
    },
    "globus": _make_globus_traits,
    "cilogon": _make_cilogon_traits,
    "auth0": lambda auth: {
        "auth0_domain": auth.domain,
        "username_claim": auth.username_claim,
        "scope": ["openid", "profile", "email"],
    },
    "okta": _make_okta_traits,
    "bitbucket": lambda auth: {"allowed_teams": set(auth.workspaces)},
    "mediawiki": lambda auth: {"mw_index_url": auth.url},
    "lti13": _make_lti13_traits,
}
