"""Traits of JupyterHub's classes that are not for the admin to set: what sets them instead, or why nobody may. Pure.

Each would else break the hub, or do nothing at all, which is worse: it looks as if it did.
"""

from collections.abc import Mapping

from littlest import paths

_DATABASE = "the hub's database stays where backup and uninstall look for it"
_SOCKET = "the hub listens on a socket of systemd's, where the proxy finds it"
_PROXY = "the proxy is a service of systemd's own, littlest starts it and knows where it is"
_CERTIFICATES = "hub, proxy and servers are on one machine, and talk on sockets of their own"
_COMMAND = "it is for the jupyterhub command, which does not run here"
_SERVERS = "servers outlive the hub and the proxy here"
_UNIT = "servers are units of systemd's with hardening, names and folders of their own"
_NOTHING = "it does nothing here"

_HUB: Mapping[str, str] = {
    **dict.fromkeys(("bind_url", "ip", "port"), "=http.address, http.port and https.port"),
    "base_url": "=base_url",
    "public_url": "=external_url",
    **dict.fromkeys(("ssl_cert", "ssl_key"), "=https.certificate and https.key"),
    "authenticator_class": "=auth.type",
    "authenticate_prometheus": "=metrics.public or metrics.token",
    "trusted_networks": "=proxy.trusted",
    **dict.fromkeys(("allow_named_servers", "named_server_limit_per_user"), "=limits.open_servers"),
    "admin_users": "=users.admin",
    "load_groups": "=users.groups",
    "concurrent_spawn_limit": "=jupyterhub.UserServerSpawner.concurrent_starts",
    **dict.fromkeys(("api_tokens", "service_tokens"), "=services.managed"),
    **dict.fromkeys(("db_url", "reset_db", "upgrade_db"), _DATABASE),
    **dict.fromkeys(
        (
            *("hub_bind_url", "hub_connect_ip", "hub_connect_port", "hub_connect_url", "hub_ip", "hub_port"),
            *("hub_socket_mode", "hub_routespec"),
        ),
        _SOCKET,
    ),
    **dict.fromkeys(
        ("proxy_api_ip", "proxy_api_port", "proxy_auth_token", "proxy_class", "proxy_cmd", "debug_proxy"), _PROXY
    ),
    **dict.fromkeys(
        (
            *("internal_ssl", "internal_certs_location", "recreate_internal_certs", "external_ssl_authorities"),
            *("trusted_alt_names", "trusted_downstream_ips"),
        ),
        _CERTIFICATES,
    ),
    **dict.fromkeys(("cookie_secret", "cookie_secret_file"), f"it is kept in {paths.COOKIE_SECRET_FILE}"),
    **dict.fromkeys(("cleanup_servers", "cleanup_proxy"), _SERVERS),
    "spawner_class": _UNIT,
    **dict.fromkeys(
        (
            *("answer_yes", "config_file", "confirm_no_ssl", "generate_certs", "generate_config", "pid_file"),
            *("show_config", "show_config_json"),
        ),
        _COMMAND,
    ),
    "extra_log_file": "the hub's log is in the journal: sudo littlest logs",
    "users_listed": "it is the hub's own",
}
_AUTHENTICATOR: Mapping[str, str] = {
    "admin_users": "=users.admin",
    **dict.fromkeys(("allowed_users", "whitelist"), "=users.allowed"),
    "blocked_users": "=users.banned",
    "allow_all": "=auth.allow_all",
    "allow_existing_users": "users whom an admin added in the admin panel may always log in",
    "any_allow_config": "littlest itself knows whether anybody may log in",
    "passwords_file": f"passwords are kept in {paths.PASSWORDS_FILE}",
    **dict.fromkeys(
        ("create_system_users", "add_user_cmd"), "littlest makes the account of a user, when a server first starts"
    ),
}
_SPAWNER: Mapping[str, str] = {
    "mem_limit": "=limits.memory",
    "cpu_limit": "=limits.cpu",
    **dict.fromkeys(("mem_guarantee", "cpu_guarantee"), _NOTHING),
    "default_url": "=user_environment.default_app",
    **dict.fromkeys(("notebook_dir", "user_workingdir"), "=user_environment.working_directory"),
    "extra_paths": "=user_environment.path",
    "env_keep": "=user_environment.environment",
    "username_template": "=users.unix_name",
    **dict.fromkeys(("cmd", "ip", "port", "hub_connect_url", "slice"), _UNIT),
    **dict.fromkeys(
        (
            *("default_shell", "disable_user_sudo", "dynamic_users", "isolate_devices", "isolate_tmp"),
            *("readonly_paths", "readwrite_paths", "unit_name_template"),
        ),
        f"{_UNIT}; UserServerSpawner.unit_extra_properties adds properties of systemd's",
    ),
    **dict.fromkeys(("ssl_alt_names", "ssl_alt_names_include_local"), _CERTIFICATES),
    "consecutive_failure_limit": "the hub would end itself after that many failures",
}
_OWNED: Mapping[str, Mapping[str, str]] = {
    "JupyterHub": _HUB,
    "Authenticator": _AUTHENTICATOR,
    "Spawner": _SPAWNER,
    "Proxy": dict.fromkeys(
        ("api_url", "auth_token", "command", "command_umask", "debug", "log_level", "pid_file", "should_start"),
        _PROXY,
    ),
    "CryptKeeper": {"keys": "littlest makes that key itself and keeps it among its secrets"},
}


def explain_owned_trait(family: str, trait: str, login: Mapping[str, str]) -> tuple[str, str | None] | None:
    """Return why a trait is not to be set, and a hint; None for one that may be.

    `family` is the class of JupyterHub's below which the class in question is: JupyterHub, Authenticator and so on.
    `login` has the authenticator's traits that settings of `auth` stand for, each with its setting.
    """
    owned = _OWNED.get(family, {}).get(trait)
    if family == "Authenticator" and trait in login:
        owned = f"={login[trait]}"
    if owned is None:
        return None
    if owned.startswith("="):
        return "has a setting of its own", f"use {owned[1:]}"
    return f"cannot be set: {owned}", None
