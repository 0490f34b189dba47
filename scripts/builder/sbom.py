"""The installer's bill of materials: CycloneDX 1.6, as JSON."""

import datetime
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from builder.cache import EPOCH
from builder.construct import Construct
from builder.contents import Content, read_contents
from builder.packer import Package, Payload

_CPE = {
    "python": "cpe:2.3:a:python:python:{}:*:*:*:*:*:*:*",
    "nodejs": "cpe:2.3:a:nodejs:node.js:{}:*:*:*:*:*:*:*",
}
"""Of what is in no registry."""
_NAMESPACE = uuid.UUID("3b7f1f6e-6f0c-5a53-9d0b-6f1c3f6a2c11")


def render_sbom(construct: Construct, payload: Payload, digest: str) -> str:
    """List what is in the hub and the user environment; `digest` is the installer's sha256.

    Each package has the address by which scanners know it (PyPI's, where it was a wheel), and what it carries inside
    is listed too: npm's packages in the proxy, Debian's libraries in Python. Libraries that a wheel brought are not,
    so the document calls itself incomplete.
    """
    found = _Inventory()
    for label, packages in (("hub", payload.packages), ("user", payload.user_packages)):
        found.add(label, sorted(packages, key=lambda package: package.archive.name))
    components = [found.components[reference] for reference in sorted(found.components)]
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
        "dependencies": [{"ref": top, "dependsOn": sorted(found.hub)}]
        + [{"ref": ref, "dependsOn": sorted(found.depends[ref])} for ref in sorted(found.depends)],
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


class _Inventory:
    """The components of all packages by their address, what each depends on, and which are the hub's."""

    def __init__(self) -> None:
        self.components: dict[str, dict[str, Any]] = {}
        self.depends: dict[str, set[str]] = {}
        self.hub: set[str] = set()

    def add(self, environment: str, packages: Sequence[Package]) -> None:
        """Add the packages of an environment."""
        contents = {package.archive: read_contents(package.archive) for package in packages}
        own = {package.archive: _describe(package, contents[package.archive]) for package in packages}
        by_name = {package.record["name"]: own[package.archive].purl for package in packages}
        for package in packages:
            what = own[package.archive]
            entry = self._add(what, environment)
            entry["hashes"] = [{"alg": "SHA-256", "content": package.record["sha256"]}]
            _add_property(entry, "littlest:conda", _conda_purl(package))
            self.depends[what.purl] |= {by_name[name] for name in _depends_on(package) if name in by_name}
            for inner in contents[package.archive]:
                if inner.purl != what.purl:
                    self._add(inner, environment)
                    self.depends[what.purl].add(inner.purl)
            if environment == "hub":
                self.hub.add(what.purl)

    def _add(self, what: Content, environment: str) -> dict[str, Any]:
        self.depends.setdefault(what.purl, set())
        entry = self.components.setdefault(
            what.purl,
            {
                "type": "library",
                "bom-ref": what.purl,
                "name": what.name,
                "version": what.version,
                "purl": what.purl,
                "properties": [],
            },
        )
        if what.license:
            entry["licenses"] = [{"license": {"name": what.license}}]
        if what.name in _CPE:
            entry["cpe"] = _CPE[what.name].format(what.version)
        _add_property(entry, "littlest:environment", environment)
        return entry


def _add_property(entry: dict[str, Any], name: str, value: str) -> None:
    new = {"name": name, "value": value}
    if new not in entry["properties"]:
        entry["properties"].append(new)


def _describe(package: Package, contents: Sequence[Content]) -> Content:
    """Return a package by the name that scanners know: of the wheel that it was, or of no registry, else conda's."""
    record = package.record
    name, version, license_ = record["name"], record["version"], record.get("license") or ""
    wheels = [content for content in contents if content.purl.startswith("pkg:pypi/")]
    if len(wheels) == 1:
        return replace(wheels[0], license=wheels[0].license or license_)
    if name in _CPE:
        return Content(name, version, f"pkg:generic/{name}@{quote(version)}", license_)
    inner = [content for content in contents if content.name == name]
    return inner[0] if inner else Content(name, version, _conda_purl(package), license_)


def _depends_on(package: Package) -> Iterable[str]:
    return (spec.split()[0] for spec in package.record.get("depends", ()))


def _conda_purl(package: Package) -> str:
    record = package.record
    kind = "conda" if package.archive.suffix == ".conda" else "tar.bz2"
    name, version, build = (quote(record[key], safe="") for key in ("name", "version", "build"))
    return f"pkg:conda/{name}@{version}?build={build}&subdir={package.subdir}&type={kind}"
