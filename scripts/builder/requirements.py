"""What a wheel asks for, said as conda says it. Pure: no file is read here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

Names = Mapping[str, str]
"""Wheel name to conda-forge's name, where they differ: recipes/names.yaml."""

TARGET: dict[str, str] = {
    "implementation_name": "cpython",
    "implementation_version": "3.13.5",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.13.5",
    "platform_python_implementation": "CPython",
    "python_version": "3.13",
    "sys_platform": "linux",
}
"""The machine that packages are made for, as environment markers see it (PyPA's dependency specifiers)."""


_LONGEST_LICENSE = 80
_LICENSES = {
    "3 Clause BSD": "BSD-3-Clause",
    "3-clause BSD": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "ISC license": "ISC",
    "LGPL v3": "LGPL-3.0-only",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""PyPI's classifiers and what authors write, and SPDX's names of the same."""
_IS_TEXT = re.compile("copyright|license agreement|[^A-Za-z0-9]", re.IGNORECASE)
"""How the first line of a licence's text begins, where a name was expected."""


@dataclass(frozen=True)
class Distribution:
    """What a wheel's METADATA says, as far as it matters here."""

    name: NormalizedName
    version: Version
    requires: tuple[Requirement, ...]
    summary: str = ""
    license: str = ""
    home: str = ""


def read_distribution(metadata: str) -> Distribution:
    """Read the text of a METADATA file (PyPA core metadata)."""
    headers = HeaderParser().parsestr(metadata)
    return Distribution(
        canonicalize_name(headers["Name"]),
        Version(headers["Version"]),
        tuple(Requirement(line) for line in headers.get_all("Requires-Dist") or ()),
        headers["Summary"] or "",
        _find_license(headers),
        headers["Home-page"] or "",
    )


def _find_license(headers: Message) -> str:
    """The licence in as few words as the headers allow; empty where they name none."""
    if expression := headers["License-Expression"]:
        return str(expression)
    line = (headers["License"] or "").strip().split("\n")[0].strip()
    if line and line != "UNKNOWN" and len(line) <= _LONGEST_LICENSE and not _IS_TEXT.match(line):
        return _LICENSES.get(line, line)
    names = [line.split(" :: ")[-1] for line in headers.get_all("Classifier") or () if line.startswith("License ::")]
    return " AND ".join(_LICENSES.get(name, name) for name in names)


def change_requirements(metadata: str, changes: Mapping[str, list[str]]) -> str:
    """The METADATA text with each requirement on the left replaced by those on the right.

    Raises ValueError for a change that no longer applies: the package has a new version and wants another look.
    """
    headers, separator, description = metadata.partition("\n\n")
    for old, new in changes.items():
        wanted = str(Requirement(old))
        lines = headers.split("\n")
        places = [
            number
            for number, line in enumerate(lines)
            if line.startswith("Requires-Dist:") and str(Requirement(line.partition(":")[2].strip())) == wanted
        ]
        if not places:
            raise ValueError(f"recipes/metadata.yaml changes a requirement that is not there: {old}")
        lines[places[0] : places[0] + 1] = [f"Requires-Dist: {requirement}" for requirement in new]
        headers = "\n".join(lines)
    return headers + separator + description


def make_depends(wheel: Distribution, others: Mapping[NormalizedName, Distribution], names: Names) -> tuple[str, ...]:
    """The conda specs of what `wheel` needs on the target; an extra of another wheel becomes that extra's packages.

    Raises ValueError when the lock (`others`) lacks one of them, or has a version that is not asked for.
    """
    specs: dict[str, list[str]] = {}
    for requirement in _expand(wheel, others, frozenset()):
        name = canonicalize_name(requirement.name)
        if name == wheel.name:
            continue
        if name not in others:
            raise ValueError(f"{wheel.name} needs {requirement}, which the lock does not have")
        if not requirement.specifier.contains(others[name].version, prereleases=True):
            raise ValueError(f"{wheel.name} needs {requirement}, but the lock has {name} {others[name].version}")
        versions = specs.setdefault(conda_name(name, names), [])
        versions += [part for part in _translate(requirement.specifier) if part not in versions]
    return tuple(f"{name} {','.join(versions)}".strip() for name, versions in sorted(specs.items()))


def list_asked(
    requirements: tuple[Requirement, ...], others: Mapping[NormalizedName, Distribution]
) -> list[NormalizedName]:
    """The wheels that requirements ask for on the target, those that their extras stand for included, in order."""
    asking = Distribution(canonicalize_name("asking"), Version("0"), requirements)
    return sorted({canonicalize_name(requirement.name) for requirement in _expand(asking, others, frozenset())})


def _expand(
    wheel: Distribution, others: Mapping[NormalizedName, Distribution], extras: frozenset[str]
) -> Iterator[Requirement]:
    """What a wheel needs, or, given extras, what these need beyond that; and so on for the extras asked of others."""
    for requirement in wheel.requires:
        if not _holds(requirement, extras) or (extras and _holds(requirement, frozenset())):
            continue
        yield requirement
        other = others.get(canonicalize_name(requirement.name))
        # an extra that asks for itself (`package[all]` in `all`) asks for nothing new
        further = frozenset(requirement.extras) - (extras if other == wheel else frozenset())
        if other is not None and further:
            yield from _expand(other, others, further)


def _holds(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate(TARGET | {"extra": extra}) for extra in ("", *extras))


def conda_name(name: str, names: Names) -> str:
    """The name that a wheel's package has on conda-forge."""
    normalized = canonicalize_name(name)
    return names.get(normalized, normalized)


def wheel_name(name: str, names: Names) -> NormalizedName:
    """The other way: the wheel of a package of conda-forge."""
    reverse = {conda: wheel for wheel, conda in names.items()}
    return canonicalize_name(reverse.get(name.lower(), name))


def translate_specifiers(specifiers: SpecifierSet) -> str:
    """A PEP 440 version specifier as conda's (`~=1.4.2` is `>=1.4.2,1.4.*`); empty for any version."""
    return ",".join(_translate(specifiers))


def _translate(specifiers: SpecifierSet) -> list[str]:
    ordered = sorted(specifiers, key=lambda specifier: (specifier.operator != ">=", str(specifier)))
    return [part for specifier in ordered for part in _translate_one(specifier)]


def _translate_one(specifier: Specifier) -> list[str]:
    operator, text = specifier.operator, specifier.version
    wild = text.endswith(".*")
    try:
        version = str(Version(text.removesuffix(".*")))
    except InvalidVersion:  # only `===` takes any text
        return [f"=={text}"]
    if operator == "~=":
        return [f">={version}", f"{_drop_last(version)}.*"]
    if wild:
        return [f"{version}.*" if operator == "==" else f"!={version}.*"]
    if operator == "<" and not Version(version).is_prerelease:
        # PEP 440: `<2` is not satisfied by 2rc1; for conda 2rc1 is less than 2
        return [f"<{version}a0"]
    return [f"{'==' if operator == '===' else operator}{version}"]


def _drop_last(version: str) -> str:
    release = re.match(r"(?:\d+!)?\d+(?:\.\d+)*", version)
    assert release is not None  # every version has one
    return release[0].rpartition(".")[0]
