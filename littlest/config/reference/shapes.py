"""What kinds of text settings take: in words, for people, and as JSON schema, for editors.

One entry for each function that checks a value in the model. A test holds that none lacks, and property tests that
the schemas accept what the functions accept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from pydantic import AfterValidator

from littlest.config.sections import places, values
from littlest.paths import HUB_PORT

Schema = dict[str, Any]
TEXT = ("string", "number", "boolean")
"""YAML without quotes that a text may be: 9 and true are the texts they look like."""
_ONLY_TEXT = ("string",)


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of value."""

    words: str
    """What it is, with its article; empty where the type's own word says it."""
    pattern: str = ""
    types: tuple[str, ...] = _ONLY_TEXT
    more: Mapping[str, Any] = field(default_factory=dict)

    several: str = ""

    @property
    def plural(self) -> str:
        """Several of it: user names."""
        return self.several or f"{self.words.removeprefix('an ').removeprefix('a ')}s"

    @property
    def schema(self) -> Schema:
        """The JSON schema, without the bounds that stand in the model itself."""
        schema: Schema = {"type": _join(self.types), **self.more} if self.types else {**self.more}
        return {**schema, "pattern": f"^(?:{self.pattern})$"} if self.pattern else schema


_LEAST, _MOST = values.parse_bytes(values.LEAST_MEMORY), values.parse_bytes("1024T")
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
# what else belongs to an address of this kind, a pattern does not say
_IPV6 = "[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"
_ADDRESS = rf"(?:{_IPV4}|{_IPV6})?|\[(?:{_IPV4}|{_IPV6})\]"
_NETWORK = rf"{_IPV4}(?:/(?:0*(?:[12]?[0-9]|3[0-2])|{_IPV4}))?|{_IPV6}(?:/0*(?:[0-9]{{1,2}}|1[01][0-9]|12[0-8]))?"
# amounts below 128M, in each unit as far as somebody may write them
_ENOUGH = (
    r"(?!\s*0*(?:[0-9]{1,2}|1[01][0-9]|12[0-7])(?:\.[0-9]+)?\s*[Mm])(?!\s*[0-9]{1,5}(?:\.[0-9]+)?\s*[Kk])"
    r"(?!\s*[0-9]{1,8}(?:\.[0-9]+)?\s*(?:[Bb]|$))(?!\s*0+(?:\.(?:0[0-9]*|1(?:[01][0-9]*|2(?:[0-4][0-9]*)?)?))?\s*[Gg])"
    r"(?!\s*0+(?:\.0+)?\s*[Tt%])"
)
_SHARE = r"\s*0*(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?)\s*%\s*"
_MOST_RESERVED = r"\s*0*(?:90(?:\.0+)?|[0-8]?[0-9](?:\.[0-9]+)?)\s*%\s*"
SHAPES: Mapping[str, Shape] = {
    "_check_port": Shape("", types=(), more={"not": {"const": HUB_PORT}}),
    "_check_max_age": Shape("", types=(), more={"anyOf": [{"maximum": 0}, {"minimum": 600}]}),
    "_check_memory": Shape(
        "an amount of memory",
        f"{_ENOUGH}{values.AMOUNT}",
        ("string", "number"),
        {"minimum": _LEAST, "maximum": _MOST},
    ),
    "_check_total": Shape(
        "an amount of memory or a share of the machine's",
        f"{_ENOUGH}(?:{values.AMOUNT}|{_SHARE})",
        ("string", "number"),
        {"minimum": _LEAST},
    ),
    "_check_reserve": Shape(
        "an amount of memory or a share of the machine's",
        f"{values.AMOUNT}|{_MOST_RESERVED}",
        ("string", "number"),
        {"minimum": 0},
    ),
    "parse_user_name": Shape(
        "a user name", values.USER_NAME, TEXT, {"minLength": 1, "maxLength": values.LONGEST_USER_NAME}
    ),
    "parse_group_name": Shape(
        "a name of small letters, digits and dashes",
        values.GROUP_NAME,
        several="names of small letters, digits and dashes",
    ),
    "parse_service_name": Shape(
        "a name of small letters, digits and dashes",
        values.SERVICE_NAME,
        more={"not": {"enum": list(values.TAKEN_SERVICE_NAMES)}},
        several="names of small letters, digits and dashes",
    ),
    "parse_variable_name": Shape("the name of a variable", values.VARIABLE_NAME, several="names of variables"),
    "parse_class_name": Shape("a class with its module", values.CLASS_NAME),
    "parse_file_path": Shape("a whole path", values.FILE_PATH),
    "parse_server_variable": Shape("the name of a variable", places.SERVER_VARIABLE, several="names of variables"),
    "parse_homes": Shape("a whole path", places.HOMES),
    "parse_shared_path": Shape("a whole path", places.SHARED_PATH),
    "parse_program_folder": Shape("a whole path", places.PROGRAM_FOLDER),
    "parse_variable_value": Shape("a text", places.VARIABLE_VALUE, TEXT),
    "parse_folder": Shape("a path", values.FOLDER, TEXT),
    "parse_address": Shape("an IP address", _ADDRESS, several="IP addresses"),
    "parse_network": Shape("an IP address or network", _NETWORK, several="IP addresses or networks"),
    "parse_base_url": Shape("a path", values.BASE_URL, TEXT),
    "parse_url": Shape("an address (URL)", values.URL, several="addresses (URLs)"),
    "parse_server_url": Shape("an address (URL)", values.URL, several="addresses (URLs)"),
    "parse_entity_id": Shape("an entity ID", values.ENTITY_ID, several="entity IDs"),
    "parse_url_or_none": Shape("an address (URL)", f"(?:{values.URL})?"),
    "parse_public_url": Shape("an address (URL)", f"(?:{values.PUBLIC_URL})?"),
    "parse_server": Shape("the name or address of a server", values.SERVER),
    "parse_pam_service": Shape("the name of a PAM service", values.PAM_SERVICE),
    "parse_domain": Shape("a domain", values.DOMAIN, several="domains"),
    "parse_email": Shape("an e-mail address", f"(?:{values.EMAIL})?"),
    "parse_unix_name": Shape("a template with {name}", values.UNIX_NAME),
}


_ANY_TEXT = Shape("text", types=TEXT)


def list_metadata(annotation: Any) -> list[Any]:
    """Return the constraints and checks of one value, wherever in its annotation they stand, without those of a
    list's entries."""
    found: list[Any] = []
    for constraint in getattr(annotation, "__metadata__", ()):
        found += getattr(constraint, "metadata", [constraint])
    if getattr(annotation, "__metadata__", None) is not None:
        return found + list_metadata(get_args(annotation)[0])
    if get_origin(annotation) in (tuple, dict, None):
        return found
    for member in get_args(annotation):
        found += list_metadata(member)
    return found


def list_shapes(metadata: list[Any]) -> list[Shape]:
    """Return the shapes of the checks among the constraints of a value."""
    checks = [constraint.func for constraint in metadata if isinstance(constraint, AfterValidator)]
    return [SHAPES.get(check.__name__, _ANY_TEXT) for check in checks]


def _join(types: tuple[str, ...]) -> str | list[str]:
    return types[0] if len(types) == 1 else list(types)
