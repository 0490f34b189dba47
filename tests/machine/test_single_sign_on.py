"""Logging in at another organization: a real OpenID Connect provider and a real LTI 1.3 platform, next to the hub."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from yarl import URL

from tests.support.certificates import make_certificate
from tests.support.hub_client import HubClient, Refused
from tests.support.identity import CLIENT_ID, CLIENT_SECRET, IdentityProvider
from tests.support.server import Server
from tests.support.wiki import Wiki

PORT = 9500
PROVIDER = f"http://127.0.0.1:{PORT}"
HUB = "http://127.0.0.1/"
SECRET_FILE = "/etc/littlest/client-secret"
OIDC = f"""
external_url: {HUB}
auth:
  type: oidc
  client_id: {CLIENT_ID}
  client_secret: {{file: {SECRET_FILE}}}
  authorize_url: {PROVIDER}/authorize
  token_url: {PROVIDER}/token
  userdata_url: {PROVIDER}/userinfo
  groups_claim: groups
  allowed_groups: [students]
  admin_groups: [staff]
"""
FOLDER = "/etc/ssl/hub"
SAFE_HUB = "https://127.0.0.1/"
LTI = f"""
external_url: {SAFE_HUB}
https: {{enabled: true, certificate: {FOLDER}/certificate.pem, key: {FOLDER}/key.pem}}
auth:
  type: lti13
  issuer: {PROVIDER}
  client_ids: [{CLIENT_ID}]
  authorize_url: {PROVIDER}/lti/authorize
  jwks_url: {PROVIDER}/jwks
  username_claim: email
  allow_all: true
"""


def with_provider(server: Server, provider: IdentityProvider, visit: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Do what a visitor does while the provider answers in the machine's network."""

    async def meet() -> Any:
        async with provider.serve(PORT):
            return await visit()

    return server.run(meet())


async def sign_in(path: str = "hub/oauth_login?next=%2Fhub%2Fhome") -> tuple[str, dict[str, Any]]:
    """Press the login button of the hub, and give who one is then, and the hub's model of it."""
    async with HubClient(HUB, "") as person:
        status, page = await person.get(path)
        if status != 200:
            raise Refused("signing in", status, page)
        status, user = await person.api("GET", "user")
        assert status == 200, user
        return user["name"], user


def test_openid_connect(own_server: Server) -> None:
    server = own_server
    server.machine.write(SECRET_FILE, f"{CLIENT_SECRET}\n", 0o600)
    settings = f"users: {{admin: [chief], allowed: [ada], banned: [mallory]}}\n{OIDC}"
    server.machine.run("cat >/etc/littlest/config.yaml", stdin=settings)
    # the address that the provider must be told is derived, and said
    for command in ("apply", "status"):
        shown = server.machine.run(["littlest", command], check=command == "apply").stdout
        assert f"the callback URL: {HUB}hub/oauth_callback" in shown or command == "status"
        assert f"{HUB}hub/oauth_callback" in shown
    provider = IdentityProvider(PROVIDER, f"{HUB}hub/oauth_callback")

    def come(name: str, *groups: str) -> tuple[str, dict[str, Any]]:
        provider.person = {"preferred_username": name, "groups": list(groups), "sub": f"id-of-{name}"}
        found: tuple[str, dict[str, Any]] = with_provider(server, provider, sign_in)
        return found

    assert come("Ada")[0] == "ada"
    assert come("student", "students")[0] == "student"
    assert come("chief")[1]["admin"]
    assert come("dean", "staff")[1]["admin"]
    for name, groups in (("stranger", ()), ("mallory", ("students",))):
        with pytest.raises(Refused) as refused:
            come(name, *groups)
        assert refused.value.status == 403
    provider.person = {}
    with pytest.raises(Refused, match="You are not known here") as refused:
        with_provider(server, provider, sign_in)
    assert refused.value.status == 400
    # the proof key is asked for, and the provider checks it
    assert all(query["code_challenge_method"] == "S256" for query in provider.asked)

    # the right ends with the next apply, at once and without a restart
    started = server.unit_property("jupyterhub.service", "InvocationID")
    server.configure(f"users: {{admin: [chief], banned: [ada, mallory]}}\n{OIDC}")
    assert server.unit_property("jupyterhub.service", "InvocationID") == started
    with pytest.raises(Refused) as refused:
        come("ada")
    assert refused.value.status == 403
    see_the_end_of_a_group(server, provider)

    # the secret is nowhere to be seen
    everywhere = (
        server.machine.journal("-b") + server.machine.run("littlest config show; littlest config history").stdout
    )
    assert CLIENT_SECRET not in everywhere
    assert CLIENT_SECRET not in json.dumps(server.littlest("config", "show"))
    # one that the provider does not know ends in a refusal, not in a fault of the hub
    server.machine.write(SECRET_FILE, "another\n", 0o600)
    server.machine.run("littlest apply")
    with pytest.raises(Refused, match="The login provider does not accept this hub") as refused:
        come("chief")
    assert refused.value.status == 403


