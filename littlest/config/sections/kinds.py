"""The kinds of values that settings take: the check, the words for people, and the JSON schema for editors of each.

Each check raises ValueError with the end of a sentence, as those of `littlest.config.sections.values` do.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from littlest import paths
from littlest.config.sections import values

Schema = dict[str, Any]
TEXT = ("string", "number", "boolean")
"""YAML types that a text may have without quotes: 9 and true are texts as well."""


@dataclass(frozen=True, eq=False)
class Kind(AfterValidator):
    """The check of a value, with what describes the values that it accepts."""

    words: str = ""
    """What it is, with its article; empty if the words of the type itself are enough."""
    schema: Mapping[str, Any] = field(default_factory=dict)
    """The JSON schema, without the bounds that the model itself states."""
    several: str = ""

    @property
    def plural(self) -> str:
        """Several of it: user names."""
        return self.several or f"{self.words.removeprefix('an ').removeprefix('a ')}s"

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        return {**handler(schema), **self.schema}


def text(
    check: Callable[[str], str] | str,
    words: str,
    pattern: str,
    *unless: tuple[str, str],
    types: tuple[str, ...] = ("string",),
    several: str = "",
    **more: Any,
) -> Kind:
    """Return a kind of text.

    `check` returns the usual spelling of a text or raises ValueError; or it is what is wrong with a text that does
    not match the pattern. `unless` are patterns that it must not match, each with what is wrong then. `types` are the
    YAML types that editors accept, and `more` are further keywords of the JSON schema.
    """

    def parse(value: str) -> str:
        value = values.match(pattern, value, check) if isinstance(check, str) else check(value)
        for refused, problem in unless:
            if re.fullmatch(refused, value):
                raise ValueError(problem)
        return value

    refusals = "".join(f"(?!(?:{refused})$)" for refused, _ in unless)
    return Kind(parse, words, {"type": list(types), "pattern": f"^{refusals}(?:{pattern})$", **more}, several)


def _below(trees: str) -> str:
    return f"/+(?:{trees})(?:/.*)?"


_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
# a pattern cannot state the other rules of these addresses
_IPV6 = "[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"
_ADDRESS = rf"(?:{_IPV4}|{_IPV6})?|\[(?:{_IPV4}|{_IPV6})\]"
_NETWORK = rf"{_IPV4}(?:/(?:0*(?:[12]?[0-9]|3[0-2])|{_IPV4}))?|{_IPV6}(?:/0*(?:[0-9]{{1,2}}|1[01][0-9]|12[0-8]))?"
_NAME = "a name of small letters, digits and dashes"
_NAMES = "names of small letters, digits and dashes"
_VARIABLE = (
    "must be letters, digits and underscores, such as COURSE_DATA",
    "the name of a variable",
    "[A-Za-z_][A-Za-z0-9_]*",
)
_PATH = (values.parse_file_path, "an absolute path", values.FILE_PATH)
_NO_URL = "is not an address; write one such as https://www.example.org/page"
_AN_URL, _URLS = "an address (URL)", "addresses (URLs)"
_SYSTEM_TREES = "bin|boot|dev|etc|lib|lib32|lib64|libx32|proc|root|run|sbin|sys|usr"
_OUR_TREES = "|".join(str(tree)[1:] for tree in (paths.OPT_DIR, paths.STATE_DIR, paths.LOG_DIR))
_NOT_PEOPLES = (
    (
        _below("tmp|var/tmp|var/run|var/lock"),
        "is different for every server, or gone after a restart; write one such as /srv/data",
    ),
    (
        _below(f"{_SYSTEM_TREES}|{_OUR_TREES}"),
        "belongs to the system; write a folder for people's files, such as /srv/data or /mnt/homes",
    ),
)
_NOT_SHARED = (
    # the rights of a shared folder would open to all what programs keep there
    (
        _below(r"efi|lost\+found|nix|ostree|snap|sysroot|var"),
        "is where programs keep their own files; write a folder for people's files, such as /srv/data",
    ),
    # others have their things there, too: to share one of these would be to change who may go through it
    (
        f"/+(?:home|media|mnt|opt|srv|{str(paths.SHARED_DIR)[1:]})?/*",
        "holds more than what is shared; write a folder of its own, such as /srv/data",
    ),
)
_SERVERS_VARIABLES = (
    ("PATH", "is set by the server; name folders of programs in user_environment.path"),
    ("(?:MEM|CPU)_(?:LIMIT|GUARANTEE)", "is set by the server; see limits.memory and limits.cpu"),
    (
        "HOME|USER|LOGNAME|SHELL|JUPYTER_PATH|JUPYTER_RUNTIME_DIR|(?:JUPYTERHUB|JPY|LITTLEST)_.*",
        "is set by the server itself; choose another name",
    ),
)

_TAKEN = ("littlest|idle-culler|metrics", "is the name of a service that is there already; choose another")

UserName = Annotated[
    str,
    text(values.parse_user_name, "a user name", values.USER_NAME, types=TEXT, maxLength=values.LONGEST_USER_NAME),
]
GroupName = Annotated[str, text(values.parse_group_name, _NAME, values.GROUP_NAME, several=_NAMES)]
ServiceName = Annotated[
    str,
    text(
        "must be small letters, digits and dashes, at least two, and begin with a letter, such as grader",
        _NAME,
        "[a-z][a-z0-9-]{1,40}",
        _TAKEN,
        several=_NAMES,
    ),
]
UnixName = Annotated[
    str,
    text(
        "must be a short prefix of small letters before {name}, such as jupyter-{name}",
        "a template with {name}",
        r"(?!littlest-)(?:[a-z_][a-z0-9_-]{0,11})?\{name\}",
    ),
]
VariableName = Annotated[str, text(*_VARIABLE, several="names of variables")]
ServerVariable = Annotated[str, text(*_VARIABLE, *_SERVERS_VARIABLES, several="names of variables")]
VariableValue = Annotated[str, text(values.parse_variable_value, "a text", values.VARIABLE_VALUE, types=TEXT)]
ClassName = Annotated[
    str,
    text(
        "is not a class with its module; write one such as package.module.Class",
        "a class with its module",
        r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+",
    ),
]
FilePath = Annotated[str, text(*_PATH)]
HomesPath = Annotated[
    str, text(*_PATH, *_NOT_PEOPLES, ("/+", "is the whole machine; write a folder such as /mnt/homes"))
]
SharedPath = Annotated[str, text(*_PATH, *_NOT_PEOPLES, *_NOT_SHARED)]
ProgramFolder = Annotated[str, text(*_PATH, (".*:.*", "has a colon in it, which PATH cannot hold"))]
Folder = Annotated[str, text(values.parse_folder, "a path", values.FOLDER, types=TEXT)]
BaseUrl = Annotated[str, text(values.parse_base_url, "a path", values.BASE_URL, types=TEXT)]
Address = Annotated[str, text(values.parse_address, "an IP address", _ADDRESS, several="IP addresses")]
Network = Annotated[
    str, text(values.parse_network, "an IP address or network", _NETWORK, several="IP addresses or networks")
]
Url = Annotated[str, text(_NO_URL, _AN_URL, values.URL, several=_URLS)]
ServerUrl = Annotated[str, text(values.parse_server_url, _AN_URL, values.URL, several=_URLS)]
UrlOrNone = Annotated[str, text(_NO_URL, _AN_URL, f"(?:{values.URL})?", several=_URLS)]
PublicUrl = Annotated[str, text(values.parse_public_url, _AN_URL, f"(?:{values.PUBLIC_URL})?", several=_URLS)]
Origin = Annotated[
    str, text(values.parse_origin, "an origin such as https://moodle.example.org", values.ORIGIN, several="origins")
]
EntityId = Annotated[
    str,
    text(
        "is no entity ID; write one of https://cilogon.org/idplist, such as https://…",
        "an entity ID",
        "(?:https?://|urn:)[!-~]+",
    ),
]
ServerName = Annotated[
    str,
    text(
        "is no name of a server; write it alone, such as ldap.example.org; the port is auth.port",
        "the name or address of a server",
        "[A-Za-z0-9.:-]+",
        types=TEXT,
    ),
]
PamService = Annotated[
    str,
    text(
        "is no name of a PAM service; write that of a file in /etc/pam.d, such as sshd",
        "the name of a PAM service",
        "[A-Za-z0-9._-]+",
        types=TEXT,
    ),
]
Domain = Annotated[str, text(values.parse_domain, "a domain", values.DOMAIN)]
PageTitle = Annotated[
    str,
    text("has a character in it that cannot be seen", "a text", values.VISIBLE_TEXT, types=TEXT, maxLength=60),
]
Email = Annotated[
    str,
    text(
        "is not an e-mail address; write one such as teacher@example.org",
        "an e-mail address",
        r"(?:[^\s@]+@[^\s@]+\.[^\s@]+)?",
    ),
]
