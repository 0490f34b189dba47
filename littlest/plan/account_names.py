"""From any hub user's name to a Unix account and a systemd unit that no other hub user can have. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from littlest import paths
from littlest.config.model import Config
from littlest.config.resolve import list_groups_of
from littlest.plan.steps import EnsureGroup, EnsureSystemUser, SetGroupMembers, Step

ACCOUNT_NAME_LENGTH = 32
"""The most characters that useradd(8) and groupadd(8) take."""
DIGEST_LENGTH = 12
COMMENT_MARK = "littlest "
"""How the comment of an account begins that was made for a hub user."""
OUR_PREFIX = "littlest-"
"""How the server's own accounts and groups begin; no user's account does."""
OWN_GROUPS = (paths.ADMINS_GROUP, paths.SUDO_GROUP, paths.USERS_GROUP, paths.HUB_ONLY_GROUP)
"""The groups that there always are; users' groups come to them."""
_PLACEHOLDER = "{name}"
_PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# what useradd takes on Debian, Ubuntu and RHEL, and systemd for User=; a name of digits only would be a number
_UNIX_NAME = re.compile(r"[a-z_][a-z0-9_]*([.-][a-z0-9_]+)*")
_EXISTING_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
_DESCRIBES_ITSELF = re.compile(r"[\w .@+-]")
_FITS_PASSWD = re.compile(r"[A-Za-z0-9._@-]")
_LOOKS_DIGESTED = re.compile(rf"-[0-9a-f]{{{DIGEST_LENGTH}}}$")


def make_account_name(user: str, template: str) -> str:
    """Return the Unix account that is made for a hub user: `template` (`users.unix_name`) with the name in it.

    A name that Unix allows everywhere is kept. Every other one becomes its readable part and a digest of the whole
    name, and so does a name that looks like such a digest: no two users share an account.
    """
    account = template.replace(_PLACEHOLDER, user)
    if _is_free(account, user) and not account.startswith(OUR_PREFIX):
        return account
    return make_digested_account_name(user, template)


def make_digested_account_name(user: str, template: str) -> str:
    """Return the account's name for a user whose own name is not a Unix name, or belongs to somebody else."""
    prefix = template.removesuffix(_PLACEHOLDER)
    digested = _make_digested(user, user, ACCOUNT_NAME_LENGTH - max(len(prefix), 2))
    if (not prefix and not digested[0].isalpha()) or digested.startswith(OUR_PREFIX):
        prefix = "u-"
    return prefix + digested


def is_for_existing_accounts(template: str) -> bool:
    """Whether `users.unix_name` says that hub users use the machine's accounts of the same names."""
    return template == _PLACEHOLDER


def is_name_of_an_account(user: str) -> bool:
    """Whether an account of this very name may be used: no command reads the name as something else."""
    return _EXISTING_NAME.fullmatch(user) is not None


def list_unix_groups(config: Config, user: str, *, admin: bool) -> tuple[str, ...]:
    """Return those of our groups that a hub user's account is in; a banned user is in none."""
    if user in config.users.banned:
        return ()
    own = (make_group_name(group) for group in list_groups_of(config, user))
    sudo = (paths.SUDO_GROUP,) if may_use_sudo(config, user, admin=admin) else ()
    return (paths.USERS_GROUP, *((paths.ADMINS_GROUP,) if admin else ()), *sudo, *own)


def may_use_sudo(config: Config, user: str, *, admin: bool) -> bool:
    """Whether a hub user who is an admin, or not, may become root in a terminal."""
    return admin and (user in config.users.admin or config.users.sudo == "all-admins")


def is_our_group(name: str) -> bool:
    """Whether the settings alone decide who is in this group."""
    return name in OWN_GROUPS or name.startswith(paths.SHARING_GROUP_PREFIX)


def make_group_name(group: str) -> str:
    """Return the Unix group of a group of `users.groups`: readable if it is short enough, and no two are the same."""
    prefix = paths.SHARING_GROUP_PREFIX
    if _is_free(prefix + group, group):
        return prefix + group
    return prefix + _make_digested(group, group, ACCOUNT_NAME_LENGTH - len(prefix))


