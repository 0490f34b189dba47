"""The kinds of text that settings take: the check, the words for people, and the JSON schema for editors of each.

A property test holds that the schemas accept what the checks accept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from littlest.config.sections import places, values

Schema = dict[str, Any]
TEXT = ("string", "number", "boolean")
"""YAML types that a text may have without quotes: 9 and true are texts as well."""
_ONLY_TEXT = ("string",)


@dataclass(frozen=True)
class Kind(AfterValidator):
    """The check of a value, with what describes the values that it accepts."""

    words: str = ""
    """What it is, with its article; empty if the words of the type itself are enough."""
    pattern: str = ""
    types: tuple[str, ...] = _ONLY_TEXT
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further keywords of the JSON schema."""
    several: str = ""

    # pydantic hashes annotations, and a mapping has no hash
    __hash__ = object.__hash__

    @property
    def plural(self) -> str:
        """Several of it: user names."""
        return self.several or f"{self.words.removeprefix('an ').removeprefix('a ')}s"

    @property
    def schema(self) -> Schema:
        """The JSON schema, without the bounds that the model itself states."""
        types = self.types[0] if len(self.types) == 1 else list(self.types)
        schema: Schema = {"type": types, **self.more} if self.types else {**self.more}
        return {**schema, "pattern": f"^(?:{self.pattern})$"} if self.pattern else schema

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        return {**handler(schema), **self.schema}


_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
# a pattern cannot state the other rules of these addresses
_IPV6 = "[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"
_ADDRESS = rf"(?:{_IPV4}|{_IPV6})?|\[(?:{_IPV4}|{_IPV6})\]"
_NETWORK = rf"{_IPV4}(?:/(?:0*(?:[12]?[0-9]|3[0-2])|{_IPV4}))?|{_IPV6}(?:/0*(?:[0-9]{{1,2}}|1[01][0-9]|12[0-8]))?"
_NAMES = {
    "words": "a name of small letters, digits and dashes",
    "several": "names of small letters, digits and dashes",
}
_VARIABLES = {"words": "the name of a variable", "several": "names of variables"}
_URLS = {"words": "an address (URL)", "several": "addresses (URLs)"}
_USER_NAME_LENGTH = {"minLength": 1, "maxLength": values.LONGEST_USER_NAME}
_FREE_SERVICE_NAMES = {"not": {"enum": list(values.TAKEN_SERVICE_NAMES)}}

UserName = Annotated[str, Kind(values.parse_user_name, "a user name", values.USER_NAME, TEXT, _USER_NAME_LENGTH)]
GroupName = Annotated[str, Kind(values.parse_group_name, pattern=values.GROUP_NAME, **_NAMES)]
ServiceName = Annotated[
    str, Kind(values.parse_service_name, pattern=values.SERVICE_NAME, more=_FREE_SERVICE_NAMES, **_NAMES)
]
UnixName = Annotated[str, Kind(values.parse_unix_name, "a template with {name}", values.UNIX_NAME)]
VariableName = Annotated[str, Kind(values.parse_variable_name, pattern=values.VARIABLE_NAME, **_VARIABLES)]
ServerVariable = Annotated[str, Kind(places.parse_server_variable, pattern=places.SERVER_VARIABLE, **_VARIABLES)]
VariableValue = Annotated[str, Kind(places.parse_variable_value, "a text", places.VARIABLE_VALUE, TEXT)]
ClassName = Annotated[str, Kind(values.parse_class_name, "a class with its module", values.CLASS_NAME)]
FilePath = Annotated[str, Kind(values.parse_file_path, "a whole path", values.FILE_PATH)]
HomesPath = Annotated[str, Kind(places.parse_homes, "a whole path", places.HOMES)]
SharedPath = Annotated[str, Kind(places.parse_shared_path, "a whole path", places.SHARED_PATH)]
ProgramFolder = Annotated[str, Kind(places.parse_program_folder, "a whole path", places.PROGRAM_FOLDER)]
Folder = Annotated[str, Kind(values.parse_folder, "a path", values.FOLDER, TEXT)]
BaseUrl = Annotated[str, Kind(values.parse_base_url, "a path", values.BASE_URL, TEXT)]
Address = Annotated[str, Kind(values.parse_address, "an IP address", _ADDRESS, several="IP addresses")]
Network = Annotated[
    str, Kind(values.parse_network, "an IP address or network", _NETWORK, several="IP addresses or networks")
]
Url = Annotated[str, Kind(values.parse_url, pattern=values.URL, **_URLS)]
ServerUrl = Annotated[str, Kind(values.parse_server_url, pattern=values.URL, **_URLS)]
UrlOrNone = Annotated[str, Kind(values.parse_url_or_none, pattern=f"(?:{values.URL})?", **_URLS)]
PublicUrl = Annotated[str, Kind(values.parse_public_url, pattern=f"(?:{values.PUBLIC_URL})?", **_URLS)]
EntityId = Annotated[str, Kind(values.parse_entity_id, "an entity ID", values.ENTITY_ID, several="entity IDs")]
ServerName = Annotated[str, Kind(values.parse_server, "the name or address of a server", values.SERVER, TEXT)]
PamService = Annotated[str, Kind(values.parse_pam_service, "the name of a PAM service", values.PAM_SERVICE, TEXT)]
Domain = Annotated[str, Kind(values.parse_domain, "a domain", values.DOMAIN)]
Email = Annotated[str, Kind(values.parse_email, "an e-mail address", f"(?:{values.EMAIL})?")]
