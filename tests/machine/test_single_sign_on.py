"""Logging in at another organization: a real OpenID Connect provider and a real LTI 1.3 platform, beside the hub."""

import json
import re
from collections.abc import Callable, Coroutine
from html import unescape
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.certificates import make_certificate
from tests.support.hub_client import HubClient, Refused
from tests.support.identity import CLIENT_ID, CLIENT_SECRET, IdentityProvider
from tests.support.server import Server

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


async def sign_in(path: str = "hub/oauth_login") -> tuple[str, dict[str, Any]]:
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
        shown = server.machine.run(["littlest", command]).stdout
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
    with pytest.raises(Refused):
        with_provider(server, provider, sign_in)
    # the proof key is asked for, and the provider checks it
    assert all(query["code_challenge_method"] == "S256" for query in provider.asked)

    # the right ends with the next apply, at once and without a restart
    started = server.unit_property("jupyterhub.service", "InvocationID")
    server.configure(f"users: {{admin: [chief], banned: [ada, mallory]}}\n{OIDC}")
    assert server.unit_property("jupyterhub.service", "InvocationID") == started
    with pytest.raises(Refused):
        come("ada")

    # the secret is nowhere to be seen
    everywhere = (
        server.machine.journal("-b") + server.machine.run("littlest config show; littlest config history").stdout
    )
    assert CLIENT_SECRET not in everywhere
    assert CLIENT_SECRET not in json.dumps(server.littlest("config", "show"))
    # one that the provider does not know ends in a refusal, not in a fault of the hub
    server.machine.write(SECRET_FILE, "another\n", 0o600)
    server.machine.run("littlest apply")
    with pytest.raises(Refused) as refused:
        come("chief")
    assert refused.value.status < 500 or "token" in refused.value.text.lower()


def read_form(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}


def test_launch_from_a_learning_platform(own_server: Server) -> None:
    server = own_server
    certificate = make_certificate()
    server.machine.run(f"mkdir -m 700 {FOLDER}")
    server.machine.write(f"{FOLDER}/certificate.pem", certificate.certificate, 0o600)
    server.machine.write(f"{FOLDER}/key.pem", certificate.key, 0o600)
    server.configure(f"users: {{admin: [teacher@school.example]}}\n{LTI}")
    shown = server.machine.run("littlest status").stdout
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
    lies: tuple[dict[str, Any], ...] = (
        {"key": other},
        {"exp": 1, "iat": 1},
        {"aud": "another"},
        {"nonce": "old"},
        {"iss": "x"},
    )
    for lie in lies:
        with pytest.raises(Refused) as refused:
            come(**lie)
        assert 400 <= refused.value.status < 500, lie
