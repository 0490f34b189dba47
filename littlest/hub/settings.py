"""What the configuration means in JupyterHub's own words. Pure: the process's environment comes in as an argument."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from littlest import paths
from littlest.config.model import Config
from littlest.config.values import parse_bytes

CULLER_SCOPES = ("list:users", "read:users:activity", "read:servers", "delete:servers")
COMMAND_SCOPES = (
    "list:users",
    "read:users",
    "read:servers",
    "read:hub",
    "proxy",
    *(f"{scope}!user={paths.CANARY_USER}" for scope in ("admin:users", "start:servers", "access:servers")),
)
"""What `littlest` itself asks of the hub: who is there, what runs, that the proxy's routes are put right, and to try
a server out as a user who exists for that only."""
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_URLS = {"jupyterlab": "/lab", "notebook": "/tree"}
Settings = dict[str, dict[str, Any]]
"""Class name → trait → value, as JupyterHub's `c` takes it."""


def make_hub_settings(config: Config, environment: Mapping[str, str], cores: int, templates: str) -> Settings:
    """Every setting that we give JupyterHub.

    `environment` holds the tokens of `hub.env`, `templates` is the folder of our page templates, `cores` the number
    of processors. Raises KeyError when a token is missing.
    """
    return {
        "JupyterHub": {
            **_make_address_settings(config),
            **_make_survival_settings(),
            **_make_service_settings(environment),
            "authenticator_class": "littlest.hub.authenticator.PasswordAuthenticator",
            "spawner_class": "littlest.hub.spawner.UserServerSpawner",
            "proxy_class": "littlest.hub.proxy.SocketProxy",
            "template_paths": [templates],
            "allow_named_servers": False,
            # the queue is in the spawner: JupyterHub's own limit answers 429 and tells people to come back later
            "concurrent_spawn_limit": 0,
            "tornado_settings": {
                "headers": {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"},
                "cookie_options": {"samesite": "Lax"},
                "xsrf_cookie_kwargs": {"samesite": "Lax"},
                # seconds after which a start shows its progress page, with the place in line
                "slow_spawn_timeout": 3,
            },
        },
        "Proxy": {"should_start": False},
        "ConfigurableHTTPProxy": {"api_url": f"http+unix://{quote(str(paths.PROXY_API_SOCKET), safe='')}"},
        "Authenticator": _make_authenticator_settings(config),
        "PasswordAuthenticator": {"passwords_file": str(paths.PASSWORDS_FILE)},
        "Spawner": _make_spawner_settings(config),
        "UserServerSpawner": {"concurrent_starts": cores + 1},
    }


def _make_address_settings(config: Config) -> dict[str, Any]:
    address = f"[{config.http.address}]" if ":" in config.http.address else config.http.address
    return {
        "bind_url": f"http://{address}:{config.http.port}{config.base_url}",
        "hub_bind_url": f"http://{paths.HUB_ADDRESS}:{paths.HUB_PORT}{config.base_url}",
        "db_url": f"sqlite:///{paths.DATABASE_FILE}",
        "cookie_secret_file": str(paths.COOKIE_SECRET_FILE),
        "pid_file": "",
    }


def _make_survival_settings() -> dict[str, Any]:
    """The hub may go and come back at any time: what it started stays."""
    return {"cleanup_servers": False, "cleanup_proxy": False, "init_spawners_timeout": 1}


def _make_service_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        "services": [
            {"name": "idle-culler", "api_token": environment["LITTLEST_CULLER_TOKEN"]},
            {"name": "littlest", "api_token": environment["LITTLEST_COMMAND_TOKEN"]},
        ],
        "load_roles": [
            {"name": "idle-culler", "services": ["idle-culler"], "scopes": list(CULLER_SCOPES)},
            {"name": "littlest", "services": ["littlest"], "scopes": list(COMMAND_SCOPES)},
        ],
    }


def _make_authenticator_settings(config: Config) -> dict[str, Any]:
    return {
        "allow_all": False,
        # those whom an admin added in the hub's admin panel
        "allow_existing_users": True,
        "allowed_users": set(config.users.allowed),
        "admin_users": set(config.users.admin),
        "blocked_users": {*config.users.banned, paths.CANARY_USER},
        "any_allow_config": True,
    }


def _make_spawner_settings(config: Config) -> dict[str, Any]:
    return {
        "default_url": DEFAULT_URLS[config.user_environment.default_app],
        "mem_limit": None if config.limits.memory is None else parse_bytes(config.limits.memory),
        "cpu_limit": config.limits.cpu,
        "start_timeout": 300,
        "http_timeout": 120,
        # more than 0 makes the hub end itself after that many failures
        "consecutive_failure_limit": 0,
    }


def make_server_arguments(socket: str) -> tuple[str, ...]:
    """Command-line arguments of a user's notebook server; those on the command line win over the user's own files.

    The server listens on `socket` only, and its kernels on sockets in its runtime directory: a loopback port would be
    in reach of every other user.
    """
    return (
        # with a socket, the port must be named and be the default
        "--ServerApp.port=8888",
        f"--ServerApp.sock={socket}",
        "--ServerApp.sock_mode=0660",
        "--KernelManager.transport=ipc",
        "--ServerApp.kernel_spec_manager_class=littlest.hub.kernels.PrefixKernelSpecManager",
        # not a login shell: /etc/profile would set PATH anew
        "--ServerApp.terminado_settings={'shell_command': ['/bin/bash']}",
        "--ServerApp.tornado_settings={'compress_response': True}",
        # Lab would ask the network for news and newer versions of itself, which only the server's admin can install
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    )


def make_server_environment(account: str, home: str, unit: str) -> dict[str, str]:
    """What a user's server, its kernels and terminals find in their environment, beside JupyterHub's own variables.

    Nothing of the hub's own environment comes along.
    """
    return {
        "HOME": home,
        "USER": account,
        "LOGNAME": account,
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        # python and pip are the shared environment's; where that is gone, the rest still works
        "PATH": ":".join((f"{paths.USER_ENVIRONMENT_DIR}/bin", f"{home}/.local/bin", SYSTEM_PATH)),
        "JUPYTER_PATH": f"{paths.USER_ENVIRONMENT_DIR}/share/jupyter",
        # kernels' sockets lie here: below a long home their names would be too long for a socket
        "JUPYTER_RUNTIME_DIR": f"/run/{unit.removesuffix('.service')}",
    }
