"""The installer's bill of materials: CycloneDX 1.6, as JSON."""

import datetime
import json
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from builder.cache import EPOCH
from builder.construct import Construct
from builder.packer import Package, Payload

_NAMESPACE = uuid.UUID("3b7f1f6e-6f0c-5a53-9d0b-6f1c3f6a2c11")


def render_sbom(construct: Construct, payload: Payload, digest: str) -> str:
    """List every conda package of the hub and the user environment; `digest` is the installer's sha256.

    Libraries inside a wheel (a bundled OpenSSL, say) are not packages and are not listed, so the document calls
    itself incomplete.
    """
    hub = {package.archive.name: package for package in payload.packages}
    user = {package.archive.name: package for package in payload.user_packages}
    components = []
    for name in sorted(hub | user):
        environments = [label for label, packages in (("hub", hub), ("user", user)) if name in packages]
        components.append(_component(hub.get(name) or user[name], environments))
    top = f"pkg:generic/{quote(construct.name.lower())}@{quote(construct.version)}"
    moment = datetime.datetime.fromtimestamp(EPOCH, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, digest)}",
        "version": 1,
        "metadata": {
            "timestamp": moment,
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application",
                "bom-ref": top,
                "name": construct.name,
                "version": construct.version,
                "purl": top,
                "hashes": [{"alg": "SHA-256", "content": digest}],
            },
        },
        "components": components,
        "dependencies": [{"ref": top, "dependsOn": sorted(_purl(package) for package in hub.values())}]
        + _dependencies(hub.values())
        + [entry for entry in _dependencies(user.values()) if entry["ref"] not in {_purl(p) for p in hub.values()}],
        "compositions": [{"aggregate": "incomplete", "assemblies": [top]}],
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def render_package_list(construct: Construct, payload: Payload) -> str:
    """Render one line for each package: environment, name, version, build, licence, sha256."""
    lines = [f"# {construct.name} {construct.version}: environment, name, version, build, licence, sha256"]
    for environment, packages in (("hub", payload.packages), ("user", payload.user_packages)):
        for package in sorted(packages, key=lambda package: package.archive.name):
            record = package.record
            words = (
                record["name"],
                record["version"],
                record["build"],
                record.get("license") or "-",
                record["sha256"],
            )
            lines.append("\t".join((environment, *words)))
    return "\n".join(lines) + "\n"


def render_checksum(digest: str, installer: Path) -> str:
    """Render the line that `sha256sum -c` reads."""
    return f"{digest}  {installer.name}\n"


def _component(package: Package, environments: list[str]) -> dict[str, Any]:
    record = package.record
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _purl(package),
        "name": record["name"],
        "version": record["version"],
        "purl": _purl(package),
        "hashes": [{"alg": "SHA-256", "content": record["sha256"]}],
        "properties": [{"name": "littlest:environment", "value": environment} for environment in environments],
    }
    if record.get("license"):
        component["licenses"] = [{"license": {"name": record["license"]}}]
    return component


def _dependencies(packages: Iterable[Package]) -> list[dict[str, Any]]:
    packages = sorted(packages, key=lambda package: package.archive.name)
    by_name = {package.record["name"]: _purl(package) for package in packages}
    return [
        {
            "ref": _purl(package),
            "dependsOn": sorted({by_name[name] for name in _depends_on(package) if name in by_name}),
        }
        for package in packages
    ]


def _depends_on(package: Package) -> Iterable[str]:
    return (spec.split()[0] for spec in package.record.get("depends", ()))


def _purl(package: Package) -> str:
    record = package.record
    kind = "conda" if package.archive.suffix == ".conda" else "tar.bz2"
    name, version, build = (quote(record[key], safe="") for key in ("name", "version", "build"))
    return f"pkg:conda/{name}@{version}?build={build}&subdir={package.subdir}&type={kind}"
