"""What goes into the user environment: the default set, or what a class's own file asks for."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from builder.cache import RECIPES, cache_folder, digest_of, hash_file
from builder.locks import PYTHON_SERIES, WHEEL_GLIBC_MINOR, read_changes
from builder.progress import part, say
from builder.requirements import Names, wheel_name
from builder.resolve import NotResolved, resolve

_ALWAYS = ("ipykernel", "pip")
"""Without these no notebook runs and nobody can install anything."""


def resolve_user_environment(user_env: Path | None, names: Names) -> tuple[tuple[Requirement, ...], str]:
    """What is asked for and the text of the lock; recipes/user.{in,txt} where there is no file.

    Raises ValueError, in words for whoever wrote the file, for what cannot be had as a wheel.
    """
    if user_env is None:
        return tuple(read_requirements(RECIPES / "user.in")), (RECIPES / "user.txt").read_text()
    requirements = read_user_environment(user_env, names)
    present = {canonicalize_name(requirement.name) for requirement in requirements}
    requirements += [Requirement(name) for name in _ALWAYS if name not in present]
    lines = sorted(str(requirement) for requirement in requirements)
    lock = f"# {user_env.name} sha256:{hash_file(user_env)}\n" + _resolve_once(lines, user_env.name)
    return tuple(requirements), lock


def _resolve_once(lines: list[str], name: str) -> str:
    """The lock for these requirements: the one made before, so that a second build gives the same installer."""
    digest = digest_of(lines, read_changes().without, PYTHON_SERIES, WHEEL_GLIBC_MINOR)
    file = cache_folder("user-locks") / f"{digest[:16]}.txt"
    if file.exists():
        say(f"{name} was resolved before; for newer versions remove {file}")
        return file.read_text()
    with part(f"resolving {name}"):
        try:
            lock = resolve(lines)
        except NotResolved as error:
            if lacking := [line for line in lines if not _has_wheel(line)]:
                raise ValueError(
                    f"{name}: there is no wheel for Python {PYTHON_SERIES} on Linux of: {', '.join(lacking)}. "
                    "Only packages that pip can install without compiling can be bundled: "
                    "take them out of the file, or ask for another version."
                ) from None
            raise ValueError(f"{name}: these packages do not go together:\n{error}") from None
    file.write_text(lock)
    return lock


def _has_wheel(line: str) -> bool:
    try:
        resolve([line], dependencies=False)
    except NotResolved:
        return False
    return True


def read_user_environment(file: Path, names: Names) -> list[Requirement]:
    """The requirements of an environment.yml or a requirements.txt, as pip would say them.

    Raises ValueError naming the line that we do not understand.
    """
    if not file.is_file():
        raise ValueError(f"--user-env: there is no file {file}")
    if file.suffix in (".yml", ".yaml"):
        return list(_read_environment_yml(file, names))
    return read_requirements(file)


def read_requirements(file: Path) -> list[Requirement]:
    """The requirements of a requirements.txt, with those of the files that it names (`-r other.txt`)."""
    found = []
    for line in file.read_text().replace("\\\n", " ").splitlines():
        text = re.sub(r"(^|\s)#.*|\s--hash=\S+", "", line).strip()
        if included := re.fullmatch(r"(?:-r|--requirement)[\s=]+(.+)", text):
            found += read_requirements(file.parent / included[1])
        elif text:
            found.append(_read_requirement(text, file))
    return found


def _read_requirement(text: str, file: Path) -> Requirement:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise ValueError(f"{file.name}: this is no package's name and version: {text}") from None
    if requirement.url:
        raise ValueError(f"{file.name}: only packages with a name and version can be bundled, not an address: {text}")
    return requirement


def _read_environment_yml(file: Path, names: Names) -> Iterator[Requirement]:
    try:
        content = YAML(typ="safe").load(file)
    except YAMLError as error:
        raise ValueError(f"{file.name} is not valid YAML: {error}") from None
    entries: list[Any] = (content or {}).get("dependencies") if isinstance(content, Mapping) else None  # type: ignore[assignment]
    if not isinstance(entries, list):
        raise ValueError(f"{file.name} has no list called `dependencies`")
    for entry in entries:
        if isinstance(entry, Mapping) and list(entry) == ["pip"]:
            yield from (_read_requirement(str(line), file) for line in entry["pip"])
        elif isinstance(entry, str):
            requirement = translate_conda_spec(entry, names, file.name)
            if requirement is not None:
                yield requirement
        else:
            raise ValueError(f"{file.name}: this is no package: {entry}")


def translate_conda_spec(spec: str, names: Names, file: str) -> Requirement | None:
    """A dependency of environment.yml (`conda-forge::numpy=2.1`) as a requirement of the wheel; None for `python`.

    Raises ValueError for a Python other than ours, and for a form that has no counterpart.
    """
    found = re.fullmatch(r"(?:[^\s:]+::)?([A-Za-z0-9._-]+)\s*(.*)", spec.strip())
    if found is None:
        raise ValueError(f"{file}: this is no package's name and version: {spec}")
    name, rest = found[1].lower(), found[2].strip()
    # `name=version=build` and `name version build`: a build of conda's says nothing about a wheel
    version = re.sub(r"^(={0,2}[^\s=<>!~]+)(?:\s+|=)[^\s=<>!~,]+$", r"\1", rest).replace(" ", "")
    try:
        specifiers = SpecifierSet(",".join(_translate_version(part) for part in version.split(",") if part))
    except InvalidSpecifier:
        raise ValueError(f"{file}: this version cannot be asked for in a bundle: {spec}") from None
    if name == "python":
        if not any(specifiers.contains(f"{PYTHON_SERIES}.{patch}") for patch in range(30)):
            raise ValueError(f"{file}: the servers have Python {PYTHON_SERIES}, so `{spec}` cannot be had")
        return None
    return Requirement(f"{wheel_name(name, names)}{specifiers}")


def _translate_version(part: str) -> str:
    if part == "*":
        return ""
    if part.startswith(("==", "!=", ">=", "<=", "~=", ">", "<")):
        return part
    version = part.removeprefix("=")
    fuzzy = part.startswith("=") and not version.endswith("*")
    # conda: `=1.2` and `1.2.*` are 1.2 with anything after it, `1.2` alone is exactly that
    return f"=={re.sub(r'[.]?[*]$', '.*', version)}{'.*' if fuzzy else ''}"
