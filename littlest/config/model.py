"""Every setting: its type, default, bounds, example and description. The only definition there is.

The default config.yaml, the reference page, the JSON schema, `littlest config help` and the error messages are
generated from this tree, so an attribute's docstring is written for the admin who reads it there.
`littlest.config.reference.catalog` reads those docstrings from this source when they are wanted: pydantic could
collect them too, but at every start of every command. The larger groups have modules of their own in
`littlest.config.sections`.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import InitErrorDetails

from littlest.config.sections.auth import CUSTOM, Auth, FirstUseAuth
from littlest.config.sections.branding import Branding
from littlest.config.sections.folders import SharedFolder, list_folder_conflicts
from littlest.config.sections.http_ports import Port
from littlest.config.sections.kinds import (
    Address,
    BaseUrl,
    Domain,
    Email,
    FilePath,
    Folder,
    GroupName,
    Network,
    Origin,
    ProgramFolder,
    PublicUrl,
    ServerVariable,
    VariableValue,
)
from littlest.config.sections.managed_services import Services
from littlest.config.sections.section import (
    WHEN_GIVEN,
    Conflict,
    Secret,
    Section,
    TraitValues,
    find_trait_secrets,
    make_conflicts,
    validate_section,
)
from littlest.config.sections.users import Limits, Users

CHOSEN_NAMES = "with this auth, anybody could choose the name of an account of this machine and use that account"
NAMES_ADVICE = 'let in only people whom you name or approve, or set users.unix_name to "jupyter-{name}"'


ServerVariables = dict[ServerVariable, VariableValue]


class Http(Section):
    """Where the hub is reached."""

    address: Annotated[Address, Field(examples=["192.0.2.10"])] = ""
    """IP address of this machine on which the proxy listens; empty for all of its addresses."""
    port: Annotated[Port, Field(examples=[8000])] = 80
    """TCP port on which the proxy listens; with https, the port that redirects to https."""


class LetsEncrypt(Section):
    """Certificates from Let's Encrypt; not possible in this version."""

    needs: ClassVar = {"email": "domains", "domains": "email"}

    email: Annotated[Email, Field(examples=["teacher@example.org"])] = ""
    """Address to which Let's Encrypt writes when something is wrong."""
    domains: Annotated[tuple[Domain, ...], Field(examples=[["jupyter.example.org"]])] = ()
    """Domains of this hub."""


class Https(Section):
    """Encryption between browsers and the hub."""

    needs: ClassVar = {"certificate": "key", "key": "certificate", "enabled": "certificate"}

    enabled: bool = False
    """Whether the hub is reached with https."""
    port: Annotated[Port, Field(examples=[8443])] = 443
    """TCP port on which the proxy listens."""
    certificate: Annotated[FilePath | None, Field(examples=["/etc/ssl/hub/fullchain.pem"])] = None
    """Path of the certificate, followed by the intermediate certificates (PEM)."""
    key: Annotated[FilePath | None, Field(examples=["/etc/ssl/hub/key.pem"])] = None
    """Path of the certificate's private key (PEM, without a passphrase); only root needs to be able to read it."""
    redirect: bool = True
    """Whether `http.port` redirects to https; otherwise nothing listens there."""
    hsts: bool = False
    """Whether browsers open the hub only with https for a year after each visit (HSTS). Nobody can then open it
    without a valid certificate."""
    letsencrypt: LetsEncrypt = Field(default_factory=LetsEncrypt.model_construct)
    """Certificates from Let's Encrypt; not possible in this version."""

    @model_validator(mode="after")
    def _check_certificate(self) -> Self:
        conflicts: list[Conflict] = [
            (("letsencrypt", one), f"needs https.letsencrypt.{other} as well", None)
            for one, other in self.letsencrypt.list_unmet()
        ]
        conflicts += [
            ((one,), f"needs https.{other} as well", None) for one, other in self.list_unmet() if one != "enabled"
        ]
        if self.enabled and not self.certificate and not self.key:
            if self.letsencrypt.email or self.letsencrypt.domains:
                problem = "certificates from Let's Encrypt are not possible in this version"
                conflicts.append((("letsencrypt",), problem, "give https.certificate and https.key"))
            else:
                conflicts.append((("enabled",), "needs https.certificate and https.key", None))
        if conflicts:
            raise make_conflicts("https", conflicts)
        return self


