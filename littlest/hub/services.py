"""The services of the hub as JupyterHub's settings: our own, those of `services.managed`, and that of the metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from jupyterhub import orm

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.managed_services import ManagedService
from littlest.config.sections.section import LONGEST_TOKEN, SHORTEST_TOKEN, Secret
from littlest.errors import LittlestError
from littlest.hub.login.authenticators import ReadSecret

CULLER_SCOPES = ("list:users", "read:users:activity", "read:servers", "delete:servers")
COMMAND_SCOPES = (
    "list:users",
    "read:users",
    "read:servers",
    "read:hub",
    "proxy",
    *(f"{scope}!user={paths.CANARY_USER}" for scope in ("admin:users", "start:servers", "access:servers")),
)
"""The command `littlest` asks who is there and what runs, lets the hub correct the proxy's routes, and tries out a
server as a user that exists only for this."""

METRICS = "metrics"
"""The name of the service whose token reads the metrics."""
PAUSE_SECONDS = 30.0
"""The pause between two tries to start a program."""


def make_service_settings(config: Config, environment: Mapping[str, str], read_secret: ReadSecret) -> dict[str, Any]:
    """Return JupyterHub's settings of services and of what they may do.

    `environment` has the tokens of our own. Every user who is logged in may open the pages of a service; the service
    decides what it shows to whom. Raises KeyError when one of our own tokens is missing, and LittlestError for a
    token that cannot be read, that has a wrong length, or that two services have.
    """
    own = {
        "idle-culler": (environment["LITTLEST_CULLER_TOKEN"], CULLER_SCOPES),
        "littlest": (environment["LITTLEST_COMMAND_TOKEN"], COMMAND_SCOPES),
    }
    if config.metrics.token is not None:
        own[METRICS] = (_read_token("metrics.token", config.metrics.token, read_secret), ("read:metrics",))
    managed = config.services.managed
    specs = [
        *({"name": name, "api_token": token} for name, (token, _scopes) in own.items()),
        *(_make_spec(name, service, read_secret) for name, service in managed.items()),
    ]
    _check_tokens_differ(specs)
    return {
        "services": specs,
        "load_roles": [
            *({"name": name, "services": [name], "scopes": list(scopes)} for name, (_token, scopes) in own.items()),
            *(
                {"name": f"service-{name}", "services": [name], "scopes": list(service.scopes)}
                for name, service in managed.items()
                if service.scopes
            ),
        ],
        "extra_user_scopes": {f"access:services!service={name}" for name, service in managed.items() if service.url},
        "authenticate_prometheus": not config.metrics.public,
    }


def _make_spec(name: str, service: ManagedService, read_secret: ReadSecret) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": name}
    if service.url:
        # no confirmation: the user has logged in already, and the admin chose the service
        spec |= {"url": service.url, "oauth_no_confirm": True}
    if service.api_token is not None:
        key = f"services.managed.{name}.api_token"
        spec["api_token"] = _read_token(key, service.api_token, read_secret)
    if service.command:
        spec |= {
            "command": list(service.command),
            "environment": dict(service.environment),
            "user": paths.SERVICES_USER,
            "cwd": str(paths.SERVICES_DIR),
        }
    return spec


def _read_token(key: str, secret: Secret, read_secret: ReadSecret) -> str:
    token = read_secret(secret)
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN:
        raise LittlestError(
            f"{key}: a token has {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters, and this one has {len(token)}",
            "Make one with: openssl rand -hex 32",
        )
    return token


def _check_tokens_differ(specs: list[dict[str, Any]]) -> None:
    owners: dict[str, str] = {}
    for spec in specs:
        other = owners.setdefault(spec.get("api_token", spec["name"]), spec["name"])
        if other != spec["name"]:
            raise LittlestError(f"the services {other} and {spec['name']} have the same token; each needs its own")


def keep_trying(service: Any, log: Any) -> None:
    """Make a service's `start` retry until its program has started.

    Otherwise JupyterHub ends the hub when the first start fails, and gives the service up when a later one fails.
    """
    start: Callable[[], Awaitable[None]] = service.start

    async def retry_until_started() -> None:
        while True:
            try:
                return await start()
            except Exception as error:  # whatever keeps a program from starting
                log.error("The service %s cannot be started, and is tried again: %s", service.name, error)
                await asyncio.sleep(PAUSE_SECONDS)

    service.start = retry_until_started


def forget_tokens(db: Any) -> None:
    """Forget the tokens of services from the settings: JupyterHub only adds, so a replaced token would stay valid."""
    for token in db.query(orm.APIToken).join(orm.Service).filter(orm.Service.from_config).all():
        db.delete(token)
    db.commit()
