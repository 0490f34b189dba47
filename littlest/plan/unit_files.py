"""The systemd units of hub, proxy, culler and user servers: their text, and what makes each restart."""

import hashlib
import json
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.model import Config
from littlest.plan.effects import list_secret_files, make_restart_digest, make_restart_settings
from littlest.plan.limits import make_total_memory
from littlest.plan.service_accounts import has_programs
from littlest.plan.steps import EnableUnit, Release, RunUnit, Step, WriteFile


def make_unit_steps(config: Config, release: Release, machine_memory: int = 0) -> tuple[Step, ...]:
    """Every unit written, enabled, and running from these very inputs, in start order: proxy, hub, culler."""
    units = render_units(config, machine_memory)
    started = [
        unit for unit in (paths.PROXY_UNIT, paths.HUB_SOCKET_UNIT, paths.HUB_UNIT, paths.CULLER_UNIT) if unit in units
    ]
    return (
        *(WriteFile(paths.SYSTEMD_DIR / name, text) for name, text in units.items()),
        *(EnableUnit(unit) for unit in started),
        *(_make_run_step(unit, config, release) for unit in started),
    )


def render_units(config: Config, machine_memory: int = 0) -> dict[str, str]:
    """The text of every unit that this configuration wants, by its name.

    `machine_memory` is in bytes; 0 where it is not known.
    """
    units = {
        paths.USERS_SLICE: _render(paths.USERS_SLICE, total_memory=make_total_memory(config, machine_memory)),
        paths.HUB_SLICE: _render(paths.HUB_SLICE),
        paths.PROXY_UNIT: _render(paths.PROXY_UNIT, **_make_proxy_values(config)),
        paths.HUB_SOCKET_UNIT: _render(paths.HUB_SOCKET_UNIT),
        # programs of services are started by the hub, and some compile as they run
        paths.HUB_UNIT: _render(paths.HUB_UNIT, deny_write_execute="no" if has_programs(config) else "yes"),
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


def _make_proxy_values(config: Config) -> dict[str, object]:
    """What is in the proxy's unit: where it listens, and with https the certificate, which systemd hands over.

    systemd.exec(5), LoadCredential=: the key needs to be readable by root only. A unit whose file is gone does not
    start, which is why it is one of ours.
    """
    https = config.https
    address = config.http.address
    proxy_files = make_package_dir() / "proxy"
    protocol, port = ("https", https.port) if https.enabled else ("http", config.http.port)
    listen = [*(("--ip", address) if address else ()), "--port", str(port)]
    credentials: list[str] = []
    if https.enabled:
        listen += [f"--ssl-{option} ${{CREDENTIALS_DIRECTORY}}/https.pem" for option in ("cert", "key")]
        credentials.append(f"# {https.certificate} and {https.key}, copied by littlest apply")
        credentials.append(f"LoadCredential=https.pem:{paths.HTTPS_FILE}")
    redirects = https.enabled and https.redirect
    preloaded = ("keep_alive", *(("redirect",) if redirects else ()))
    if redirects:
        variables = {"ADDRESS": address, "FROM": config.http.port, "TO": https.port}
        credentials += [f"Environment=LITTLEST_REDIRECT_{name}={value}" for name, value in variables.items()]
    return {
        "preload": "".join(f"--require {proxy_files}/{name}.cjs " for name in preloaded),
        "listen": " ".join(listen),
        "credentials": "".join(f"{line}\n" for line in credentials),
        "probe_address": make_probe_address(address),
        "protocol": protocol,
        "port": port,
        "proxy_files": proxy_files,
    }


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
        hub_slice=paths.HUB_SLICE,
        hub_environment_file=paths.HUB_ENVIRONMENT_FILE,
        proxy_environment_file=paths.PROXY_ENVIRONMENT_FILE,
        culler_environment_file=paths.CULLER_ENVIRONMENT_FILE,
        proxy_api_socket=paths.PROXY_API_SOCKET,
        proxy_user=paths.PROXY_USER,
        **values,
    )


def _make_run_step(unit: str, config: Config, release: Release) -> RunUnit:
    """A unit restarts when its file, its secrets or the release change; the hub also with its drop-ins and
    with those settings that it does not reload while it runs.

    What the proxy and the culler depend on is in their unit files.
    """
    secrets = {
        paths.PROXY_UNIT: (paths.PROXY_ENVIRONMENT_FILE, *((paths.HTTPS_FILE,) if config.https.enabled else ())),
        paths.HUB_UNIT: (
            paths.HUB_ENVIRONMENT_FILE,
            paths.COOKIE_SECRET_FILE,
            paths.DROP_IN_DIR,
            *list_secret_files(config),
        ),
        paths.CULLER_UNIT: (paths.CULLER_ENVIRONMENT_FILE,),
    }.get(unit, ())
    settings: dict[str, object] = {} if unit == paths.HUB_SOCKET_UNIT else {"release": str(release.directory)}
    if unit == paths.HUB_UNIT:
        settings["config"] = make_restart_settings(config)
    # a plan can be shown, and the settings hold secrets
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    step = RunUnit(unit, (paths.SYSTEMD_DIR / unit, *secrets), digest)
    if unit != paths.HUB_UNIT:
        return step
    # it reads the settings by itself whenever it starts: what we started it with need not be what it runs
    url = f"http://{paths.HUB_ADDRESS}:{paths.HUB_PORT}{config.base_url}hub/api/"
    return replace(step, url=url, digest=make_restart_digest(config))
