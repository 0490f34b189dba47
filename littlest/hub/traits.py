"""What the configuration means in JupyterHub's own words. Pure but for the secrets' files."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.section import Secret
from littlest.hub.login.authenticators import ReadSecret, make_login_settings
from littlest.hub.servers.open_servers import find_most_names
from littlest.hub.services import make_service_settings
from littlest.machine.machine import Machine
from littlest.system.secrets.secret_files import read_secret_value

HSTS_SECONDS = 365 * 24 * 3600
Settings = dict[str, dict[str, Any]]
"""Class name → trait → value, as JupyterHub's `c` takes it."""


def read_secret(secret: Secret) -> str:
    """Return the secret itself. Raises LittlestError where its file cannot be read."""
    return read_secret_value(Machine(), secret)


def make_hub_settings(
    config: Config,
    environment: Mapping[str, str],
    cores: int,
    templates: str,
    read_secret: ReadSecret = read_secret,
) -> Settings:
    """Return every setting that we give JupyterHub.

    `environment` holds the tokens of `hub.env`, `templates` is the folder of our page templates, `cores` the number
    of processors. Raises KeyError when a token is missing, LittlestError for a secret that cannot be read.
    """
    settings: Settings = {
        "JupyterHub": {
            **_make_address_settings(config),
            # the hub may stop and start at any time: what it started stays
            "cleanup_servers": False,
            "cleanup_proxy": False,
            "init_spawners_timeout": 1,
            **make_service_settings(config, environment, read_secret),
            **_make_server_settings(),
            "proxy_class": "littlest.hub.socket_proxy.SocketProxy",
            "template_paths": [templates],
            "template_vars": {"login_type": config.auth.type},
            "tornado_settings": _make_page_settings(config),
        },
        "Proxy": {"should_start": False},
        "ConfigurableHTTPProxy": {"api_url": f"http+unix://{quote(str(paths.PROXY_API_SOCKET), safe='')}"},
        "Authenticator": _make_authenticator_settings(config),
        # more than 0 failures would make the hub end itself
        "Spawner": {"start_timeout": 300, "http_timeout": 120, "consecutive_failure_limit": 0},
        "UserServerSpawner": {"concurrent_starts": cores + 1},
    }
    for section, values in make_login_settings(config, read_secret).items():
        settings[section] = settings.get(section, {}) | values
    return settings


def _make_server_settings() -> dict[str, Any]:
    return {
        "spawner_class": "littlest.hub.servers.spawner.UserServerSpawner",
        # the limit is checked when a server starts: it may differ by user and change at any time
        "allow_named_servers": True,
        "named_server_limit_per_user": find_most_names,
        # the queue is in the spawner: JupyterHub's own limit answers 429 and tells people to come back later
        "concurrent_spawn_limit": 0,
    }


def _make_page_settings(config: Config) -> dict[str, Any]:
    # a browser refuses to come without https until the hub sends 0, so it does once https.hsts is off
    seconds = HSTS_SECONDS if config.https.hsts else 0
    hsts = {"Strict-Transport-Security": f"max-age={seconds}"} if config.https.hsts or config.https.enabled else {}
    return {
        "headers": {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", **hsts},
        "cookie_options": {"samesite": "Lax"},
        "xsrf_cookie_kwargs": _make_xsrf_cookie_options(config),
        # seconds after which a start shows its progress page, with the place in line
        "slow_spawn_timeout": 3,
    }


def _make_address_settings(config: Config) -> dict[str, Any]:
    address = f"[{config.http.address}]" if ":" in config.http.address else config.http.address
    protocol, port = ("https", config.https.port) if config.https.enabled else ("http", config.http.port)
    return {
        "bind_url": f"{protocol}://{address}:{port}{config.base_url}",
        "public_url": config.external_url,
        "hub_bind_url": f"http://{paths.HUB_ADDRESS}:{paths.HUB_PORT}{config.base_url}",
        "db_url": f"sqlite:///{paths.DATABASE_FILE}",
        "cookie_secret_file": str(paths.COOKIE_SECRET_FILE),
        "pid_file": "",
    }


def _make_xsrf_cookie_options(config: Config) -> dict[str, Any]:
    # where people come by https, JupyterHub marks every cookie but this one; options for all cookies would also reach
    # users' servers, which may outlive https
    return {"samesite": "Lax", **({"secure": True} if config.is_reached_with_https else {})}


def _make_authenticator_settings(config: Config) -> dict[str, Any]:
    # whatever PAM, a directory or a provider says of such a name
    is_root_blocked = config.auth.type == "pam" or config.users.unix_name == "{name}"
    return {
        # those whom an admin added in the hub's admin panel
        "allow_existing_users": True,
        "allowed_users": set(config.users.allowed),
        "admin_users": set(config.users.admin),
        "blocked_users": {*config.users.banned, paths.CANARY_USER, *(("root",) if is_root_blocked else ())},
        "any_allow_config": True,
    }