class Proxy(Section):
    """Another web server in front of the hub."""

    trusted: Annotated[tuple[Network, ...], Field(examples=[["127.0.0.1", "10.0.0.0/8"]])] = ()
    """IP addresses or networks of web servers in front of the hub. Only they may tell the hub a visitor's address and
    protocol (X-Forwarded-For, X-Forwarded-Proto)."""


class UserEnvironment(Section):
    """What users find on their servers."""

    default_app: Annotated[Literal["jupyterlab", "notebook"], Field(examples=["notebook"])] = "jupyterlab"
    """The application that opens after login: `jupyterlab` or `notebook`."""
    environment: Annotated[ServerVariables, Field(examples=[{"COURSE_DATA": "/srv/data"}])] = Field(
        default_factory=dict
    )
    """Environment variables of every server, its kernels and terminals."""
    path: Annotated[tuple[ProgramFolder, ...], Field(examples=[["/opt/matlab/bin"]])] = ()
    """Folders that are searched for programs first, before those of the shared environment."""
    working_directory: Annotated[Folder, Field(examples=["notebooks"])] = ""
    """Folder in which servers open, created if it is missing: below the user's home, or an absolute path; empty for
    the home itself."""


class Metrics(Section):
    """Figures for Prometheus, under hub/metrics."""

    public: bool = False
    """Whether anybody may read them."""
    token: Annotated[Secret | None, Field(examples=[{"file": "/etc/littlest/metrics-token"}])] = None
    """Token with which Prometheus may read them; null for none."""


