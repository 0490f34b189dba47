"""The logo on the pages: whether a file can be one, and the copy from which it is shown."""

import zlib
from xml.parsers import expat

from littlest import paths
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.machine.named_files import read_named_file
from littlest.plan.steps import CopyLogo

PNG, SVG = "image/png", "image/svg+xml"
MOST_BYTES = 2**18
"""It is in every page that the proxy shows while the hub is down."""
MOST_PIXELS = 4096
"""Of a side."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODE = 0o644
_NAMESPACE = "http://www.w3.org/2000/svg "
_ACTIVE = frozenset({"script", "foreignObject", "handler", "listener", "iframe", "object", "embed"})
"""Elements that can run something. Browsers run nothing in an image, but people open it by its own address, too."""
_ADVICE = "save the logo as a plain SVG, or as a PNG"


def find_logo_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """Return what keeps the file that `branding.logo` names from being the logo."""
    logo = loaded.config.branding.logo
    if not logo:
        return ()
    try:
        read_logo(machine, logo)
    except LittlestError as error:
        return (loaded.make_problem(("branding", "logo"), error.message, error.hint),)
    except PermissionError:
        # only root may read it, and you are not root: that says nothing about the file
        return ()
    return ()


def read_logo(machine: Machine, file: str) -> bytes:
    """Return the content of an image. Raises LittlestError, and PermissionError as `read_named_file` does."""
    content = read_named_file(machine, file)
    try:
        find_type(content)
    except LittlestError as error:
        raise LittlestError(f"{file} {error.message}", error.hint) from None
    return content


def find_type(content: bytes) -> str:
    """Return the media type of a logo. Raises LittlestError with the end of a sentence for what cannot be one."""
    if len(content) > MOST_BYTES:
        raise LittlestError(
            f"is larger than {MOST_BYTES // 1024} KB, which is too much for a logo", "save a smaller image"
        )
    if content.startswith(_SIGNATURE):
        _check_png(content)
        return PNG
    if b"<svg" in content or b":svg" in content:
        _check_svg(content)
        return SVG
    raise LittlestError("is neither a PNG nor an SVG image", _ADVICE)


def is_logo_copied(machine: Machine, step: CopyLogo) -> bool:
    """Whether the copy has what the admin's file has now; where that cannot be used, any copy is better."""
    state = machine.read_state(step.path)
    if state is None or state.mode != _MODE:
        return False
    try:
        return machine.read_bytes(step.path) == read_logo(machine, str(step.logo))
    except (LittlestError, PermissionError):
        return True


def copy_logo(machine: Machine, step: CopyLogo) -> None:
    """Copy the admin's file, which may vanish then. Raises LittlestError where it cannot be a logo."""
    machine.write_file(step.path, read_logo(machine, str(step.logo)), mode=_MODE)


def read_copied_logo(machine: Machine) -> tuple[bytes, str] | None:
    """Return the copy and its media type; None where there is none that can be shown."""
    try:
        content = machine.read_bytes(paths.LOGO_FILE)
        return None if content is None else (content, find_type(content))
    except (OSError, LittlestError):
        return None


def _check_png(content: bytes) -> None:
    """Raises LittlestError for a PNG that is not whole, or has too many pixels. See https://www.w3.org/TR/png/."""
    kinds: list[bytes] = []
    place = len(_SIGNATURE)
    while place < len(content) and kinds[-1:] != [b"IEND"]:
        length = int.from_bytes(content[place : place + 4], "big")
        chunk, end = content[place + 4 : place + 8 + length], place + 12 + length
        if content[end - 4 : end] != zlib.crc32(chunk).to_bytes(4, "big"):
            raise LittlestError("is a damaged PNG image", _ADVICE)
        kinds.append(chunk[:4])
        place = end
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        raise LittlestError("is a damaged PNG image", _ADVICE)
    sides = [int.from_bytes(content[at : at + 4], "big") for at in (16, 20)]
    if not all(1 <= side <= MOST_PIXELS for side in sides):
        raise LittlestError(
            f"has more than {MOST_PIXELS} pixels in a row, which is too much for a logo", "save a smaller image"
        )


def _check_svg(content: bytes) -> None:
    """Raises LittlestError for what is no SVG, and for one that can run something."""
    depth = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        local = name.rpartition(" ")[2]
        if not depth and name != f"{_NAMESPACE}svg":
            raise LittlestError("is no SVG image", _ADVICE)
        depth += 1
        values = "".join("".join(value.split()) for value in attributes.values()).lower()
        if local in _ACTIVE or any(key.lower().startswith("on") for key in attributes) or "javascript:" in values:
            raise LittlestError(f"has a script in it ({local})", _ADVICE)

    def refuse(*_: object) -> None:
        raise LittlestError("has entities in it, which can make it endless", _ADVICE)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EntityDeclHandler = begin, refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise LittlestError(f"is a damaged SVG image ({error})", _ADVICE) from None
