"""Which extensions a user's notebook server has, and which extensions of JupyterLab need another. Only reads."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXTENSIONS = {
    "littlest.server.activity": True,
    "littlest.server.git_pull": True,
    "littlest.server.lab_extensions": True,
    "littlest.server.language_packs": True,
    "littlest.server.start_failure": True,
    "littlest.server.terminal_commands": True,
    "littlest.server.terminals": True,
    # a user can switch off what opens first: jupyter server extension disable jupyterlab
    "jupyterlab": True,
    "notebook": True,
    # ours takes its place
    "nbgitpuller": False,
    # for language servers, of which the release has none
    "jupyter_lsp": False,
}
"""Of the notebook server: ours, and those of the release that are switched off."""
_CONFIG = "etc/jupyter/jupyter_server_config.d"
_LAB = "share/jupyter/labextensions"


def list_server_extensions(prefix: Path) -> set[str]:
    """Return the modules of the server's extensions that the packages of an environment switch on."""
    return {module for file in (prefix / _CONFIG).glob("*.json") for module in _read_modules(file)}


def list_extensions_of_servers(release: Path) -> set[str]:
    """Return the modules that a user's server of this release has as its extensions."""
    found = list_server_extensions(release) | {name for name, is_on in EXTENSIONS.items() if is_on}
    return found - {name for name, is_on in EXTENSIONS.items() if not is_on}


def _read_modules(file: Path) -> list[str]:
    wanted = _read_json(file).get("ServerApp", {})
    modules = wanted.get("jpserver_extensions", {}) if isinstance(wanted, dict) else {}
    return [name for name, is_on in modules.items() if is_on] if isinstance(modules, dict) else []


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def find_halves(prefix: Path, served: set[str]) -> dict[str, str]:
    """Return the extensions of JupyterLab in an environment whose other half the server lacks, with their packages.

    `served` are the modules of the server's extensions.
    """
    lab = {_read_json(file).get("name", ""): file for file in _list_lab_files(prefix)}
    packages = list(_list_packages(prefix)) if lab else []
    unserved = {package.name for package in packages if not package.modules <= served}
    halves = {}
    for name, file in lab.items():
        owner = next((package for package in packages if name in package.lab), None)
        needed = _find_server_package(_read_json(file))
        known = next((package for package in packages if package.name == needed), None)
        if owner and (owner.name in unserved or unserved & owner.requires):
            halves[name] = owner.name
        elif needed and needed.replace("-", "_") not in served and (known is None or known.name in unserved):
            halves[name] = owner.name if owner else needed
    return halves


def _list_lab_files(prefix: Path) -> Iterator[Path]:
    for pattern in ("[!@]*/package.json", "@*/*/package.json"):
        yield from sorted((prefix / _LAB).glob(pattern))


def _find_server_package(metadata: Mapping[str, Any]) -> str:
    """Return the package of the server's half that an extension's package.json names, empty for none."""
    for key in ("jupyterlab", "discovery", "server", "base"):
        inner = metadata.get(key)
        metadata = inner if isinstance(inner, dict) else {}
    return _normalize(str(metadata.get("name", "")))


@dataclass(frozen=True, slots=True)
class _Package:
    name: str
    lab: frozenset[str]
    """Its extensions of JupyterLab."""
    modules: frozenset[str]
    """Its extensions of the server."""
    requires: frozenset[str]


def _list_packages(prefix: Path) -> Iterator[_Package]:
    """Yield the Python packages of an environment. Their list of files is searched, not parsed: there are many."""
    for folder in prefix.glob("lib/python3*/site-packages/*.dist-info"):
        record, metadata = _read_text(folder / "RECORD"), _read_text(folder / "METADATA")
        files = re.findall(rf"{_CONFIG}/([^/,\n]+\.json)", record)
        requires = re.findall(r"^Requires-Dist: *([\w.-]+)(?![^\n]*\bextra *==)", metadata, re.MULTILINE)
        yield _Package(
            _normalize(folder.name.split("-")[0]),
            frozenset(re.findall(rf"{_LAB}/((?:@[^/\n]+/)?[^/\n]+)/package\.json", record)),
            frozenset(module for name in files for module in _read_modules(prefix / _CONFIG / name)),
            frozenset(map(_normalize, requires)),
        )


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def describe_half(name: str, package: str) -> str:
    """Return the sentence about an extension that is left out."""
    return (
        f"JupyterLab leaves out {name} (package {package}), because its other half would run in the notebook server,"
        f" and users' servers have no such extension. To remove it: pip uninstall {package}"
    )
