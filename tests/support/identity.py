"""Identity providers to log in at: OpenID Connect with an authorization code, and a learning platform with LTI 1.3.

They are strict where a real one is strict: a redirect address that was not registered, a code that is used twice, a
wrong secret, or a proof key (PKCE) that does not fit end in an error and no login. They answer where servers of
GitHub's and GitLab's do as well. A wiki, which speaks OAuth 1.0a, is in `tests.support.wiki`.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlencode

import jwt
from aiohttp import BasicAuth, web
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "hub-of-the-test"
CLIENT_SECRET = "a secret that nobody may see: $%\"'"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
KEY_ID = "key-1"


@asynccontextmanager
async def serve_routes(routes: Iterable[web.RouteDef], port: int) -> AsyncIterator[None]:
    """Answer at this port of 127.0.0.1, in the network of anyone who calls."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@dataclass
class IdentityProvider:
    """One provider. Anyone who comes to its login page is `person`, without being asked."""

    address: str
    redirect_uri: str
    """The only address to which people are led back."""
    person: dict[str, Any] = field(default_factory=dict)
    """Claims of the person who logs in next; empty refuses the login."""
    asked: list[Mapping[str, str]] = field(default_factory=list)
    """What each visitor of the login page brought along."""
    answers: dict[str, Any] = field(default_factory=dict)
    """What else is there for who has a token, by its path: data, or None for an empty answer that says yes."""
    services: tuple[str, ...] = ()
    """What else of its own the provider gives tokens for, as Globus does."""
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    _codes: dict[str, tuple[Mapping[str, str], dict[str, Any]]] = field(default_factory=dict)
    _tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    @asynccontextmanager
    async def serve(self, port: int) -> AsyncIterator[None]:
        """Answer at this port of 127.0.0.1, in the network of anyone who calls."""
        routes = [
            *(
                web.get(path, self._authorize)
                for path in ("/authorize", "/login/oauth/authorize", "/oauth/authorize")
            ),
            *(web.post(path, self._token) for path in ("/token", "/login/oauth/access_token", "/oauth/token")),
            *(web.get(path, self._userinfo) for path in ("/userinfo", "/api/v3/user", "/api/v4/user")),
            web.get("/jwks", self._jwks),
            web.get("/lti/authorize", self._launch),
            web.get("/{path:.*}", self._answer),
        ]
        async with serve_routes(routes, port):
            yield

    def _check(self, request: web.Request) -> Mapping[str, str]:
        self.asked.append(dict(request.query))
        if request.query.get("client_id") != CLIENT_ID or request.query.get("redirect_uri") != self.redirect_uri:
            raise web.HTTPBadRequest(text=f"not registered here: {dict(request.query)}")
        return request.query

    async def _authorize(self, request: web.Request) -> web.Response:
        query = self._check(request)
        if not self.person:
            answer = {
                "error": "access_denied",
                "error_description": "You are not known here",
                "state": query["state"],
            }
        else:
            code = secrets.token_urlsafe()
            self._codes[code] = (query, dict(self.person))
            answer = {"code": code, "state": query["state"]}
        raise web.HTTPFound(f"{self.redirect_uri}?{urlencode(answer)}")

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        try:
            given = BasicAuth.decode(request.headers["Authorization"])
            client = (given.login, given.password)
        except KeyError:
            client = (str(form.get("client_id")), str(form.get("client_secret")))
        query, person = self._codes.pop(str(form.get("code")), ({}, {}))
        challenge = query.get("code_challenge")
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            client != (CLIENT_ID, CLIENT_SECRET)
            or not person
            or form.get("redirect_uri") != self.redirect_uri
            or (challenge and challenge != proof)
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = secrets.token_urlsafe()
        self._tokens[token] = person
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        answer["scope"] = query.get("scope", "")
        if self.services:
            answer["other_tokens"] = [{"resource_server": name, "access_token": token} for name in self.services]
        if "openid" in answer["scope"].split():
            answer["id_token"] = self._sign({**self._make_claims(), **person})
        return web.json_response(answer)

    def _find_person(self, request: web.Request) -> dict[str, Any]:
        token = request.headers.get("Authorization", "").partition(" ")[2]
        if token not in self._tokens:
            raise web.HTTPUnauthorized(text='{"error": "invalid_token"}', content_type="application/json")
        return self._tokens[token]

    async def _userinfo(self, request: web.Request) -> web.Response:
        return web.json_response(self._find_person(request))

    async def _answer(self, request: web.Request) -> web.Response:
        self._find_person(request)
        if request.path not in self.answers:
            raise web.HTTPNotFound(text='{"message": "Not Found"}', content_type="application/json")
        found = self.answers[request.path]
        return web.Response(status=204) if found is None else web.json_response(found)

    async def _jwks(self, _request: web.Request) -> web.Response:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return web.json_response({"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]})

    async def _launch(self, request: web.Request) -> web.Response:
        """Answer as a learning platform does: with a form that the browser sends to the hub."""
        query = self._check(request)
        fields = {"id_token": self.make_launch_token(query["nonce"]), "state": query["state"]}
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{escape(text)}">' for name, text in fields.items()
        )
        form = f'<form method="post" action="{self.redirect_uri}">{inputs}</form>'
        page = f"{form}<script>document.forms[0].submit()</script>"
        return web.Response(text=page, content_type="text/html")

    def make_launch_token(self, nonce: str, key: rsa.RSAPrivateKey | None = None, **changes: Any) -> str:
        """Sign what a platform says at a launch; `key` is another's key, `changes` replace claims."""
        claims = {
            **self._make_claims(),
            "nonce": nonce,
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": "1",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}target_link_uri": self.redirect_uri,
            f"{LTI}resource_link": {"id": "notebook-1"},
            f"{LTI}roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            **self.person,
            **changes,
        }
        return self._sign(claims, key)

    def _make_claims(self) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.address, "aud": CLIENT_ID, "iat": now, "exp": now + 300}

    def _sign(self, claims: dict[str, Any], key: rsa.RSAPrivateKey | None = None) -> str:
        return jwt.encode(claims, key or self._key, algorithm="RS256", headers={"kid": KEY_ID})
