"""The passes of the gate: cookies that let one browser into one user's server. The proxy verifies them by itself.

A pass is `payload.signature`, both in base64url. The payload is a `Pass` as JSON. The signature is over payload, user
and server, so a pass counts for one server only. `proxy/passes.cjs` reads it. Pure.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass

COOKIE = "littlest-pass"
MAX_AGE_DAYS = 14
"""As long as JupyterHub's own login cookie counts."""


@dataclass(frozen=True)
class Pass:
    """What the hub says of a browser that may open a server.

    `login` is the mark of the visitor's logins, `session` that of the browser's session at the hub (empty where it
    has none), `issued` is in seconds since 1970, and `visit` says that the browser has no login of its own.
    """

    visitor: str
    login: str
    session: str
    issued: int
    visit: bool = False


def make_login_mark(cookie_id: str) -> str:
    """Return the mark of a user's logins: it changes when the hub ends them."""
    return hashlib.sha256(f"littlest pass {cookie_id}".encode()).hexdigest()[:32]


def make_session_mark(session_id: str | None) -> str:
    """Return what marks JupyterHub's session id in a pass; the proxy makes the same from the browser's cookie."""
    return hashlib.sha256(session_id.encode()).hexdigest() if session_id else ""


def sign_pass(secret: str, user: str, server: str, content: Pass) -> str:
    """Return the value of the cookie for the server of this name (empty for the one without) of `user`.

    `secret` is what hub and proxy share, CONFIGPROXY_AUTH_TOKEN.
    """
    payload = _encode(json.dumps(asdict(content)).encode())
    return f"{payload}.{_sign(secret, 'pass', user, server, payload)}"


def make_visit_token(secret: str, user: str, server: str, value: str) -> str:
    """Return the token of a visit, which hub and proxy make from the pass; no browser ever sees it."""
    return _sign(secret, "visit", user, server, value.partition(".")[0])


def _sign(secret: str, *signed: str) -> str:
    key = hmac.digest(secret.encode(), b"littlest gate", hashlib.sha256)
    content = json.dumps(signed, ensure_ascii=False, separators=(",", ":"))
    return _encode(hmac.digest(key, content.encode(), hashlib.sha256))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
