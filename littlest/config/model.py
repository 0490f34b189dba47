"""Every setting: its type, default, bounds and description. The only definition there is.

The default config.yaml, the reference page and the error messages are generated from this tree, so an attribute's
docstring is written for the admin who reads it there.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A mapping in config.yaml: strict, frozen, without unknown keys."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )


class Http(Section):
    """Where the hub is reached."""

    address: str = ""
    """IP address the proxy listens on; empty for every address of the machine."""
    port: Annotated[int, Field(ge=1, le=65535)] = 80
    """TCP port the proxy listens on."""


class FirstUseAuth(Section):
    """Users choose their password at their first login."""

    type: Literal["firstuse"] = "firstuse"
    """How users prove who they are."""


class Users(Section):
    """Who may log in, and as what."""

    allowed: tuple[str, ...] = ()
    """Users who may log in, beside the admins and those added in the hub's admin panel."""
    admin: tuple[str, ...] = ()
    """Users who may manage the hub and, in a terminal, the machine (sudo)."""
    banned: tuple[str, ...] = ()
    """Users who may not log in, whatever else is said of them."""


class Limits(Section):
    """What one user's server may use."""

    memory: str | None = "1G"
    """Memory of one user's server, in bytes with K, M, G or T (powers of 1024); null for no limit."""
    cpu: Annotated[float, Field(gt=0)] | None = None
    """CPU cores one user's server may use, such as 0.5 or 2; null for no limit."""


class Cull(Section):
    """Stopping servers that nobody uses."""

    enabled: bool = True
    """Whether idle servers are stopped."""
    timeout: Annotated[int, Field(ge=600)] = 3600
    """Seconds without activity after which a server is stopped; a running computation counts as activity."""
    every: Annotated[int, Field(ge=10)] = 300
    """Seconds between two looks."""
    max_age: Annotated[int, Field(ge=0)] = 0
    """Seconds after which a server is stopped even if it is in use; 0 for never."""


class Services(Section):
    """What runs beside the hub."""

    cull: Cull = Cull()
    """Stopping servers that nobody uses."""


class UserEnvironment(Section):
    """What users find on their servers."""

    default_app: Literal["jupyterlab", "notebook"] = "jupyterlab"
    """The application that opens after login."""


class Config(Section):
    """Everything that can be set in /etc/littlest/config.yaml."""

    http: Http = Http()
    base_url: str = "/"
    """Path under which the hub is reached, with a slash at both ends."""
    auth: FirstUseAuth = FirstUseAuth()
    users: Users = Users()
    limits: Limits = Limits()
    services: Services = Services()
    user_environment: UserEnvironment = UserEnvironment()
