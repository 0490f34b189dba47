"""Which traits of an authenticator's class a setting of ours stands for, so that nothing else is to set them. Pure.

Set in another way, they would go past what the settings are checked for, or have no effect at all.
"""

from collections.abc import Mapping

from littlest.config.sections.auth import Auth, ClassAuth

_CLIENT = {
    "client_id": "auth.client_id",
    "client_secret": "auth.client_secret",
    "oauth_callback_url": "external_url",
}
_USERNAME = {"username_claim": "auth.username_claim", "username_key": "auth.username_claim"}
_TRAITS: Mapping[str, Mapping[str, str]] = {
    "native": {
        "open_signup": "auth.open_signup",
        "minimum_password_length": "auth.minimum_password_length",
        "ask_email_on_signup": "auth.ask_email_address",
        "allowed_failed_logins": "auth.failed_logins",
        "seconds_before_next_try": "auth.wait",
    },
    "pam": {"service": "auth.service"},
    "dummy": {"password": "auth.password"},
    "ldap": {
        "server_address": "auth.server",
        "server_port": "auth.port",
        **dict.fromkeys(("tls_strategy", "use_ssl"), "auth.tls"),
        "tls_kwargs": "auth.certificate_authority",
        "bind_dn_template": "auth.user_dns",
        "allowed_groups": "auth.groups",
        **dict.fromkeys(("lookup_dn", "user_search_base"), "auth.search_base"),
        **dict.fromkeys(("user_attribute", "lookup_dn_user_dn_attribute"), "auth.search_attribute"),
        "lookup_dn_search_user": "auth.search_user",
        "lookup_dn_search_password": "auth.search_password",
    },
    "oidc": {
        **_CLIENT,
        **_USERNAME,
        "authorize_url": "auth.authorize_url",
        "token_url": "auth.token_url",
        "userdata_url": "auth.userdata_url",
        "logout_redirect_url": "auth.logout_url",
        "scope": "auth.scope",
        "login_service": "auth.login_service",
        **dict.fromkeys(("manage_groups", "auth_state_groups_key", "claim_groups_key"), "auth.groups_claim"),
        "allowed_groups": "auth.allowed_groups",
        "admin_groups": "auth.admin_groups",
    },
    "github": {**_CLIENT, "github_url": "auth.url", "allowed_organizations": "auth.organizations"},
    "google": {**_CLIENT, "hosted_domain": "auth.hosted_domains"},
    "gitlab": {**_CLIENT, "gitlab_url": "auth.url", "allowed_gitlab_groups": "auth.groups"},
    "azuread": {**_CLIENT, **_USERNAME, "tenant_id": "auth.tenant_id"},
    "globus": {
        **_CLIENT,
        "allowed_globus_groups": "auth.groups",
        "identity_provider": "auth.identity_provider",
    },
    "cilogon": _CLIENT,
    "auth0": {**_CLIENT, **_USERNAME, "auth0_domain": "auth.domain"},
    "okta": {**_CLIENT, **_USERNAME},
    "bitbucket": {**_CLIENT, "allowed_teams": "auth.workspaces"},
    "mediawiki": {**_CLIENT, "mw_index_url": "auth.url"},
    "lti13": {
        "issuer": "auth.issuer",
        "client_id": "auth.client_ids",
        "authorize_url": "auth.authorize_url",
        "jwks_endpoint": "auth.jwks_url",
        "username_key": "auth.username_claim",
        "public_url": "external_url",
    },
}
"""Way to log in → trait → the setting that it is."""
DEFAULTS = frozenset(
    {
        *("authorize_url", "token_url", "userdata_url", "scope", "login_service", "idps"),
        *("check_common_password", "valid_username_regex"),
    }
)
"""Traits that we give where no setting stands for them; `auth.settings` may give others."""


def explain_login_traits(auth: Auth) -> Mapping[str, str]:
    """Return the traits of the class of `auth.type` that settings of ours stand for, each with its setting."""
    if isinstance(auth, ClassAuth):
        return {"oauth_callback_url": "external_url"}
    return _TRAITS.get(auth.type, {})
