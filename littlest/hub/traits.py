"""What the configuration means in JupyterHub's own words. Pure but for the secrets' files."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.base import Secret
from littlest.hub.login.authenticators import ReadSecret, make_login_settings
from littlest.hub.services import make_service_settings
from littlest.machine.machine import Machine
from littlest.system.secrets.secret_files import read_secret_value

Settings = dict[str, dict[str, Any]]
"""Class name → trait → value, as JupyterHub's `c` takes it."""


def read_secret(secret: Secret) -> str:
    """The secret itself. Raises LittlestError where its file cannot be read."""
    return read_secret_value(Machine(), secret)


def make_hub_settings(
    config: Config,
    environment: Mapping[str, str],
    cores: int,
    templates: str,
    read_secret: ReadSecret = read_secret,
) -> Settings:
    """Every setting that we give JupyterHub.

    `environment` holds the tokens of `hub.env`, `templates` is the folder of our page templates, `cores` the number
    of processors. Raises KeyError when a token is missing, LittlestError for a secret that cannot be read.
    """
    settings = _make_own_settings(config, environment, cores, templates, read_secret)
    for section, values in make_login_settings(config, read_secret).items():
        settings[section] = settings.get(section, {}) | values
    return settings


def _make_own_settings(
    config: Config, environment: Mapping[str, str], cores: int, templates: str, read_secret: ReadSecret
) -> Settings:
    return {
        "JupyterHub": {
            **_make_address_settings(config),
            **_make_survival_settings(),
            **make_service_settings(config, environment, read_secret),
            "spawner_class": "littlest.hub.servers.spawner.UserServerSpawner",
            "proxy_class": "littlest.hub.socket_proxy.SocketProxy",
            "template_paths": [templates],
            "template_vars": {"login_type": config.auth.type},
            # who may have which is looked at when one starts: the limit may differ by user and change at any time
            "allow_named_servers": True,
            # the queue is in the spawner: JupyterHub's own limit answers 429 and tells people to come back later
            "concurrent_spawn_limit": 0,
            "tornado_settings": {
                "headers": {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"},
                "cookie_options": {"samesite": "Lax"},
                "xsrf_cookie_kwargs": _make_xsrf_cookie_options(config),
                # seconds after which a start shows its progress page, with the place in line
                "slow_spawn_timeout": 3,
            },
        },
        "Proxy": {"should_start": False},
        "ConfigurableHTTPProxy": {"api_url": f"http+unix://{quote(str(paths.PROXY_API_SOCKET), safe='')}"},
        "Authenticator": _make_authenticator_settings(config),
        "Spawner": _make_spawner_settings(config),
        "UserServerSpawner": {"concurrent_starts": cores + 1},
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
    """What the hub's XSRF cookie has: where people come by https, JupyterHub marks every cookie but this one.

    (What is said of all cookies is handed to users' servers as well, which may outlive https.)
    """
    is_https = config.https.enabled or config.external_url.startswith("https:")
    return {"samesite": "Lax", **({"secure": True} if is_https else {})}


def _make_survival_settings() -> dict[str, Any]:
    """The hub may go and come back at any time: what it started stays."""
    return {"cleanup_servers": False, "cleanup_proxy": False, "init_spawners_timeout": 1}


def _make_authenticator_settings(config: Config) -> dict[str, Any]:
    return {
        # those whom an admin added in the hub's admin panel
        "allow_existing_users": True,
        "allowed_users": set(config.users.allowed),
        "admin_users": set(config.users.admin),
        "blocked_users": {*config.users.banned, paths.CANARY_USER, *_list_blocked_accounts(config)},
        "any_allow_config": True,
    }


def _list_blocked_accounts(config: Config) -> tuple[str, ...]:
    # whatever PAM, a directory or a provider says of such a name
    return ("root",) if config.auth.type == "pam" or config.users.unix_name == "{name}" else ()


def _make_spawner_settings(config: Config) -> dict[str, Any]:
    return {
        "start_timeout": 300,
        "http_timeout": 120,
        # more than 0 makes the hub end itself after that many failures
        "consecutive_failure_limit": 0,
    }