def see_the_end_of_a_group(server: Server, provider: IdentityProvider) -> None:
    """Who was let in as a student, and works, is out with the apply after which students are not let in."""
    provider.person = {"preferred_username": "student", "groups": ["students"]}

    async def work() -> None:
        async with HubClient(HUB, "student") as person:
            await person.get("hub/oauth_login")
            await person.start_server()
            assert "jupyter-student.service" in server.list_server_units()
            await asyncio.to_thread(server.configure, "users: {admin: [chief]}\n" + OIDC.replace("[students]", "[]"))
            status, _user = await person.api("GET", "user")
            assert status == 403
            assert "jupyter-student.service" not in server.list_server_units()

    with_provider(server, provider, work)
    with pytest.raises(Refused) as refused:
        with_provider(server, provider, sign_in)
    assert refused.value.status == 403


@dataclass(frozen=True)
class Provider:
    """One of the providers that have a type of their own, of which this machine reaches none."""

    settings: str
    """Those of `auth`, next to what all of them have. By them the hub asks here what it asks of the provider, while
    people are led to the provider's own page, unless its address is a setting."""
    page: str
    """Where the login button leads."""
    scope: str
    person: dict[str, Any]
    name: str
    """Who that person is here."""
    answers: dict[str, Any] = field(default_factory=dict)
    """By which the person is in a group that may log in; without, the name is under users.allowed."""
    services: tuple[str, ...] = ()
    further: dict[str, str] = field(default_factory=dict)
    """What else the login button asks for."""


HERE = f"token_url: {PROVIDER}/token, userdata_url: {PROVIDER}/userinfo"
ENTITY = "https://idp.school.example/shibboleth"
GLOBUS = "urn:globus:auth:scope"
PROVIDERS = {
    "github": Provider(
        f"url: {PROVIDER}/, organizations: [school]",
        f"{PROVIDER}/login/oauth/authorize",
        "read:org",
        {"login": "Octocat", "email": None},
        "octocat",
        {"/api/v3/orgs/school/members/octocat": None},
    ),
    "gitlab": Provider(
        f"url: {PROVIDER}/, groups: [school]",
        f"{PROVIDER}/oauth/authorize",
        "read_api",
        {"username": "tanuki", "id": 7},
        "tanuki",
        {"/api/v4/version": {"version": "17.1.0-ee"}, "/api/v4/groups/school/members/all/7": {"id": 7}},
    ),
    "google": Provider(
        f"hosted_domains: [school.example], settings: {{{HERE}, extra_authorize_params: {{prompt: select_account}}}}",
        "https://accounts.google.com/o/oauth2/v2/auth",
        "openid email",
        {"email": "Ada@school.example", "verified_email": True, "hd": "school.example"},
        "ada",
        further={"prompt": "select_account"},
    ),
    "azuread": Provider(
        f"tenant_id: tenant, settings: {{{HERE}}}",
        "https://login.microsoftonline.com/tenant/oauth2/authorize",
        "openid profile email",
        {"unique_name": "Ada@school.example"},
        "ada@school.example",
    ),
    "globus": Provider(
        f"groups: [physics], identity_provider: school.example,"
        f" settings: {{{HERE}, globus_groups_url: '{PROVIDER}/groups'}}",
        "https://auth.globus.org/v2/oauth2/authorize",
        f"openid profile {GLOBUS}:transfer.api.globus.org:all"
        f" {GLOBUS}:groups.api.globus.org:view_my_groups_and_memberships",
        {"preferred_username": "grace@school.example"},
        "grace",
        {"/groups": [{"id": "physics"}]},
        ("groups.api.globus.org",),
    ),
    "cilogon": Provider(
        f"identity_providers: ['{ENTITY}'], settings: {{{HERE}}}",
        "https://cilogon.org/authorize",
        "openid email org.cilogon.userinfo profile",
        {"eppn": "ada@school.example", "idp": ENTITY},
        "ada@school.example",
        further={"selected_idp": ENTITY},
    ),
    "auth0": Provider(
        f"domain: school.eu.auth0.com, settings: {{{HERE}}}",
        "https://school.eu.auth0.com/authorize",
        "openid profile email",
        {"email": "ada@school.example", "email_verified": True},
        "ada@school.example",
    ),
    "okta": Provider(
        f"domain: school.okta.com, settings: {{{HERE}}}",
        "https://school.okta.com/oauth2/v1/authorize",
        "openid profile email",
        {"preferred_username": "Ada"},
        "ada",
    ),
    "bitbucket": Provider(
        f"settings: {{{HERE}}}",
        "https://bitbucket.org/site/oauth2/authorize",
        "",
        {"username": "ada"},
        "ada",
    ),
}


