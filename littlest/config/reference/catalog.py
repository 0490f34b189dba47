"""The settings of the model as a flat list: what the default file, the reference page and the messages need.

Descriptions are the attributes' docstrings, read from the model's own source when they are wanted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from littlest.config.model import Config, find_variant
from littlest.config.sections.kinds import Kind
from littlest.config.sections.section import Secret, Section

NAME = "NAME"
"""In keys: a name that the admin chooses."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of config.yaml."""

    key: str
    section: type[Section] | None
    """The model of its settings when the key is a group of them."""
    owner: type[Section]
    field: FieldInfo

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]

    @property
    def default(self) -> Any:
        """The value when the file says nothing; None if it must be given."""
        required = self.field.is_required()
        return None if required else self.field.get_default(call_default_factory=True, validated_data={})

    @property
    def description(self) -> str:
        """The attribute's docstring, that of the nearest class that has it."""
        sections = [kind for kind in self.owner.__mro__ if issubclass(kind, Section)]
        return next(found[self.name] for kind in sections if self.name in (found := _read_docstrings(kind)))

    @property
    def example(self) -> Any:
        """A value other than the default, or None."""
        return self.field.examples[0] if self.field.examples else None


def list_settings(model: type[Section] = Config, prefix: str = "", *, inner: bool = False) -> Iterator[Setting]:
    """Yield every setting in the order of the model, a group before its settings.

    With `inner`, also those below names that the admin chooses, with NAME in the name's place. Of a group whose
    settings depend on its type, those of the default type: see `list_variants`.
    """
    for setting in list_own_settings(model, prefix):
        yield setting
        name, field, section = setting.name, setting.field, setting.section
        if section is not None:
            default = type(field.get_default(call_default_factory=True)) if section.variants else section
            yield from list_settings(default, f"{prefix}{name}.", inner=inner)
        elif inner and (entry := as_entry(field.annotation)) is not None:
            yield from list_settings(entry, f"{prefix}{name}.{NAME}.", inner=True)


def list_own_settings(model: type[Section], prefix: str = "") -> Iterator[Setting]:
    """Yield the settings of one group, without those of the groups in it."""
    for name, field in model.model_fields.items():
        yield Setting(prefix + name, as_group(field.annotation), model, field)


def read_docstring(model: type[Section]) -> str:
    """Return what a group of settings is."""
    return " ".join((model.__doc__ or "").split())


def list_variants(section: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    """Yield each type of a group whose settings depend on its type, with its model."""
    for kind in section.variants:
        yield kind, find_variant(section, {"type": kind})


def as_group(annotation: Any) -> type[Section] | None:
    """Return the annotation if it is a group of settings that are in the file below its key."""
    section = as_section(split_optional(annotation)[0])
    return None if section is Secret else section


def as_entry(annotation: Any) -> type[Section] | None:
    """Return the model of what is below names that the admin chooses."""
    kind, _ = split_optional(annotation)
    return as_section(split_optional(get_args(kind)[1])[0]) if get_origin(kind) is dict else None


def as_section(annotation: Any) -> type[Section] | None:
    """Return the annotation if it is a group of settings."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def split_optional(annotation: Any) -> tuple[Any, bool]:
    """Return the bare type, and whether null is allowed."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    (inner,) = (member for member in get_args(annotation) if member is not NoneType)
    return split_optional(inner)[0], True


def list_metadata(annotation: Any) -> list[Any]:
    """Return the constraints and checks of one value, wherever they are in its annotation, but not those of a list's
    entries."""
    field = FieldInfo.from_annotation(annotation)
    members = get_args(field.annotation) if get_origin(field.annotation) in (Union, UnionType) else ()
    return [*field.metadata, *(part for member in members for part in list_metadata(member))]


def list_kinds(metadata: Sequence[Any]) -> list[Kind]:
    """Return the kinds among the constraints of a value."""
    return [constraint for constraint in metadata if isinstance(constraint, Kind)]


def list_choices(annotation: Any) -> tuple[str, ...] | None:
    """Return the words that may be given, when only certain ones may."""
    return get_args(annotation) if get_origin(annotation) is Literal else None


def find_nearest_key(unknown: str) -> str | None:
    """Return the known key that a person most likely meant."""
    # needed only when something is wrong
    import difflib  # noqa: PLC0415

    # not the group in which it was not found
    keys = (setting.key for setting in list_settings(inner=True))
    known = [key for key in keys if not unknown.startswith(f"{key}.")]
    name = unknown.rpartition(".")[2]
    names = {key.rpartition(".")[2] for key in known}
    if name not in names:
        if close := difflib.get_close_matches(unknown.lower(), known, n=1, cutoff=0.75):
            return close[0]
        name = next(iter(difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.7)), "")
    # the one that a person sees first: a group's limits are for later
    same = (key for key in known if key.rpartition(".")[2] == name)
    return min(same, key=lambda key: (not unknown.startswith(key.partition(".")[0]), key.count(".")), default=None)


def find_nearest_word(word: str, choices: tuple[str, ...], cutoff: float = 0.5) -> str | None:
    """Return the choice that a person most likely meant."""
    import difflib  # noqa: PLC0415

    lower = word.lower()
    within = [choice for choice in choices if len(lower) > 2 and lower in choice]
    close = difflib.get_close_matches(lower, choices, n=1, cutoff=cutoff)
    return next(iter(close or within), None)


@cache
def _read_docstrings(model: type[Section]) -> dict[str, str]:
    import ast  # noqa: PLC0415
    import inspect  # noqa: PLC0415

    (definition,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - for the type checker
    docstrings = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                docstrings[name] = " ".join(inspect.cleandoc(text).split())
    return docstrings