class Config(Section):
    """Everything that can be set in /etc/littlest/config.yaml."""

    http: Annotated[Http, WHEN_GIVEN] = Field(default_factory=Http.model_construct)
    """Where the hub is reached."""
    https: Annotated[Https, WHEN_GIVEN] = Field(default_factory=Https.model_construct)
    """Encryption between browsers and the hub."""
    base_url: Annotated[BaseUrl, Field(examples=["/jupyter/"])] = "/"
    """Path under which the hub is reached, such as /jupyter/ when another web server is in front of it."""
    external_url: Annotated[PublicUrl, Field(examples=["https://jupyter.example.org/"])] = ""
    """Address that people type to reach the hub, with its path; empty if it is this machine's own."""
    proxy: Annotated[Proxy, WHEN_GIVEN] = Field(default_factory=Proxy.model_construct)
    """Another web server in front of the hub."""
    frame_ancestors: Annotated[tuple[Origin, ...], Field(examples=[["https://moodle.example.org"]])] = ()
    """Web sites whose pages may show the hub and users' servers in a frame, such as a learning management system. The
    hub must be reached with https then. Name only sites that you trust."""
    auth: SerializeAsAny[Auth] = Field(default_factory=FirstUseAuth.model_construct)
    """How users prove who they are."""
    users: Annotated[Users, WHEN_GIVEN] = Field(default_factory=Users.model_construct)
    """Who may log in, and as what. Upper and lower case are the same in a name."""
    limits: Annotated[Limits, WHEN_GIVEN] = Field(default_factory=Limits.model_construct)
    """What one user's server may use, and all servers together."""
    user_environment: Annotated[UserEnvironment, WHEN_GIVEN] = Field(default_factory=UserEnvironment.model_construct)
    """What users find on their servers."""
    shared_folders: Annotated[
        dict[GroupName, SharedFolder],
        Field(examples=[{"data": {"path": "/srv/data"}, "exchange": {"writable": True}}]),
    ] = Field(default_factory=dict)
    """Folders that several users see, by their names."""
    services: Annotated[Services, WHEN_GIVEN] = Field(default_factory=Services.model_construct)
    """What runs next to the hub."""
    metrics: Annotated[Metrics, WHEN_GIVEN] = Field(default_factory=Metrics.model_construct)
    """Figures for Prometheus, under hub/metrics."""
    branding: Annotated[Branding, WHEN_GIVEN] = Field(default_factory=Branding.model_construct)
    """The name and the logo on the hub's pages, and where people get help."""
    announcement: Annotated[str, Field(max_length=500, examples=["The exam starts at 10."])] = ""
    """A line of text at the top of the hub's pages; empty for none."""
    jupyterhub: Annotated[dict[str, TraitValues], Field(examples=[{"JupyterHub": {"shutdown_on_logout": True}}])] = (
        Field(default_factory=dict)
    )
    """What has no setting of its own: classes of JupyterHub, and their traits with their values."""

    @property
    def is_reached_with_https(self) -> bool:
        """Whether browsers come with https, to this server or to a web server in front of it."""
        return self.external_url.startswith("https:") if self.external_url else self.https.enabled

    @field_validator("auth", mode="plain")
    @classmethod
    def _choose_auth(cls, auth: Any) -> Auth:
        if isinstance(auth, Auth):
            return auth
        found: Auth = validate_section(find_variant(Auth, auth), auth)  # type: ignore[assignment]
        return found

    @field_validator("jupyterhub")
    @classmethod
    def _find_secrets(cls, classes: dict[str, TraitValues]) -> dict[str, TraitValues]:
        return find_trait_secrets(classes, ("jupyterhub",))

    @model_validator(mode="after")
    def _check_together(self, info: ValidationInfo) -> Self:
        """Raise what sections say against each other; the context names those about which nothing is known."""
        unknown: frozenset[str] = info.context or frozenset()
        conflicts = [conflict for sections, conflict in self._list_conflicts() if unknown.isdisjoint(sections)]
        if conflicts:
            raise make_conflicts("config", conflicts)
        return self

    def _list_conflicts(self) -> Iterator[tuple[tuple[str, ...], Conflict]]:
        """Yield what sections say against each other, with their keys."""
        if self.https.enabled and self.https.port == self.http.port:
            problem = f"{self.https.port} is also http.port; choose another"
            yield ("http", "https"), (("https", "port"), problem, None)
        for conflict in list_folder_conflicts(self.shared_folders, self.users.groups, self.users.homes):
            yield ("shared_folders", "users"), conflict
        # scheme, nothing, host, and the path, which stands between the same slashes on both sides of a web server
        if self.external_url and "/" + self.external_url.split("/", 3)[3] != self.base_url:
            problem = f"the path of {self.external_url} is not base_url, which is {self.base_url}"
            yield ("external_url", "base_url"), (("external_url",), problem, None)
        if self.frame_ancestors and not self.is_reached_with_https:
            problem = "needs https: in a frame, browsers keep no login of a hub that is reached with http"
            hint = "set https.enabled, or external_url where another web server has the certificate"
            yield ("frame_ancestors", "https", "external_url"), (("frame_ancestors",), problem, hint)
        if self.users.unix_name == "{name}" and self.auth.allows_self_chosen_names():
            yield ("users", "auth"), (("users", "unix_name"), CHOSEN_NAMES, NAMES_ADVICE)
        if self.auth.sends_people_back and not self.external_url:
            problem = f"{self.auth.type} needs external_url: people are sent back to that address"
            yield ("auth", "external_url"), (("auth", "type"), problem, None)


def find_variant(section: type[Section], data: Any) -> type[Section]:
    """Return the model of a group whose settings depend on its type; the group's own default where no type is given.

    Raises ValidationError for a type that there is not.
    """
    given = data.get("type", "firstuse") if isinstance(data, Mapping) else "firstuse"
    kind = str(given)
    place = section.variants.get(CUSTOM if "." in kind else kind)
    if place is None:
        expected = {"expected": ", ".join(section.variants)}
        problem: InitErrorDetails = {"type": "literal_error", "loc": ("type",), "input": given, "ctx": expected}
        raise ValidationError.from_exception_data("auth", [problem])
    module, _, name = place.partition(":")
    found: type[Section] = getattr(import_module(module), name)
    return found