def test_every_provider_is_asked_as_it_wants_to_be(own_server: Server) -> None:
    server = own_server
    server.machine.write(SECRET_FILE, f"{CLIENT_SECRET}\n", 0o600)
    callback = f"{HUB}hub/oauth_callback"

    def apply(kind: str, settings: str, name: str) -> None:
        text = (
            f"external_url: {HUB}\nusers: {{admin: [chief], allowed: [{name}]}}\n"
            f"auth: {{type: {kind}, client_id: {CLIENT_ID}, client_secret: {{file: {SECRET_FILE}}}, {settings}}}\n"
        )
        server.machine.run("cat >/etc/littlest/config.yaml", stdin=text)
        # what the provider's form asks for is said
        assert f"callback URL: {callback}" in server.machine.run("littlest apply").stdout, kind

    for kind, wanted in PROVIDERS.items():
        apply(kind, wanted.settings, "" if wanted.answers else wanted.name)
        provider = IdentityProvider(
            PROVIDER, callback, wanted.person, answers=wanted.answers, services=wanted.services
        )

        async def press(provider: IdentityProvider = provider) -> tuple[URL, int, Any]:
            async with HubClient(HUB, "") as person:
                _status, page = await person.get("hub/login?next=%2Fhub%2Fhome")
                button = re.search(r'href=["\']/(hub/oauth_login[^"\']*)', page)
                assert button, page
                led = await person.lead(unescape(button[1]))
                # as the provider would who is asked this
                await person.visit(URL(f"{PROVIDER}/authorize?{led.raw_query_string}", encoded=True))
                status, user = await person.api("GET", "user")
                return led, status, user

        led, status, user = with_provider(server, provider, press)
        assert str(led.with_query(None)) == wanted.page
        assert led.query.get("scope", "") == wanted.scope, kind
        asked = {name: led.query[name] for name in ("client_id", "redirect_uri", "response_type", *wanted.further)}
        assert asked == {
            "client_id": CLIENT_ID,
            "redirect_uri": callback,
            "response_type": "code",
            **wanted.further,
        }
        assert (status, user["name"], user["admin"]) == (200, wanted.name, False), kind
        if wanted.answers:
            # another is in none of the groups
            provider.answers = {**wanted.answers, "/groups": []}
            provider.person = {key: f"x{text}" if isinstance(text, str) else 8 for key, text in wanted.person.items()}
            assert with_provider(server, provider, press)[1] == 403, kind

    apply("mediawiki", f"url: {PROVIDER}/w/index.php", "jimbo")
    wiki = Wiki(PROVIDER, callback, "Jimbo")

    async def visit() -> Any:
        async with wiki.serve(PORT):
            return await sign_in()

    assert server.run(visit())[0] == "jimbo"
    assert wiki.asked == [CLIENT_ID]


