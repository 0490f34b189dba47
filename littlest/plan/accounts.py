"""Names: from any hub user name to a Unix account and a systemd unit that no other hub user can have."""

import hashlib
import re
import unicodedata

from littlest import paths
from littlest.plan.steps import EnsureGroup, EnsureSystemUser, Step

ACCOUNT_NAME_LENGTH = 32
"""The most characters that useradd(8) takes."""
DIGEST_LENGTH = 12
_PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LOOKS_DIGESTED = re.compile(rf"-[0-9a-f]{{{DIGEST_LENGTH}}}$")


def make_account_name(user: str) -> str:
    """The Unix account of a hub user: `jupyter-<safe name>`, at most 32 characters of a-z, 0-9 and dash.

    A short plain name is kept as it is. Every other name becomes what is readable of it and a digest of the whole
    name; a plain name that itself looks like that gets a digest too, so the two kinds never meet.
    """
    longest = ACCOUNT_NAME_LENGTH - len(paths.ACCOUNT_PREFIX)
    if len(user) <= longest and _PLAIN_NAME.fullmatch(user) and not _LOOKS_DIGESTED.search(user):
        return paths.ACCOUNT_PREFIX + user
    return paths.ACCOUNT_PREFIX + _make_digested(user, user, longest)


def make_unit_name(user: str, server: str = "") -> str:
    """The systemd unit of a user's server; `server` is the name of a named server, empty for the usual one.

    It never is another user's, another server's or one of the hub's own (those start with `jupyterhub`).
    """
    account = make_account_name(user)
    if server:
        # a named server always has a digest, of both names: `a`'s server `b-c` is not `a-b`'s server `c`
        account += "-" + _make_digested(server, f"{user}\0{server}", 24)
    return account + ".service"


def make_comment(user: str) -> str:
    """What an account says of the hub user it was made for; passwd(5) allows no colon in it.

    Names whose encoded form is long are remembered by their SHA-256.
    """
    encoded = "".join(
        chr(byte) if re.fullmatch(r"[A-Za-z0-9._@-]", chr(byte)) else f"%{byte:02X}" for byte in _encode(user)
    )
    if len(encoded) > 128:
        encoded = f"sha256%{hashlib.sha256(_encode(user)).hexdigest()}"
    return f"littlest {encoded}"


def make_account_steps() -> tuple[Step, ...]:
    """The groups and the system account that the server needs before it has any user."""
    return (
        EnsureGroup(paths.ADMINS_GROUP),
        EnsureGroup(paths.USERS_GROUP),
        EnsureSystemUser(paths.PROXY_USER, paths.PROXY_STATE_DIR, "proxy of The Littlest JupyterHub"),
    )


def _make_digested(readable: str, whole: str, longest: int) -> str:
    digest = hashlib.sha256(_encode(whole)).hexdigest()[:DIGEST_LENGTH]
    plain = unicodedata.normalize("NFKD", readable).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[: longest - DIGEST_LENGTH - 1].strip("-")
    return f"{slug}-{digest}" if slug else f"x-{digest}"


def _encode(name: str) -> bytes:
    # a lone surrogate is no valid UTF-8, but even such a name must get an account of its own
    return name.encode("utf-8", "surrogatepass")
