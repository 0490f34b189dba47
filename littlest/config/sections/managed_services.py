"""What runs next to the hub: the service that stops idle servers, and those that the admin adds."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from littlest.config.sections.kinds import Kind, ServiceName, UrlOrNone, VariableName, VariableValue
from littlest.config.sections.section import Secret, Section, Words, make_conflict

_A_YEAR = 365 * 24 * 3600


def _check_max_age(seconds: int) -> int:
    if 0 < seconds < 600:
        raise ValueError("would stop servers that have just started; give at least 600, or 0 for never")
    return seconds


MaxAge = Annotated[
    int,
    Field(ge=0, le=_A_YEAR),
    Kind(_check_max_age, schema={"anyOf": [{"maximum": 0}, {"minimum": 600}]}),
]
Variables = dict[VariableName, VariableValue]


class Cull(Section):
    """Stopping servers that nobody uses."""

    enabled: bool = True
    """Whether idle servers are stopped."""
    timeout: Annotated[int, Field(ge=600, le=_A_YEAR, examples=[7200])] = 3600
    """Seconds without activity after which a server is stopped. Only a person or a computation is activity, and not a
    page that is left open."""
    every: Annotated[int, Field(ge=10, le=_A_YEAR, examples=[60])] = 300
    """Seconds between checks."""
    max_age: Annotated[MaxAge, Field(examples=[86400])] = 0
    """Seconds after which a server is stopped even if it is in use, at least 600; 0 for never."""


class ManagedService(Section):
    """A service that works with the hub's API."""

    one_of = ("command", "api_token")

    command: Annotated[Words, Field(examples=[["/opt/grader/bin/grader", "--port=9000"]])] = ()
    """Program and arguments; the hub starts it, and starts it again when it ends. Empty for one that runs
    elsewhere."""
    url: Annotated[UrlOrNone, Field(examples=["http://127.0.0.1:9000"])] = ""
    """Where it answers; people reach it under services/NAME/. Empty for one without pages."""
    scopes: Annotated[Words, Field(examples=[["list:users", "read:servers"]])] = ()
    """What it may do through the hub's API, in JupyterHub's words."""
    api_token: Annotated[Secret | None, Field(examples=[{"file": "/etc/littlest/grader-token"}])] = None
    """Its token for the hub's API; null for a new one at each start, which the hub gives to the program."""
    environment: Annotated[Variables, Field(examples=[{"GRADER_HOME": "/srv/grader"}])] = Field(default_factory=dict)
    """Environment variables of the program."""

    @model_validator(mode="after")
    def _check_service(self) -> Self:
        if not self.command and self.api_token is None:
            raise ValueError("needs a command, or an api_token if it runs elsewhere")
        if self.command and not self.command[0].startswith("/"):
            problem = f"{self.command[0]} is not an absolute path; write one that begins with /"
            raise make_conflict("services", ("command", 0), problem)
        return self


class Services(Section):
    """What runs next to the hub."""

    cull: Cull = Field(default_factory=Cull.model_construct)
    """Stopping servers that nobody uses."""
    managed: Annotated[
        dict[ServiceName, ManagedService],
        Field(examples=[{"grader": {"command": ["/opt/grader/bin/grader"], "scopes": ["list:users"]}}]),
    ] = Field(default_factory=dict)
    """Services that work with the hub's API, by their names."""
