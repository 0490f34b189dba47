"""The systemd units of hub, proxy, culler and user servers: their text, and what makes each restart."""

import hashlib
import json
import sys
from importlib.resources import files
from pathlib import PurePosixPath as Path

from littlest import paths
from littlest.config.model import Config
from littlest.plan.effects import list_secret_files, make_restart_digest, make_restart_settings
from littlest.plan.limits import make_total_memory
from littlest.plan.public_ports import list_ports, render_streams
from littlest.plan.service_accounts import has_programs
from littlest.plan.steps import EnableUnit, Release, RunUnit, Step, WriteFile

TLS_CIPHERS = ":".join(
    (
        *("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"),
        *("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
        *("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        *("ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"),
    )
)
"""Mozilla's "intermediate" ciphers, without those of plain Diffie-Hellman: each keeps what was said secret when the
key is stolen later. node's own list has others for old programs."""


def make_unit_steps(config: Config, release: Release, machine_memory: int = 0) -> tuple[Step, ...]:
    """Return the steps that write, enable and run every unit, in start order: proxy, hub, culler."""
    units = render_units(config, machine_memory)
    started = [unit for unit in units if not unit.endswith((".slice", ".mount"))]
    return (
        *(WriteFile(paths.SYSTEMD_DIR / name, text) for name, text in units.items()),
        *(EnableUnit(unit) for unit in started),
        *(_make_run_step(unit, config, release) for unit in started),
    )


def render_units(config: Config, machine_memory: int = 0) -> dict[str, str]:
    """Return the text of every unit that this configuration wants, by its name.

    `machine_memory` is in bytes; 0 where it is not known.
    """
    values: dict[str, dict[str, object]] = {
        paths.USERS_SLICE: {"total_memory": make_total_memory(config, machine_memory)},
        paths.HUB_SLICE: {},
        paths.SERVERS_MOUNT_UNIT: {},
        paths.PROXY_SOCKET_UNIT: {"streams": render_streams(config)},
        paths.PROXY_UNIT: _make_proxy_values(config),
        paths.HUB_SOCKET_UNIT: {},
        # programs of services are started by the hub, and some compile as they run
        paths.HUB_UNIT: {
            "deny_write_execute": "no" if has_programs(config) else "yes",
            "most_memory": "infinity" if has_programs(config) else "1G",
        },
        **({paths.CULLER_UNIT: {}} if config.services.cull.enabled else {}),
    }
    templates = files("littlest.plan").joinpath("templates")
    return {
        unit: templates.joinpath(unit).read_text(encoding="utf-8").format(paths=paths, config=config, **own)
        for unit, own in values.items()
    }


def _make_proxy_values(config: Config) -> dict[str, object]:
    """Return what is in the proxy's unit: where it listens, and with https the certificate from systemd.

    systemd.exec(5), LoadCredential=: only root needs to be able to read the key. A unit whose file is gone does not
    start, so the file is a copy of ours.
    """
    https, address = config.https, config.http.address
    proxy_files = make_package_dir() / "proxy"
    protocol, port = ("https", https.port) if https.enabled else ("http", config.http.port)
    listen = [*(("--ip", address) if address else ()), "--port", str(port)]
    ports = " ".join(str(port) for _, port in list_ports(config).values())
    preload = ["listen", "gate", "answer_headers", "server_sockets", "limits"]
    lines = [f'Environment="LITTLEST_PORTS={ports}"']
    if config.frame_ancestors:
        lines.append(f'Environment="LITTLEST_FRAME_ANCESTORS={" ".join(config.frame_ancestors)}"')
    if https.enabled:
        listen += [f"--ssl-{option} ${{CREDENTIALS_DIRECTORY}}/https.pem" for option in ("cert", "key")]
        listen += ["--ssl-ciphers", TLS_CIPHERS]
        lines.append(f"# {https.certificate} and {https.key}, copied by littlest apply")
        lines.append(f"LoadCredential=https.pem:{paths.HTTPS_FILE}")
        if https.redirect:
            preload.append("redirect")
            variables = {"ADDRESS": address, "FROM": config.http.port, "TO": https.port}
            lines += [f"Environment=LITTLEST_REDIRECT_{name}={value}" for name, value in variables.items()]
    return {
        "preload": "".join(f"--require {proxy_files}/{name}.cjs " for name in preload),
        "listen": " ".join(listen),
        "variables": "".join(f"{line}\n" for line in lines),
        "probe_address": make_probe_address(address),
        "protocol": protocol,
        "port": port,
        "proxy_files": proxy_files,
    }


def make_probe_address(address: str) -> str:
    """Return the address at which this machine reaches something that listens on `address`."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104


def make_package_dir() -> Path:
    """Return the folder of this package in the current release; units name it through the link."""
    return paths.CURRENT_LINK / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/littlest"


def _make_run_step(unit: str, config: Config, release: Release) -> RunUnit:
    """Return the step that restarts a unit when its file, its secrets or the release change; the hub also with its
    drop-ins and with those settings that it does not reload while it runs.

    What the proxy and the culler depend on is in their unit files.
    """
    inputs = [paths.SYSTEMD_DIR / unit]
    settings: dict[str, object] = {"release": str(release.directory)}
    url = digest = ""
    if unit.endswith(".socket"):
        settings = {}
    elif unit == paths.PROXY_UNIT:
        inputs += [paths.PROXY_ENVIRONMENT_FILE, *((paths.HTTPS_FILE,) if config.https.enabled else ())]
    elif unit == paths.CULLER_UNIT:
        inputs.append(paths.CULLER_ENVIRONMENT_FILE)
    else:
        inputs += [paths.HUB_ENVIRONMENT_FILE, paths.COOKIE_SECRET_FILE, paths.DROP_IN_DIR]
        inputs += list_secret_files(config)
        settings["config"] = make_restart_settings(config)
        # the hub reads the settings whenever it starts, so it may run with others than those that we started it with
        url = f"http://{paths.HUB_ADDRESS}:{paths.HUB_PORT}{config.base_url}hub/api/"
        digest = make_restart_digest(config)
    # a digest, because a plan can be shown, and the settings hold secrets
    started_with = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return RunUnit(unit, tuple(inputs), started_with, url, digest)
