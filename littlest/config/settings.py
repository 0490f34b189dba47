"""The settings of the model as a flat list: what the default file, the reference page and the messages need.

Descriptions are the attributes' docstrings, read from the model's own source when they are wanted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from littlest.config.model import Config, Section


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
        """The value when the file says nothing."""
        return self.field.get_default(call_default_factory=True, validated_data={})

    @property
    def description(self) -> str:
        """The attribute's docstring."""
        return _read_docstrings(self.owner)[self.name]

    @property
    def example(self) -> Any:
        """A value other than the default, or None."""
        return self.field.examples[0] if self.field.examples else None


def list_settings(model: type[Section] = Config, prefix: str = "") -> Iterator[Setting]:
    """Yield every setting in the order of the model, a group before its settings."""
    for name, field in model.model_fields.items():
        section = as_section(field.annotation)
        yield Setting(prefix + name, section, model, field)
        if section is not None:
            yield from list_settings(section, f"{prefix}{name}.")


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


def list_choices(annotation: Any) -> tuple[str, ...] | None:
    """Return the words that may be given, when only certain ones may."""
    return get_args(annotation) if get_origin(annotation) is Literal else None


def find_nearest_key(unknown: str) -> str | None:
    """Return the known key that a person most likely meant."""
    # needed only when something is wrong
    import difflib  # noqa: PLC0415

    known = [setting.key for setting in list_settings()]
    name = unknown.rpartition(".")[2]
    same_name = [key for key in known if key.rpartition(".")[2] == name]
    if same_name:
        return same_name[0]
    if close := difflib.get_close_matches(unknown.lower(), known, n=1, cutoff=0.75):
        return close[0]
    names = {key.rpartition(".")[2]: key for key in reversed(known)}
    if close := difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.7):
        return names[close[0]]
    return None


def find_nearest_word(word: str, choices: tuple[str, ...]) -> str | None:
    """Return the choice that a person most likely meant."""
    import difflib  # noqa: PLC0415

    lower = word.lower()
    within = [choice for choice in choices if len(lower) > 1 and lower in choice]
    return next(iter(within or difflib.get_close_matches(lower, choices, n=1, cutoff=0.5)), None)


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
                docstrings[name] = inspect.cleandoc(text)
    return docstrings
