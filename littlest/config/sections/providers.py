"""Logging in at another organization's page: OAuth, OpenID Connect and LTI 1.3.

The fields are named in the providers' own words; `littlest.hub.login.authenticators` says which traits of
`oauthenticator` and `ltiauthenticator` they become.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from littlest.config.sections.auth import Auth
from littlest.config.sections.kinds import Domain, EntityId, ServerUrl, Url, UrlOrNone
from littlest.config.sections.section import Secret, Sets, Words, make_conflicts

Text = Annotated[str, Field(min_length=1)]


class OAuth(Auth):
    """Users log in at an identity provider, which sends them back to the hub."""

    sends_people_back = True

    client_id: Annotated[Text, Field(examples=["0123456789abcdef"]), Sets("client_id")]
    """Identifier that the provider gave this hub."""
    client_secret: Annotated[Secret, Field(examples=[{"file": "/etc/littlest/client-secret"}]), Sets("client_secret")]
    """Secret that the provider gave this hub."""


class OidcAuth(OAuth):
    """Any provider with OpenID Connect, such as Keycloak, Authentik or AWS Cognito."""

    admits_by = ("allowed_groups", "admin_groups")
    needs: ClassVar = {"allowed_groups": "groups_claim", "admin_groups": "groups_claim"}

    type: Literal["oidc"]
    authorize_url: Annotated[Url, Field(examples=["https://login.example.org/authorize"]), Sets("authorize_url")]
    """Page on which people log in."""
    token_url: Annotated[Url, Field(examples=["https://login.example.org/token"]), Sets("token_url")]
    """Address where the hub gets its token."""
    userdata_url: Annotated[Url, Field(examples=["https://login.example.org/userinfo"]), Sets("userdata_url")]
    """Address where the hub asks who logged in."""
    logout_url: Annotated[
        UrlOrNone, Field(examples=["https://login.example.org/logout"]), Sets("logout_redirect_url")
    ] = ""
    """Page that opens after logging out; empty for none."""
    scope: Annotated[Words, Field(examples=[["openid", "email"]]), Sets("scope")] = ("openid", "profile")
    """Scopes that the hub asks for."""
    username_claim: Annotated[Text, Field(examples=["email"]), Sets("username_claim", "username_key")] = (
        "preferred_username"
    )
    """The claim that becomes the user's name."""
    groups_claim: Annotated[
        str, Field(examples=["groups"]), Sets("manage_groups", "auth_state_groups_key", "claim_groups_key")
    ] = ""
    """The claim that lists a user's groups; empty for none."""
    allowed_groups: Annotated[Words, Field(examples=[["students"]]), Sets("allowed_groups")] = ()
    """Groups at the provider whose members may log in, next to those named under `users`."""
    admin_groups: Annotated[Words, Field(examples=[["staff"]]), Sets("admin_groups")] = ()
    """Groups at the provider whose members are admins here."""
    login_service: Annotated[Text, Field(examples=["University login"]), Sets("login_service")] = "single sign-on"
    """What the login button says after "Sign in with"."""

    @model_validator(mode="after")
    def _check_groups(self) -> Self:
        if unmet := list(self.list_unmet()):
            raise make_conflicts("auth", [((one,), f"needs {other} as well", None) for one, other in unmet])
        return self


class GitHubAuth(OAuth):
    """Users log in with GitHub."""

    admits_by = ("organizations",)

    type: Literal["github"]
    url: Annotated[ServerUrl, Field(examples=["https://github.example.org"]), Sets("github_url")] = (
        "https://github.com"
    )
    """Address of GitHub, or of a GitHub Enterprise server."""
    organizations: Annotated[
        Words, Field(examples=[["our-school", "our-school:physics"]]), Sets("allowed_organizations")
    ] = ()
    """Organizations, or teams as `organization:team`, whose members may log in, next to those under `users`."""


class GoogleAuth(OAuth):
    """Users log in with Google."""

    type: Literal["google"]
    hosted_domains: Annotated[
        tuple[Domain, ...], Field(examples=[["school.example.org"]]), Sets("hosted_domain")
    ] = ()
    """Google Workspace domains whose users may log in; if there is only one, a user's name is the part before the @.
    Empty for all of Google."""


