"""Traits of JupyterHub's classes that the admin cannot set: the setting to use instead, or the reason. Pure.

Each of them would break the hub, or do nothing at all, which is worse: it looks as if it did.
"""

from collections.abc import Mapping
from typing import Any

from traitlets.config.loader import LazyConfigValue

from littlest import paths
from littlest.hub.servers.user_environment import make_server_arguments

_PROXY = "the proxy is a service of systemd's own, littlest starts it and knows where it is"
_CERTIFICATES = "hub, proxy and servers are on one machine, and talk on sockets of their own"
_UNIT = "servers are units of systemd's with hardening, names and folders of their own"
_ARGUMENT = "littlest starts servers with it"

_RESERVED: Mapping[str, Mapping[str, str]] = {
    "JupyterHub": {
        "=http.address, http.port and https.port": "bind_url ip port",
        "=base_url": "base_url",
        "=external_url": "public_url",
        "=https.certificate and https.key": "ssl_cert ssl_key",
        "=auth.type": "authenticator_class",
        "=metrics.public or metrics.token": "authenticate_prometheus",
        "=limits.open_servers": "allow_named_servers named_server_limit_per_user",
        "=users.admin": "admin_users",
        "=users.groups": "load_groups",
        "=jupyterhub.UserServerSpawner.concurrent_starts": "concurrent_spawn_limit",
        "=services.managed": "api_tokens service_tokens",
        "the hub's database stays where backup and uninstall look for it": "db_url reset_db upgrade_db",
        "the hub listens on a socket of systemd's, where the proxy finds it": "hub_bind_url hub_connect_ip"
        " hub_connect_port hub_connect_url hub_ip hub_port hub_socket_mode hub_routespec",
        _PROXY: "proxy_api_ip proxy_api_port proxy_auth_token proxy_class proxy_cmd debug_proxy",
        _CERTIFICATES: "internal_ssl internal_certs_location recreate_internal_certs external_ssl_authorities"
        " trusted_alt_names trusted_downstream_ips",
        f"it is kept in {paths.COOKIE_SECRET_FILE}": "cookie_secret cookie_secret_file",
        "servers keep running when the hub and the proxy stop": "cleanup_servers cleanup_proxy",
        _UNIT: "spawner_class",
        "it is for the jupyterhub command, which does not run here": "answer_yes config_file confirm_no_ssl"
        " generate_certs generate_config pid_file show_config show_config_json",
        "the hub's log is in the journal: sudo littlest logs": "extra_log_file",
    },
    "Authenticator": {
        "=users.admin": "admin_users",
        "=users.allowed": "allowed_users whitelist",
        "=users.banned": "blocked_users",
        "=auth.allow_all": "allow_all",
        "users whom an admin added in the admin panel may always log in": "allow_existing_users",
        "littlest itself knows whether anybody may log in": "any_allow_config",
        f"passwords are kept in {paths.PASSWORDS_FILE}": "passwords_file",
        "littlest makes the account of a user, when a server first starts": "create_system_users add_user_cmd",
    },
    "Spawner": {
        "=limits.memory": "mem_limit",
        "=limits.cpu": "cpu_limit",
        "it does nothing here": "mem_guarantee cpu_guarantee",
        "=user_environment.default_app": "default_url",
        "=user_environment.working_directory": "notebook_dir user_workingdir",
        "=user_environment.path": "extra_paths",
        "=user_environment.environment": "env_keep",
        "=users.unix_name": "username_template",
        _UNIT: "cmd ip port hub_connect_url slice",
        f"{_UNIT}; UserServerSpawner.unit_extra_properties adds properties of systemd's": "default_shell"
        " disable_user_sudo dynamic_users isolate_devices isolate_tmp readonly_paths readwrite_paths"
        " unit_name_template",
        _CERTIFICATES: "ssl_alt_names ssl_alt_names_include_local",
        "the hub would end itself after that many failures": "consecutive_failure_limit",
    },
    "Proxy": {_PROXY: "api_url auth_token command command_umask debug log_level pid_file should_start"},
    "CryptKeeper": {"littlest makes that key itself and keeps it among its secrets": "keys"},
}
"""Class → reason, or "=" and the setting to use → names of traits."""


def explain_reserved_trait(owner: type, trait: str, login: Mapping[str, str]) -> tuple[str, str | None] | None:
    """Return why the admin cannot set a trait, and a hint; None for a trait that the admin can set.

    `owner` is a class below one of JupyterHub's. `login` has the authenticator's traits that settings of `auth` set,
    each with its setting.
    """
    family = next((one.__name__ for one in owner.__mro__ if one.__name__ in _RESERVED), "")
    reasons = _RESERVED.get(family, {}).items()
    reason = next((reason for reason, traits in reasons if trait in traits.split()), None)
    if family == "Authenticator" and trait in login:
        reason = f"={login[trait]}"
    if reason is None:
        return None
    if reason.startswith("="):
        return "has a setting of its own", f"use {reason[1:]}"
    return f"cannot be set: {reason}", None


def explain_reserved_value(trait: str, value: Any, external_url: str) -> tuple[str, str | None] | None:
    """Return what is wrong with a value that the trait takes, and a hint: it does what a setting does, or is given to
    servers twice. None for any other value."""
    if trait == "tornado_settings" and "frame-ancestors" in str(value).lower():
        return "says who may show the hub in a frame, which has a setting of its own", "use frame_ancestors"
    words = value.get_value([]) if isinstance(value, LazyConfigValue) else value
    if trait != "args" or not isinstance(words, list):
        return None
    ours = {word.partition("=")[0] for word in make_server_arguments("", [], external_url)}
    for name in (str(word).partition("=")[0] for word in words):
        if name.endswith(".tornado_settings"):
            hint = "to show the hub in a page of another site, use frame_ancestors"
            return f"{name} cannot be given: {_ARGUMENT}", hint
        if name in ours:
            return f"{name} cannot be given: {_ARGUMENT}", None
    return None
