"""Every setting: its type, default, bounds, example and description. The only definition there is.

The default config.yaml, the reference page and the error messages are generated from this tree, so an attribute's
docstring is written for the admin who reads it there. `littlest.config.settings` reads those docstrings from this
source when they are wanted: pydantic could collect them too, but at every start of every command.
"""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from littlest.config.values import parse_address, parse_base_url, parse_bytes, parse_user_name, render_bytes
from littlest.paths import HUB_PORT

_LEAST_MEMORY = "128M"
"""A notebook server with one kernel does not start in less."""
_MOST_MEMORY = "1024T"
_A_YEAR = 365 * 24 * 3600


def _check_port(port: int) -> int:
    if port == HUB_PORT:
        raise ValueError("is the port of the hub's own process; choose another")
    return port


def _check_memory(memory: str) -> str:
    count = parse_bytes(memory)
    if count < parse_bytes(_LEAST_MEMORY):
        raise ValueError(f"is too little for a server to start; give at least {_LEAST_MEMORY}")
    if count > parse_bytes(_MOST_MEMORY):
        raise ValueError(f"is more than any machine has; give at most {_MOST_MEMORY}")
    return render_bytes(count)


def _check_max_age(seconds: int) -> int:
    if 0 < seconds < 600:
        raise ValueError("would stop servers that have just started; give at least 600, or 0 for never")
    return seconds


UserNames = tuple[Annotated[str, AfterValidator(parse_user_name)], ...]


class Section(BaseModel):
    """A mapping in config.yaml: strict, frozen, without unknown keys."""

    # the validator is built once, for the whole tree, when the first file is loaded
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False)


class Http(Section):
    """Where the hub is reached."""

    address: Annotated[str, AfterValidator(parse_address), Field(examples=["192.0.2.10"])] = ""
    """IP address the proxy listens on; empty for every address of the machine."""
    port: Annotated[int, Field(ge=1, le=65535, examples=[8000]), AfterValidator(_check_port)] = 80
    """TCP port the proxy listens on."""


class FirstUseAuth(Section):
    """How users prove who they are."""

    type: Literal["firstuse"] = "firstuse"
    """The way to log in. With `firstuse`, users choose their password at their first login."""


class Users(Section):
    """Who may log in, and as what. Upper and lower case are the same in a name."""

    allowed: Annotated[UserNames, Field(examples=[["ada", "grace"]])] = ()
    """Users who may log in, beside the admins and those added in the hub's admin panel."""
    admin: Annotated[UserNames, Field(examples=[["teacher"]])] = ()
    """Users who may manage the hub and, in a terminal, the machine (sudo)."""
    banned: Annotated[UserNames, Field(examples=[["mallory"]])] = ()
    """Users who may not log in, whatever the hub's admin panel says of them."""

    @field_validator("banned")
    @classmethod
    def _check_banned(cls, banned: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        clashes: list[InitErrorDetails] = [
            {
                "type": PydanticCustomError("banned", "is also in users.{other}", {"other": other}),
                "loc": (index,),
                "input": name,
            }
            for index, name in enumerate(banned)
            for other in ("allowed", "admin")
            if name in info.data.get(other, ())
        ]
        if clashes:
            raise ValidationError.from_exception_data("users.banned", clashes)
        return banned


class Limits(Section):
    """What one user's server may use."""

    memory: Annotated[Annotated[str, AfterValidator(_check_memory)] | None, Field(examples=["512M"])] = "1G"
    """Memory, in bytes with K, M, G or T (powers of 1024), at least 128M; null for no limit."""
    cpu: Annotated[Annotated[float, Field(ge=0.01, le=1024)] | None, Field(examples=[0.5])] = None
    """CPU cores, such as 0.5 or 2; null for no limit."""


class Cull(Section):
    """Stopping servers that nobody uses."""

    enabled: bool = True
    """Whether idle servers are stopped."""
    timeout: Annotated[int, Field(ge=600, le=_A_YEAR, examples=[7200])] = 3600
    """Seconds without activity after which a server is stopped; a running computation counts as activity."""
    every: Annotated[int, Field(ge=10, le=_A_YEAR, examples=[60])] = 300
    """Seconds between two looks."""
    max_age: Annotated[int, Field(ge=0, le=_A_YEAR, examples=[86400]), AfterValidator(_check_max_age)] = 0
    """Seconds after which a server is stopped even if it is in use, at least 600; 0 for never."""


class Services(Section):
    """What runs beside the hub."""

    cull: Cull = Field(default_factory=Cull)
    """Stopping servers that nobody uses."""


class UserEnvironment(Section):
    """What users find on their servers."""

    default_app: Annotated[Literal["jupyterlab", "notebook"], Field(examples=["notebook"])] = "jupyterlab"
    """The application that opens after login: `jupyterlab` or `notebook`."""


class Config(Section):
    """Everything that can be set in /etc/littlest/config.yaml."""

    http: Http = Field(default_factory=Http)
    """Where the hub is reached."""
    base_url: Annotated[str, AfterValidator(parse_base_url), Field(examples=["/jupyter/"])] = "/"
    """Path under which the hub is reached, such as /jupyter/ when another web server stands before it."""
    auth: FirstUseAuth = Field(default_factory=FirstUseAuth)
    """How users prove who they are."""
    users: Users = Field(default_factory=Users)
    """Who may log in, and as what. Upper and lower case are the same in a name."""
    limits: Limits = Field(default_factory=Limits)
    """What one user's server may use."""
    services: Services = Field(default_factory=Services)
    """What runs beside the hub."""
    user_environment: UserEnvironment = Field(default_factory=UserEnvironment)
    """What users find on their servers."""