class GitLabAuth(OAuth):
    """Users log in with GitLab."""

    admits_by = ("groups",)

    type: Literal["gitlab"]
    url: Annotated[ServerUrl, Field(examples=["https://gitlab.example.org"]), Sets("gitlab_url")] = (
        "https://gitlab.com"
    )
    """Address of the GitLab server."""
    groups: Annotated[Words, Field(examples=[["our-school"]]), Sets("allowed_gitlab_groups")] = ()
    """Groups whose members may log in, next to those named under `users`."""


class AzureAdAuth(OAuth):
    """Users log in with Microsoft Entra ID, formerly Azure Active Directory."""

    type: Literal["azuread"]
    tenant_id: Annotated[Text, Field(examples=["00000000-0000-0000-0000-000000000000"]), Sets("tenant_id")]
    """Identifier of the organization's directory."""
    username_claim: Annotated[
        Text, Field(examples=["preferred_username"]), Sets("username_claim", "username_key")
    ] = "unique_name"
    """The claim that becomes the user's name."""


class GlobusAuth(OAuth):
    """Users log in with Globus."""

    admits_by = ("groups",)

    type: Literal["globus"]
    groups: Annotated[
        Words, Field(examples=[["00000000-0000-0000-0000-000000000000"]]), Sets("allowed_globus_groups")
    ] = ()
    """Globus groups whose members may log in, next to those named under `users`."""
    identity_provider: Annotated[str, Field(examples=["example.org"]), Sets("identity_provider")] = ""
    """The identity provider through which everybody must come; empty for any."""


class CiLogonAuth(OAuth):
    """Users log in with CILogon, through their university."""

    type: Literal["cilogon"]
    identity_providers: Annotated[
        tuple[EntityId, ...], Field(min_length=1, examples=[["https://idp.example.org/idp/shibboleth"]])
    ]
    """Entity IDs of the identity providers through which people may come."""
    username_claim: Annotated[Text, Field(examples=["email"])] = "eppn"
    """The claim that becomes the user's name."""


class Auth0Auth(OAuth):
    """Users log in with Auth0."""

    type: Literal["auth0"]
    domain: Annotated[Domain, Field(examples=["our-school.eu.auth0.com"]), Sets("auth0_domain")]
    """Domain of the tenant."""
    username_claim: Annotated[Text, Field(examples=["nickname"]), Sets("username_claim", "username_key")] = "email"
    """The claim that becomes the user's name."""


class OktaAuth(OAuth):
    """Users log in with Okta."""

    type: Literal["okta"]
    domain: Annotated[Domain, Field(examples=["our-school.okta.com"])]
    """Domain of the organization."""
    username_claim: Annotated[Text, Field(examples=["email"]), Sets("username_claim", "username_key")] = (
        "preferred_username"
    )
    """The claim that becomes the user's name."""


class BitbucketAuth(OAuth):
    """Users log in with Bitbucket."""

    admits_by = ("workspaces",)

    type: Literal["bitbucket"]
    workspaces: Annotated[Words, Field(examples=[["our-school"]]), Sets("allowed_teams")] = ()
    """Workspaces whose members may log in, next to those named under `users`."""


class MediaWikiAuth(OAuth):
    """Users log in at a MediaWiki, such as Wikipedia."""

    type: Literal["mediawiki"]
    url: Annotated[Url, Field(examples=["https://wiki.example.org/w/index.php"]), Sets("mw_index_url")] = (
        "https://meta.wikimedia.org/w/index.php"
    )
    """Address of the wiki's index.php."""


class Lti13Auth(Auth):
    """Users come from a course in a learning management system (Moodle, Canvas and the like) by LTI 1.3."""

    sends_people_back = True

    type: Literal["lti13"]
    issuer: Annotated[Text, Field(examples=["https://moodle.example.org"]), Sets("issuer")]
    """The learning management system, as it names itself (`iss`)."""
    client_ids: Annotated[tuple[Text, ...], Field(min_length=1, examples=[["aB3dE5gH7jK9mN1"]]), Sets("client_id")]
    """Identifiers that the learning management system gave this hub."""
    authorize_url: Annotated[
        Url, Field(examples=["https://moodle.example.org/mod/lti/auth.php"]), Sets("authorize_url")
    ]
    """Where the learning management system proves who somebody is (the platform's authentication endpoint)."""
    jwks_url: Annotated[Url, Field(examples=["https://moodle.example.org/mod/lti/certs.php"]), Sets("jwks_endpoint")]
    """Where the learning management system's public keys are (the platform's JWKS endpoint)."""
    username_claim: Annotated[Text, Field(examples=["preferred_username"]), Sets("username_key")] = "email"
    """The claim that becomes the user's name."""
