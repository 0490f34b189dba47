"""The addresses of this hub for a login provider, and the rule by which a way to log in lets people in. Pure."""

from collections.abc import Mapping
from typing import Any

from littlest.config.model import Config
from littlest.config.sections.auth import Auth, ClassAuth
from littlest.config.sections.secrecy import is_secret_place
from littlest.config.sections.section import Secret
from littlest.plan.effects import make_plain_data

_NO_RULES = frozenset(
    {
        *("ask_email_address", "failed_logins", "first_login", "login_service", "logout_url"),
        *("minimum_password_length", "wait"),
    }
)
"""Settings of `auth` that do not decide who is let in."""
_NO_RULE_TRAITS = frozenset(
    {
        *("allow_existing_users", "allowed_users", "admin_users", "any_allow_config", "blocked_users"),
        *("allowed_failed_logins", "ask_email_on_signup", "auth_refresh_age", "auto_login", "check_common_password"),
        *(
            "custom_html",
            "enable_auth_state",
            "first_login",
            "login_service",
            "logout_redirect_url",
            "minimum_password_length",
        ),
        *("oauth_callback_url", "passwords_file", "public_url", "refresh_pre_spawn", "seconds_before_next_try"),
    }
)
"""Traits of authenticators that do not either, or that hold the names of the settings."""


def make_callback_url(config: Config) -> str:
    """Return the address to which a provider sends people back."""
    path = "hub/lti13/oauth_callback" if _is_course(config.auth) else "hub/oauth_callback"
    return f"{config.external_url}{path}"


def list_login_addresses(config: Config) -> dict[str, str]:
    """Return the addresses to enter at the provider by their usual names; none where people log in at this hub."""
    is_client = isinstance(config.auth, ClassAuth) and "client_id" in config.auth.settings
    if not (config.auth.sends_people_back or (is_client and config.external_url)):
        return {}
    if not _is_course(config.auth):
        return {"callback URL": make_callback_url(config)}
    return {
        "tool URL": f"{config.external_url}hub",
        "login initiation URL": f"{config.external_url}hub/lti13/oauth_login",
        "redirection URI": make_callback_url(config),
        "settings as JSON (Canvas)": f"{config.external_url}hub/lti13/config",
    }


def _is_course(auth: Auth) -> bool:
    """Whether people come from a course, by LTI 1.3."""
    return auth.type == "lti13" or (isinstance(auth, ClassAuth) and "jwks_endpoint" in auth.settings)


def render_login_addresses(config: Config) -> tuple[str, ...]:
    """Return the same addresses as lines for a person."""
    return tuple(
        f"For the registration of this hub at your provider, the {name}: {address}"
        for name, address in list_login_addresses(config).items()
    )


def make_login_rule(config: Config) -> dict[str, Any]:
    """Return the settings that decide whom a way to log in lets in by itself, as plain data without secrets."""
    auth = config.auth
    fields = {name: getattr(auth, name) for name in type(auth).model_fields.keys() - _NO_RULES - {"settings"}}
    classes = {name: values for name, values in config.jupyterhub.items() if name.endswith("Authenticator")}
    rules = {name: _make_trait_rules(values) for name, values in {**classes, "": auth.settings}.items()}
    return {
        **{name: make_plain_data(value) for name, value in fields.items() if not isinstance(value, Secret)},
        "traits": {name: values for name, values in rules.items() if values},
    }


def is_rule_trait(name: str) -> bool:
    """Whether this trait of an authenticator may decide who is let in."""
    return name not in _NO_RULE_TRAITS and not is_secret_place(("auth", "settings", name))


def _make_trait_rules(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: make_plain_data(value) for name, value in values.items() if is_rule_trait(name)}