def read_form(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}


def test_launch_from_a_learning_platform(own_server: Server) -> None:
    server = own_server
    certificate = make_certificate()
    server.machine.run(f"mkdir -m 700 {FOLDER}")
    server.machine.write(f"{FOLDER}/certificate.pem", certificate.certificate, 0o600)
    server.machine.write(f"{FOLDER}/key.pem", certificate.key, 0o600)
    server.configure(f"users: {{admin: [teacher@school.example]}}\n{LTI}")
    shown = server.machine.run("littlest status", check=False).stdout
    assert f"{SAFE_HUB}hub/lti13/oauth_login" in shown
    provider = IdentityProvider(PROVIDER, f"{SAFE_HUB}hub/lti13/oauth_callback")

    async def launch(**changes: Any) -> str:
        """Go from the course to the hub and back, as a browser does; `changes` are lies of the platform's."""
        async with HubClient(SAFE_HUB, "", authority=certificate.certificate) as person:
            hint = {"iss": PROVIDER, "login_hint": "7", "target_link_uri": SAFE_HUB, "client_id": CLIENT_ID}
            status, page = await person.get("hub/lti13/oauth_login", params=hint)
            assert status == 200, page
            form = read_form(page)
            if changes:
                form["id_token"] = provider.make_launch_token(**{"nonce": provider.asked[-1]["nonce"], **changes})
            status, page = await person.post("hub/lti13/oauth_callback", form)
            if status != 200:
                raise Refused("launch", status, page)
            status, user = await person.api("GET", "user")
            assert status == 200, user
            return str(user["name"])

    def come(**changes: Any) -> Any:
        return with_provider(server, provider, lambda: launch(**changes))

    provider.person = {"email": "Pupil@School.example", "sub": "7"}
    assert come() == "pupil@school.example"
    other = rsa.generate_private_key(65537, 2048)
    lies: tuple[tuple[dict[str, Any], int, str], ...] = (
        ({"key": other}, 400, "Signature verification failed"),
        ({"exp": 1, "iat": 1}, 400, "Signature has expired"),
        ({"aud": "another"}, 401, "Audience doesn"),
        ({"nonce": "old"}, 400, "OAuth nonce mismatch"),
        ({"iss": "x"}, 400, "Invalid issuer"),
    )
    for lie, status, reason in lies:
        with pytest.raises(Refused, match=reason) as refused:
            come(**lie)
        assert refused.value.status == status, lie
    end_a_launch(server, provider, certificate.certificate)


def end_a_launch(server: Server, provider: IdentityProvider, authority: str) -> None:
    """Whoever gets hold of somebody's proof is not let in with it, and who is banned is out at once."""

    async def come_again() -> None:
        async with (
            HubClient(SAFE_HUB, "", authority=authority) as pupil,
            HubClient(SAFE_HUB, "", authority=authority) as thief,
        ):
            hint = {"iss": PROVIDER, "login_hint": "7", "target_link_uri": SAFE_HUB, "client_id": CLIENT_ID}
            proof = read_form((await pupil.get("hub/lti13/oauth_login", params=hint))[1])
            assert (await pupil.post("hub/lti13/oauth_callback", proof))[0] == 200
            assert (await pupil.api("GET", "user"))[0] == 200
            # in another browser, with a launch of its own or without one
            for is_begun in (False, True):
                if is_begun:
                    await thief.get("hub/lti13/oauth_login", params=hint)
                status, page = await thief.post("hub/lti13/oauth_callback", proof)
                assert (status, "OAuth state" in page) == (400, True), page
                assert (await thief.api("GET", "user"))[0] == 403
            await asyncio.to_thread(
                server.configure, f"users: {{admin: [teacher@school.example], banned: [pupil@school.example]}}\n{LTI}"
            )
            assert (await pupil.api("GET", "user"))[0] == 403
            proof = read_form((await pupil.get("hub/lti13/oauth_login", params=hint))[1])
            status, page = await pupil.post("hub/lti13/oauth_callback", proof)
            assert (status, "You may not use this hub" in page) == (403, True), page

    with_provider(server, provider, come_again)
