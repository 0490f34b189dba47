"""The ways to log in: one group of settings for each `auth.type`. Identity providers: `sections.providers`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from littlest.config.sections.kinds import ClassName, FilePath, PamService, ServerName
from littlest.config.sections.section import (
    Conflict,
    Secret,
    Section,
    Sets,
    TraitValues,
    Words,
    find_trait_secrets,
    make_conflict,
    make_conflicts,
)
from littlest.config.sections.values import parse_address

_HERE = "littlest.config.sections.auth"
_PROVIDERS = "littlest.config.sections.providers"
CUSTOM = "package.module.Class"
"""In lists of types: any class of a package in the hub environment."""


class Auth(Section):
    """How users prove who they are."""

    variants: ClassVar[Mapping[str, str]] = {
        "firstuse": f"{_HERE}:FirstUseAuth",
        "native": f"{_HERE}:NativeAuth",
        "pam": f"{_HERE}:PamAuth",
        "dummy": f"{_HERE}:DummyAuth",
        "tmp": f"{_HERE}:TmpAuth",
        "ldap": f"{_HERE}:LdapAuth",
        "oidc": f"{_PROVIDERS}:OidcAuth",
        "github": f"{_PROVIDERS}:GitHubAuth",
        "google": f"{_PROVIDERS}:GoogleAuth",
        "gitlab": f"{_PROVIDERS}:GitLabAuth",
        "azuread": f"{_PROVIDERS}:AzureAdAuth",
        "globus": f"{_PROVIDERS}:GlobusAuth",
        "cilogon": f"{_PROVIDERS}:CiLogonAuth",
        "auth0": f"{_PROVIDERS}:Auth0Auth",
        "okta": f"{_PROVIDERS}:OktaAuth",
        "bitbucket": f"{_PROVIDERS}:BitbucketAuth",
        "mediawiki": f"{_PROVIDERS}:MediaWikiAuth",
        "lti13": f"{_PROVIDERS}:Lti13Auth",
        CUSTOM: f"{_HERE}:ClassAuth",
    }

    keeps_passwords: ClassVar[bool] = False
    """Whether the hub itself keeps passwords, so that every admin needs a first one."""
    sends_people_back: ClassVar[bool] = False
    """Whether people log in elsewhere, on a page that must know this hub's address."""

    proves_accounts: ClassVar[bool] = False
    """Whether a name that was proved is that of the account on this machine, and not one that people choose."""
    admits_by: ClassVar[tuple[str, ...]] = ()
    """Settings that admit people whom nobody named, such as groups at a provider."""

    type: str
    """The way to log in."""
    allow_all: bool = False
    """Whether everybody who can prove who they are may log in; otherwise only those named under `users`."""
    settings: Annotated[TraitValues, Field(examples=[{"auth_refresh_age": 600}])] = Field(default_factory=dict)
    """More traits of the JupyterHub authenticator class of this type, by their own names; not those that have a
    setting here."""

    @field_validator("settings")
    @classmethod
    def _find_secrets(cls, settings: TraitValues) -> TraitValues:
        return find_trait_secrets(settings, ("auth", "settings"))

    def allows_self_chosen_names(self) -> bool:
        """Whether people may log in under a name that they chose, even if it is that of an account."""
        if self.proves_accounts:
            return False
        return self.allow_all or any(getattr(self, name) for name in self.admits_by)


class FirstUseAuth(Auth):
    """Users choose their password at their first login."""

    keeps_passwords = True

    type: Literal["firstuse"] = "firstuse"
    """The way to log in. With `firstuse`, users choose their password at their first login; `littlest config help
    auth` says what others there are, and what they need."""
    first_login: Annotated[Literal["first_come", "one_time"], Field(examples=["one_time"]), Sets("first_login")] = (
        "first_come"
    )
    """Who chooses the first password of a name: the first person to log in (`first_come`), or only somebody who
    has the one-time password that you made with `sudo littlest user passwd NAME` (`one_time`)."""


class NativeAuth(Auth):
    """Users sign up on a page of the hub; an admin approves them."""

    keeps_passwords = True
    admits_by = ("open_signup",)

    type: Literal["native"]
    open_signup: Annotated[bool, Sets("open_signup")] = False
    """Whether those who sign up may log in at once, without an admin's approval."""
    minimum_password_length: Annotated[int, Field(ge=7, le=72, examples=[12]), Sets("minimum_password_length")] = 8
    """Smallest number of characters in a password."""
    ask_email_address: Annotated[bool, Sets("ask_email_on_signup")] = False
    """Whether the sign-up page asks for an e-mail address."""
    failed_logins: Annotated[int, Field(ge=0, le=1000, examples=[5]), Sets("allowed_failed_logins")] = 0
    """Number of wrong passwords after which a user must wait; 0 for no limit."""
    wait: Annotated[int, Field(ge=1, le=86400, examples=[60]), Sets("seconds_before_next_try")] = 600
    """Seconds to wait after too many wrong passwords."""


