"""Text without secrets: for what leaves the machine, as a support bundle does."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath as Path
from typing import Any

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.secrecy import MASK, is_secret_name, mask_text
from littlest.config.sections.section import list_secrets
from littlest.config.text.render import make_data
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.system.secrets.secret_files import read_secret_value
from littlest.system.settings.drop_in_copies import read_drop_ins, read_good_drop_ins

LEAST = 4
"""Characters of the shortest secret that is searched for: a shorter one would blacken half of the words."""
_NAMED = re.compile(
    r"""(?ix) (?P<name> [\w.-]* (?:passw|passphrase|secret|token|credential|api_?key|authorization|cookie) [\w.-]* )
    (?P<between> ["']? \s* (?: [:=] \s* | \s+ (?=token\s|bearer\s|basic\s) ) ["']? (?: (?:token|bearer|basic) \s+ )? )
    (?P<value> [^\s"',;&)\]}]+ )"""
)
"""A value behind a name that tells a secret: `password: x`, `"token": "x"`, `?token=x`, `Authorization: token x`."""
_LONG = re.compile(r"(?<![0-9a-f])[0-9a-f]{32,}(?![0-9a-f])", re.IGNORECASE)
"""What JupyterHub's tokens look like."""
_LONGER = re.compile(r"(?<![\w+/=-])(?=\S*\d)(?=\S*[A-Za-z])[\w+=-]{40,}(?![\w+/=-])")
"""Passes and cookies in base64."""


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text without these secrets, and without what looks like one. Pure."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _NAMED.sub(lambda found: f"{found['name']}{found['between']}{MASK}", mask_text(text))
    return _LONGER.sub(MASK, _LONG.sub(MASK, text))


def redact_data(data: Any, secrets: Collection[str]) -> Any:
    """Return plain data with each of its texts redacted. Pure."""
    match data:
        case str():
            return redact(data, secrets)
        case Mapping():
            return {name: redact_data(value, secrets) for name, value in data.items()}
        case tuple() | list():
            return [redact_data(value, secrets) for value in data]
        case _:
            return data


def read_known_secrets(machine: Machine, configs: Iterable[Config]) -> frozenset[str]:
    """Return every secret that this machine knows: generated ones, and those of settings and drop-ins."""
    found = {*_read_generated(machine, paths.SECRETS_DIR)}
    for config in configs:
        found |= {*list_hidden(make_data(config, reveal=True), make_data(config))}
        for _, secret in list_secrets(config):
            try:
                found.add(read_secret_value(machine, secret))
            except (LittlestError, OSError):
                continue  # a file that nobody can read is in no log
    for content in (*read_drop_ins(machine).values(), *read_good_drop_ins(machine).values()):
        found |= {*list_drop_in_secrets(content)}
    return frozenset(secret for secret in found if len(secret) >= LEAST)


def list_hidden(revealed: Any, shown: Any) -> Iterator[str]:
    """Yield every text that is in the settings and not in what `config show` prints of them. Pure."""
    match revealed, shown:
        case Mapping(), Mapping():
            for name, value in revealed.items():
                yield from list_hidden(value, shown.get(name))
        case (tuple() | list(), tuple() | list()):
            for value, masked in zip(revealed, shown, strict=False):
                yield from list_hidden(value, masked)
        case _ if revealed != shown:
            yield from _list_texts(revealed)


def list_drop_in_secrets(content: bytes) -> Iterator[str]:
    """Yield the texts in a drop-in that are given to a name which tells a secret. Pure."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        pairs: list[tuple[str, ast.expr | None]]
        match node:
            case ast.Assign(targets=[*targets], value=value):
                pairs = [(_name(target), value) for target in targets]
            case ast.AnnAssign(target=target, value=value):
                pairs = [(_name(target), value)]
            case ast.keyword(arg=name, value=value):
                pairs = [(name or "", value)]
            case ast.Dict(keys=keys, values=values):
                pairs = [(_name(key), value) for key, value in zip(keys, values, strict=True)]
            case _:
                continue
        for name, value in pairs:
            if value is not None and is_secret_name(name):
                yield from _list_constants(value)


def _name(node: ast.AST | None) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.Constant(value=str(name)):
            return name
        case ast.Subscript(slice=key):
            return _name(key)
    return ""


def _list_constants(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        match inner:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Constant(value=bytes(content)):
                yield content.decode(errors="replace")


def _list_texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _list_texts(inner)
        case tuple() | list():
            for inner in value:
                yield from _list_texts(inner)


def _read_generated(machine: Machine, folder: Path) -> Iterator[str]:
    for file in machine.list_files(folder):
        for line in (machine.read_bytes(file) or b"").decode(errors="replace").splitlines():
            # of an environment file, the value
            yield line.partition("=")[2].strip() if re.match(r"\w+=", line) else line.strip()