def make_unit_name(user: str, server: str = "") -> str:
    """Return the systemd unit of a user's server; `server` is the name of a named server, empty for the default one.

    It is never the unit of another server or of the hub (those start with `jupyterhub`), and has only letters, digits
    and dashes.
    """
    longest = ACCOUNT_NAME_LENGTH - len(paths.UNIT_PREFIX)
    is_plain = len(user) <= longest and _PLAIN_NAME.fullmatch(user) and not _LOOKS_DIGESTED.search(user)
    unit = paths.UNIT_PREFIX + (user if is_plain else _make_digested(user, user, longest))
    if server:
        # a named server always has a digest, of both names: `a`'s server `b-c` is not `a-b`'s server `c`
        unit += "-" + _make_digested(server, f"{user}\0{server}", 24)
    return unit + ".service"


def find_unit_owner(unit: str, users: Iterable[str]) -> str | None:
    """Return whose of these users' servers this unit is, running or not; None for nobody's."""
    stem = unit.removesuffix(".service")
    default = {make_unit_name(user).removesuffix(".service"): user for user in users}
    # of a named server, the default one's with a digest behind it
    return default.get(stem) or next(
        (
            default[first]
            for first in sorted(default, key=len, reverse=True)
            if stem.startswith(f"{first}-") and _LOOKS_DIGESTED.search(stem)
        ),
        None,
    )


def make_server_description(user: str) -> str:
    """Return the `Description=` of a server's unit, which names its user for people and for `littlest apply`.

    No two users have the same. Signs that have a meaning in systemd's unit files are encoded.
    """
    return f"{paths.SERVER_DESCRIPTION} {_encode_signs(user, _DESCRIBES_ITSELF)}"


def make_comment(user: str) -> str:
    """Return the comment of the account that is made for a hub user; passwd(5) allows no colon in it.

    A name whose encoded form is long is represented by its SHA-256.
    """
    encoded = _encode_signs(user, _FITS_PASSWD)
    if len(encoded) > 128:
        encoded = f"sha256%{hashlib.sha256(_encode(user)).hexdigest()}"
    return COMMENT_MARK + encoded


def make_account_steps(config: Config) -> tuple[Step, ...]:
    """Return the groups and the system account that the server needs before it has users, and its users' groups."""
    groups = {
        make_group_name(name): tuple(user for user in group.members if user not in config.users.banned)
        for name, group in config.users.groups.items()
    }
    return (
        *(EnsureGroup(group) for group in OWN_GROUPS),
        EnsureSystemUser(paths.PROXY_USER, paths.PROXY_STATE_DIR, "proxy of The Littlest JupyterHub"),
        *(EnsureGroup(group) for group in groups),
        SetGroupMembers(tuple(groups.items()), config.users.unix_name),
    )


def _is_free(name: str, given: str) -> bool:
    """Whether a Unix name that was made from a given one can be used: Unix allows it, and nothing digested has it."""
    is_unix_name = len(name) <= ACCOUNT_NAME_LENGTH and _UNIX_NAME.fullmatch(name)
    return bool(is_unix_name) and not _LOOKS_DIGESTED.search(given)


def _encode_signs(name: str, kept: re.Pattern[str]) -> str:
    return "".join(
        sign if kept.fullmatch(sign) else "".join(f"%{byte:02X}" for byte in _encode(sign)) for sign in name
    )


def _make_digested(readable: str, whole: str, longest: int) -> str:
    digest = hashlib.sha256(_encode(whole)).hexdigest()[:DIGEST_LENGTH]
    plain = unicodedata.normalize("NFKD", readable).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[: longest - DIGEST_LENGTH - 1].strip("-")
    return f"{slug}-{digest}" if slug else f"x-{digest}"


def _encode(name: str) -> bytes:
    # a lone surrogate is not valid UTF-8, but even such a name must get an account of its own
    return name.encode("utf-8", "surrogatepass")
