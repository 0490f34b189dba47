"""What every group of settings is made of: strict frozen models, secrets, and what several groups have in common."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from littlest.config.sections.kinds import UserName
from littlest.config.sections.secrecy import is_secret_place
from littlest.config.sections.values import FILE_PATH, parse_file_path

UserNames = tuple[UserName, ...]
Words = tuple[str, ...]
Data = Any
"""A value of any shape, such as a trait's: its type comes from how it is written."""
TraitValues = dict[str, Data]
SHORTEST_TOKEN, LONGEST_TOKEN = 8, 64
"""Characters that JupyterHub lets a token of its API have: with others it would not start."""
CONFLICT = "conflict"
"""Pydantic's name for the kind of error that `make_conflict` makes."""
KeyPath = tuple[str, ...]
"""The parts of a key, such as `("limits", "memory")`."""
Place = tuple[str | int, ...]
"""Where a value is in the data: keys, and positions in lists."""
Conflict = tuple[Place, str, str | None]
"""Where a person should look, what does not go together, and a hint."""


class Section(BaseModel):
    """A mapping in config.yaml: strict, frozen, without unknown keys."""

    # the validator is built once, for the whole tree, when the first file is loaded
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False)

    variants: ClassVar[Mapping[str, str]] = {}
    """Where the key `type` decides which settings the group has: each type, and the module that has its model."""
    one_of: ClassVar[tuple[str, ...]] = ()
    """Settings of which at least one must be given. What is empty, null or false is not given."""
    only_one: ClassVar[bool] = False
    """Whether no more than one of them may be given."""
    needs: ClassVar[Mapping[str, str]] = {}
    """Settings that need another where they are given: each, and that other one."""

    def list_unmet(self) -> Iterator[tuple[str, str]]:
        """Yield each setting that is given without the one that it needs, with that one."""
        for name, needed in self.needs.items():
            if getattr(self, name) and not getattr(self, needed):
                yield name, needed


class Sets:
    """Marks a setting of `auth` with the traits of the authenticator class that it sets.

    The first one takes its value, unless `littlest.hub.login.authenticators` makes another from it.
    """

    def __init__(self, *traits: str) -> None:
        self.traits = traits


S = TypeVar("S", bound=Section)


class _WhenGiven:
    """Validates a group of settings with a validator of its own, which is built when a file first gives the group.

    To build those of all groups is a seventh of the time of `littlest config show`.
    """

    def __get_pydantic_core_schema__(
        self, section: type[Section], _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda data: data if isinstance(data, section) else validate_section(section, data)
        )


WHEN_GIVEN = _WhenGiven()


def validate_section(section: type[S], data: Mapping[str, Any]) -> S:
    """Return the settings of a group; where nothing is given, the defaults, which need no validator."""
    return section.model_construct() if data == {} else section.model_validate(data)


class Secret(Section):
    """A password or token: as it is, or the file that it is in."""

    one_of = ("value", "file")
    only_one = True

    value: Annotated[str, Field(json_schema_extra={"minLength": 1})] = ""
    """The secret itself."""
    file: Annotated[str, Field(json_schema_extra={"type": "string", "pattern": f"^(?:{FILE_PATH})$"})] = ""
    """Path of a file whose first line is the secret; it and the folders on the way to it must belong to root, and
    only root needs to be able to read it."""

    @model_validator(mode="after")
    def _check_which(self) -> Self:
        if self.model_fields_set == {"value", "file"}:
            raise ValueError("gives both the secret and its file; keep one of the two")
        if self.file:
            try:
                parse_file_path(self.file)
            except ValueError as error:
                # what is no path may be the secret itself
                subject = f"{self.file} " if self.file.startswith("/") else ""
                raise make_conflict(type(self).__name__, ("file",), f"{subject}{error}") from None
        elif not self.value:
            raise ValueError("is empty; write the secret, or {file: PATH} for one in a file")
        return self

    def __repr__(self) -> str:
        # pydantic's would show it in every traceback
        return f"Secret(file={self.file!r})" if self.file else "Secret(value='********')"

    __str__ = __repr__


def list_secrets(value: Any, place: Place = ()) -> Iterator[tuple[Place, Secret]]:
    """Yield every secret of a configuration, or of a part of one, with its place."""
    match value:
        case Secret():
            yield place, value
        case Section():
            for name in type(value).model_fields:
                yield from list_secrets(getattr(value, name), (*place, name))
        case dict():
            for name, inner in value.items():
                yield from list_secrets(inner, (*place, name))
        case tuple() | list():
            for index, inner in enumerate(value):
                yield from list_secrets(inner, (*place, index))


def find_trait_secrets(values: TraitValues, place: tuple[str, ...]) -> TraitValues:
    """Return traits' values in which `{file: PATH}` is the secret in that file, where the name tells a secret.

    `place` is where they are. Raises ValidationError for a path that is none.
    """
    return {name: _find_trait_secret(value, (*place, name), len(place)) for name, value in values.items()}


def _find_trait_secret(value: Data, place: tuple[str, ...], depth: int) -> Data:
    if not isinstance(value, dict):
        return value
    if value.keys() != {"file"} or not isinstance(value["file"], str) or not is_secret_place(place):
        return {name: _find_trait_secret(inner, (*place, name), depth) for name, inner in value.items()}
    try:
        return Secret(file=parse_file_path(value["file"]))
    except ValueError:
        # it may be the secret itself
        problem = "takes an absolute path, one that begins with /"
        raise make_conflict("settings", (*place[depth:], "file"), problem) from None


def make_conflict(title: str, place: tuple[str | int, ...], problem: str, hint: str | None = None) -> ValidationError:
    """Return the error of settings that do not go together: `place` is the one a person should look at."""
    return make_conflicts(title, [(place, problem, hint)])


def make_conflicts(title: str, conflicts: Iterable[Conflict]) -> ValidationError:
    """Return the error of several conflicts at once, so that one run names them all."""
    details: list[InitErrorDetails] = [
        # the sentence is no template: it may hold braces
        {
            "type": PydanticCustomError(CONFLICT, "{problem}", {"problem": problem, "hint": hint}),
            "loc": at,
            "input": None,
        }
        for at, problem, hint in conflicts
    ]
    return ValidationError.from_exception_data(title, details)
