"""The systemd units of hub, proxy, culler and user servers: their text, and what makes each restart."""

import json
import sys
from importlib.resources import files
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.model import Config
from littlest.plan.steps import EnableUnit, Release, RunUnit, Step, WriteFile

_NOT_THE_HUBS = {"services"}
"""Sections of config.yaml that the hub's own process does not depend on."""


def make_unit_steps(config: Config, release: Release) -> tuple[Step, ...]:
    """Every unit written, enabled, and running from these very inputs, in start order: proxy, hub, culler."""
    units = render_units(config)
    started = [
        unit for unit in (paths.PROXY_UNIT, paths.HUB_SOCKET_UNIT, paths.HUB_UNIT, paths.CULLER_UNIT) if unit in units
    ]
    return (
        *(WriteFile(paths.SYSTEMD_DIR / name, text) for name, text in units.items()),
        *(EnableUnit(unit) for unit in started),
        *(_make_run_step(unit, config, release) for unit in started),
    )


def render_units(config: Config) -> dict[str, str]:
    """The text of every unit that this configuration wants, by its name."""
    address, port = config.http.address, config.http.port
    units = {
        paths.USERS_SLICE: _render(paths.USERS_SLICE),
        paths.PROXY_UNIT: _render(
            paths.PROXY_UNIT,
            listen=f"--ip {address} --port {port}" if address else f"--port {port}",
            probe_address=make_probe_address(address),
            port=port,
            proxy_files=make_package_dir() / "hub/proxy_files",
        ),
        paths.HUB_SOCKET_UNIT: _render(paths.HUB_SOCKET_UNIT),
        paths.HUB_UNIT: _render(paths.HUB_UNIT),
    }
    cull = config.services.cull
    if cull.enabled:
        units[paths.CULLER_UNIT] = _render(
            paths.CULLER_UNIT,
            base_url=config.base_url,
            timeout=cull.timeout,
            every=cull.every,
            max_age=cull.max_age,
        )
    return units


def make_probe_address(address: str) -> str:
    """Where something that listens on `address` is reached from this machine."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104


def make_package_dir() -> Path:
    """The folder of this package in the current release, whichever that is: units name it through the link."""
    return paths.CURRENT_LINK / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/littlest"


def _render(name: str, **values: object) -> str:
    template = files("littlest.plan").joinpath("templates", name).read_text(encoding="utf-8")
    return template.format(
        current=paths.CURRENT_LINK,
        state_dir=paths.STATE_DIR,
        hub_address=paths.HUB_ADDRESS,
        hub_port=paths.HUB_PORT,
        hub_environment_file=paths.HUB_ENVIRONMENT_FILE,
        proxy_environment_file=paths.PROXY_ENVIRONMENT_FILE,
        culler_environment_file=paths.CULLER_ENVIRONMENT_FILE,
        proxy_api_socket=paths.PROXY_API_SOCKET,
        proxy_user=paths.PROXY_USER,
        **values,
    )


def _make_run_step(unit: str, config: Config, release: Release) -> RunUnit:
    """A unit restarts when its file, its secrets or the release change; the hub also with its settings and drop-ins.

    What the proxy and the culler depend on stands in their unit files.
    """
    secrets = {
        paths.PROXY_UNIT: (paths.PROXY_ENVIRONMENT_FILE,),
        paths.HUB_UNIT: (paths.HUB_ENVIRONMENT_FILE, paths.COOKIE_SECRET_FILE, paths.DROP_IN_DIR),
        paths.CULLER_UNIT: (paths.CULLER_ENVIRONMENT_FILE,),
    }.get(unit, ())
    settings: dict[str, object] = {} if unit == paths.HUB_SOCKET_UNIT else {"release": str(release.directory)}
    if unit == paths.HUB_UNIT:
        settings["config"] = config.model_dump(mode="json", exclude=_NOT_THE_HUBS)
    return RunUnit(unit, (paths.SYSTEMD_DIR / unit, *secrets), json.dumps(settings, sort_keys=True))