class PamAuth(Auth):
    """Users log in with the password of their Unix account on this machine."""

    proves_accounts = True

    type: Literal["pam"]
    service: Annotated[PamService, Field(examples=["sshd"]), Sets("service")] = "login"
    """The PAM service that checks passwords: the name of a file in /etc/pam.d."""


class DummyAuth(Auth):
    """Anybody can log in as anybody: for trying things out."""

    one_of = ("i_know_this_is_insecure",)

    type: Literal["dummy"]
    i_know_this_is_insecure: bool = False
    """Must be true: anybody who reaches the page can log in as an admin and do everything on this machine."""
    password: Annotated[Secret | None, Sets("password")] = None
    """One password for everybody; null for no password."""

    @model_validator(mode="after")
    def _check_known(self) -> Self:
        if not self.i_know_this_is_insecure:
            problem = "dummy lets anybody log in as anybody, admins included"
            hint = "use firstuse, or add i_know_this_is_insecure: true below auth"
            raise make_conflict("auth", ("type",), problem, hint)
        return self

    def allows_self_chosen_names(self) -> bool:
        """Always: anybody can log in as anybody."""
        return True


class TmpAuth(Auth):
    """Everybody becomes a new user with a random name, without a password."""

    type: Literal["tmp"]
    allow_all: Literal[True] = True
    """Always true: nobody can be named beforehand."""


class LdapAuth(Auth):
    """Users log in with their password in a directory (LDAP, Active Directory)."""

    proves_accounts = True
    one_of = ("user_dns", "search_base")
    only_one = True
    needs: ClassVar = {"search_user": "search_password"}

    type: Literal["ldap"]
    server: Annotated[ServerName, Field(examples=["ldap.example.org"]), Sets("server_address")]
    """Name or address of the directory's server."""
    port: Annotated[Annotated[int, Field(ge=1, le=65535)] | None, Field(examples=[636]), Sets("server_port")] = None
    """TCP port; null for the usual one: 636 with `tls: on_connect`, otherwise 389."""
    tls: Annotated[
        Literal["on_connect", "before_bind", "insecure"],
        Field(examples=["on_connect"]),
        Sets("tls_strategy", "use_ssl"),
    ] = "before_bind"
    """When the connection is encrypted: at once, before the password is sent (STARTTLS), or never."""
    certificate_authority: Annotated[
        FilePath | None, Field(examples=["/etc/ssl/school-ca.pem"]), Sets("tls_kwargs")
    ] = None
    """Path of the certificate (PEM) of the authority that signed the directory's certificate; null for the
    authorities that Debian trusts."""
    user_dns: Annotated[
        Words, Field(examples=[["uid={username},ou=people,dc=example,dc=org"]]), Sets("bind_dn_template")
    ] = ()
    """Templates of users' entries, tried one after the other; empty if `search_base` is given."""
    search_base: Annotated[
        str, Field(examples=["ou=people,dc=example,dc=org"]), Sets("user_search_base", "lookup_dn")
    ] = ""
    """Entry below which the hub searches for users; empty if `user_dns` says where they are."""
    search_attribute: Annotated[
        str, Field(examples=["sAMAccountName"]), Sets("user_attribute", "lookup_dn_user_dn_attribute")
    ] = "uid"
    """Attribute that holds the name with which people log in."""
    search_user: Annotated[str, Field(examples=["cn=reader,dc=example,dc=org"]), Sets("lookup_dn_search_user")] = ""
    """Entry that may search; empty to search without logging in."""
    search_password: Annotated[Secret | None, Sets("lookup_dn_search_password")] = None
    """Password of `search_user`."""
    groups: Annotated[Words, Field(examples=[["cn=class,ou=groups,dc=example,dc=org"]]), Sets("allowed_groups")] = ()
    """Entries of groups whose members may log in, next to those named under `users`."""

    @model_validator(mode="after")
    def _check_where(self) -> Self:
        conflicts: list[Conflict] = []
        if not self.user_dns and not self.search_base:
            problem = "needs user_dns or search_base, to know where users are in the directory"
            conflicts.append((("type",), problem, None))
        if self.user_dns and self.search_base:
            problem = "is not needed with user_dns, which says where users are; keep one of the two"
            conflicts.append((("search_base",), problem, None))
        if ":" in self.server:
            try:
                parse_address(self.server)
            except ValueError:
                problem = f"{self.server} is neither a name nor an address"
                conflicts.append((("server",), problem, "the port is in auth.port"))
        for index, template in enumerate(self.user_dns):
            if "{username}" not in template:
                conflicts.append(
                    (("user_dns", index), f"{template} lacks {{username}}, where the user's name goes", None)
                )
            elif set("{}") & set(template.replace("{username}", "")):
                problem = f"{template} has another brace than those of {{username}}"
                conflicts.append((("user_dns", index), problem, None))
        conflicts += [((one,), f"needs {other} as well", None) for one, other in self.list_unmet()]
        if conflicts:
            raise make_conflicts("auth", conflicts)
        return self


class ClassAuth(Auth):
    """An authenticator class from a package in the hub environment."""

    type: ClassName
    """The class, with its module. Its traits go under `settings`."""
