"""Reading construct.yaml the way conda-constructor does, as far as the packer goes, and refusing the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


class ConstructError(Exception):
    """construct.yaml says something that the packer cannot do; the message names the key."""


@dataclass(frozen=True, slots=True)
class Construct:
    """What construct.yaml asks for. All paths are absolute."""

    path: Path
    name: str
    version: str
    channels: tuple[Path, ...]
    """The local channels. Those in the network are constructor's business."""
    specs: tuple[str, ...]
    minimum_glibc: str
    default_prefix: PurePosixPath
    post_install: Path
    extra_files: tuple[tuple[Path, PurePosixPath], ...]
    """Pairs of a file and its place in the prefix."""

    @property
    def file_name(self) -> str:
        """The installer's file name, as constructor makes it."""
        return f"{self.name}-{self.version}-Linux-x86_64.sh"


def read_construct(path: Path) -> Construct:
    """Read and check construct.yaml; raises `ConstructError` for a key or a value that would not be honoured."""
    try:
        document = YAML(typ="safe").load(path)
    except (OSError, YAMLError) as error:
        raise ConstructError(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise ConstructError(f"{path}: a mapping was expected")
    checked = {key: _check(path, document, key) for key in _KEYS}
    unknown = sorted(set(document) - set(_KEYS))
    if unknown:
        raise ConstructError(
            f"{path}: the packer does not know {', '.join(unknown)}; build with conda-constructor or take it out"
        )
    folder = path.resolve().parent
    return Construct(
        path=path.resolve(),
        name=checked["name"],
        version=checked["version"],
        # constructor resolves them against the directory it is started in: the top of the project
        channels=tuple(folder.parent / channel for channel in checked["channels"] if channel.startswith("./")),
        specs=tuple(checked["specs"]),
        minimum_glibc=checked["virtual_specs"],
        default_prefix=PurePosixPath(checked["default_prefix"]),
        post_install=folder / checked["post_install"],
        extra_files=tuple((folder / source, PurePosixPath(target)) for source, target in checked["extra_files"]),
    )


def _check(path: Path, document: Mapping[str, Any], key: str) -> Any:
    if key not in document:
        if key in _OPTIONAL:
            return _OPTIONAL[key]
        raise ConstructError(f"{path}: {key} is missing")
    try:
        return _KEYS[key](document[key])
    except ValueError as error:
        raise ConstructError(f"{path}: {key}: {error}") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text was expected")
    return value


def _version(value: object) -> str:
    text = str(value)  # constructor, too, takes 0.1 for "0.1"
    if not text or "-" in text or "/" in text:
        raise ValueError(f"{text!r} is no version")
    return text


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("a list was expected")
    return [_text(item).strip() for item in value]


def _only(wanted: object) -> Callable[[object], object]:
    def check(value: object) -> object:
        if value != wanted:
            raise ValueError(f"the packer can do {str(wanted).lower()} only")
        return value

    return check


def _minimum_glibc(value: object) -> str:
    texts = _texts(value)
    name, _, version = "".join(texts).replace(" ", "").partition(">=")
    if len(texts) != 1 or name != "__glibc" or not version.replace(".", "").isdigit():
        raise ValueError("the packer can do one `__glibc >=VERSION` only")
    return version


def _prefix(value: object) -> str:
    text = _text(value)
    if not text.startswith("/") or " " in text or ".." in text:
        raise ValueError("an absolute path without spaces was expected")
    return text


def _extra_files(value: object) -> list[tuple[str, str]]:
    if not isinstance(value, list):
        raise ValueError("a list was expected")
    pairs = []
    for item in value:
        source, target = next(iter(item.items())) if isinstance(item, dict) and len(item) == 1 else (item, None)
        source = _text(source)
        target = _text(target or PurePosixPath(source).name)
        if target.startswith("/") or ".." in PurePosixPath(target).parts:
            raise ValueError(f"{target} leaves the prefix")
        pairs.append((source, target))
    return pairs


def _outputs(value: object) -> None:
    """See that nothing is asked for but the sha256 and the list of packages: those are always made."""
    if not isinstance(value, list):
        raise ValueError("a list was expected")
    for item in value:
        if item not in ("pkgs_list", {"hash": {"algorithm": ["sha256"]}}):
            raise ValueError(f"the packer cannot make {item}")


_KEYS: dict[str, Callable[[object], Any]] = {
    "name": _text,
    "version": _version,
    "company": _text,
    "installer_type": _only("sh"),
    "channels": _texts,
    "specs": _texts,
    "virtual_specs": _minimum_glibc,
    "default_prefix": _prefix,
    "batch_mode": _only(True),
    "register_envs": _only(False),
    "initialize_conda": _only(False),
    "keep_pkgs": _only(False),
    "post_install": _text,
    "extra_files": _extra_files,
    "build_outputs": _outputs,
}
_OPTIONAL: dict[str, Any] = {
    "company": "",
    "installer_type": "sh",
    "keep_pkgs": False,
    "extra_files": [],
    "build_outputs": [],
}
