"""A wiki to log in at: MediaWiki's extension OAuth, which speaks OAuth 1.0a and checks every signature."""

import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlencode

import jwt
from aiohttp import web
from oauthlib.oauth1 import Client  # type: ignore[import-untyped]

from tests.support.identity import CLIENT_ID, CLIENT_SECRET, serve_routes


@dataclass
class Wiki:
    """One wiki. Anyone who comes to its login page is `person`, without being asked."""

    address: str
    redirect_uri: str
    """The address that was registered: where people are led back to, whatever the hub says."""
    person: str = ""
    asked: list[str] = field(default_factory=list)
    """What each visitor of the login page was there for: the hub's identifier."""
    _secrets: dict[str, str] = field(default_factory=lambda: {"": ""})

    @asynccontextmanager
    async def serve(self, port: int) -> AsyncIterator[None]:
        """Answer at this port of 127.0.0.1, in the network of anyone who calls."""
        routes = [web.get("/w/index.php", self._authenticate), web.post("/w/index.php", self._answer)]
        async with serve_routes(routes, port):
            yield

    async def _authenticate(self, request: web.Request) -> web.Response:
        self.asked.append(request.query["oauth_consumer_key"])
        answer = {"oauth_token": request.query["oauth_token"], "oauth_verifier": "proved"}
        raise web.HTTPFound(f"{self.redirect_uri}?{urlencode(answer)}")

    async def _answer(self, request: web.Request) -> web.Response:
        given = self._check_signature(request)
        if request.query["title"] == "Special:OAuth/identify":
            now = int(time.time())
            claims = {"iss": self.address, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
            proof = {**claims, "nonce": given["oauth_nonce"], "username": self.person}
            return web.Response(text=jwt.encode(proof, CLIENT_SECRET, algorithm="HS256"))
        if request.query["title"] == "Special:OAuth/token" and given.get("oauth_verifier") != "proved":
            raise web.HTTPForbidden(text="nobody logged in")
        token = secrets.token_hex()
        self._secrets[token] = secrets.token_hex()
        return web.Response(text=urlencode({"oauth_token": token, "oauth_token_secret": self._secrets[token]}))

    def _check_signature(self, request: web.Request) -> dict[str, str]:
        pairs = re.findall(r'(\w+)="([^"]*)"', request.headers["Authorization"])
        given = {name: unquote(value) for name, value in pairs}
        token = given.get("oauth_token", "")
        client = Client(
            CLIENT_ID,
            client_secret=CLIENT_SECRET,
            resource_owner_key=token or None,
            resource_owner_secret=self._secrets[token] or None,
            callback_uri=given.get("oauth_callback"),
            verifier=given.get("oauth_verifier"),
            nonce=given["oauth_nonce"],
            timestamp=given["oauth_timestamp"],
        )
        _address, headers, _body = client.sign(str(request.url), http_method="POST")
        signature = re.search(r'oauth_signature="([^"]*)"', headers["Authorization"])
        if signature is None or unquote(signature[1]) != given["oauth_signature"]:
            raise web.HTTPForbidden(text="the signature does not fit")
        return given
