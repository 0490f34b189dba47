"""Names: from any hub user name to a Unix account and a systemd unit that no other hub user can have."""

import hashlib
import re
import unicodedata

from littlest import paths
from littlest.config.model import Config
from littlest.config.resolve import list_groups_of
from littlest.config.sections.users import Group
from littlest.plan.steps import EnsureGroup, EnsureSystemUser, SetGroupMembers, Step

ACCOUNT_NAME_LENGTH = 32
"""The most characters that useradd(8) and groupadd(8) take."""
DIGEST_LENGTH = 12
COMMENT_MARK = "littlest "
"""What the comment of an account that was made for a hub user begins with."""
OUR_PREFIX = "littlest-"
"""What accounts and groups of the server itself begin with; no user's account does."""
_PLACEHOLDER = "{name}"
_PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# what useradd takes on Debian, Ubuntu and RHEL alike, and systemd for User=; a name of digits only would be a number
_UNIX_NAME = re.compile(r"[a-z_][a-z0-9_]*([.-][a-z0-9_]+)*")
_EXISTING_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
_LOOKS_DIGESTED = re.compile(rf"-[0-9a-f]{{{DIGEST_LENGTH}}}$")


def make_account_name(user: str, template: str) -> str:
    """The Unix account that is made for a hub user: `template` (of `users.unix_name`) with the name put in.

    A name of which that makes one that Unix allows everywhere is kept as it is. Every other becomes what is readable
    of it and a digest of the whole name; a plain name that itself looks like that gets a digest too, so the two kinds
    never meet.
    """
    account = template.replace(_PLACEHOLDER, user)
    is_unix_name = len(account) <= ACCOUNT_NAME_LENGTH and _UNIX_NAME.fullmatch(account)
    if is_unix_name and not _LOOKS_DIGESTED.search(user) and not account.startswith(OUR_PREFIX):
        return account
    return make_digested_account_name(user, template)


def make_digested_account_name(user: str, template: str) -> str:
    """The account's name for a user whose own is no Unix name, or belongs to somebody else."""
    prefix = template.removesuffix(_PLACEHOLDER)
    digested = _make_digested(user, user, ACCOUNT_NAME_LENGTH - max(len(prefix), 2))
    if (not prefix and not digested[0].isalpha()) or digested.startswith(OUR_PREFIX):
        prefix = "u-"
    return prefix + digested


def is_for_existing_accounts(template: str) -> bool:
    """Whether `users.unix_name` says that hub users use the machine's accounts of the same names."""
    return template == _PLACEHOLDER


def is_name_of_an_account(user: str) -> bool:
    """Whether an account of this very name may be used: what it is called means nothing else to a command."""
    return _EXISTING_NAME.fullmatch(user) is not None


def list_unix_groups(config: Config, user: str, *, admin: bool) -> tuple[str, ...]:
    """The groups of ours that a hub user's account is in; it is in no other of ours. Whoever is banned is in none."""
    if user in config.users.banned:
        return ()
    own = (make_group_name(group) for group in list_groups_of(config, user))
    return (paths.USERS_GROUP, *((paths.ADMINS_GROUP,) if admin else ()), *own)


def is_our_group(name: str) -> bool:
    """Whether who is in this group is a matter of the settings alone."""
    return name in (paths.USERS_GROUP, paths.ADMINS_GROUP) or name.startswith(paths.SHARING_GROUP_PREFIX)


def make_group_name(group: str) -> str:
    """The Unix group of a group of `users.groups`: readable where it is short enough, and each has its own."""
    prefix = paths.SHARING_GROUP_PREFIX
    name = prefix + group
    if len(name) <= ACCOUNT_NAME_LENGTH and _UNIX_NAME.fullmatch(name) and not _LOOKS_DIGESTED.search(group):
        return name
    return prefix + _make_digested(group, group, ACCOUNT_NAME_LENGTH - len(prefix))


def make_unit_name(user: str, server: str = "") -> str:
    """The systemd unit of a user's server; `server` is the name of a named server, empty for the usual one.

    It never is another user's, another server's or one of the hub's own (those start with `jupyterhub`), and holds
    letters, digits and dashes only, whatever the user's account is called.
    """
    longest = ACCOUNT_NAME_LENGTH - len(paths.UNIT_PREFIX)
    is_plain = len(user) <= longest and _PLAIN_NAME.fullmatch(user) and not _LOOKS_DIGESTED.search(user)
    unit = paths.UNIT_PREFIX + (user if is_plain else _make_digested(user, user, longest))
    if server:
        # a named server always has a digest, of both names: `a`'s server `b-c` is not `a-b`'s server `c`
        unit += "-" + _make_digested(server, f"{user}\0{server}", 24)
    return unit + ".service"


def make_server_description(user: str) -> str:
    """What a server's unit says of itself: whose it is, for people and for `littlest apply`.

    No two users have the same. What is no letter, digit or one of a few signs is encoded: systemd's unit files have
    a meaning for some of it.
    """
    name = "".join(
        sign if sign.isalnum() or sign in " ._@+-" else "".join(f"%{byte:02X}" for byte in _encode(sign))
        for sign in user
    )
    return f"{paths.SERVER_DESCRIPTION} {name}"


def make_comment(user: str) -> str:
    """What an account says of the hub user it was made for; passwd(5) allows no colon in it.

    Names whose encoded form is long are remembered by their SHA-256.
    """
    encoded = "".join(
        chr(byte) if re.fullmatch(r"[A-Za-z0-9._@-]", chr(byte)) else f"%{byte:02X}" for byte in _encode(user)
    )
    if len(encoded) > 128:
        encoded = f"sha256%{hashlib.sha256(_encode(user)).hexdigest()}"
    return COMMENT_MARK + encoded


def make_account_steps(config: Config) -> tuple[Step, ...]:
    """The groups and the system account that the server needs before it has any user, and the groups of its users."""
    return (
        EnsureGroup(paths.ADMINS_GROUP),
        EnsureGroup(paths.USERS_GROUP),
        EnsureSystemUser(paths.PROXY_USER, paths.PROXY_STATE_DIR, "proxy of The Littlest JupyterHub"),
        *(EnsureGroup(make_group_name(group)) for group in config.users.groups),
        SetGroupMembers(
            tuple(
                (make_group_name(name), _list_members(config, group)) for name, group in config.users.groups.items()
            ),
            config.users.unix_name,
        ),
    )


def _list_members(config: Config, group: Group) -> tuple[str, ...]:
    return tuple(user for user in group.members if user not in config.users.banned)


def _make_digested(readable: str, whole: str, longest: int) -> str:
    digest = hashlib.sha256(_encode(whole)).hexdigest()[:DIGEST_LENGTH]
    plain = unicodedata.normalize("NFKD", readable).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[: longest - DIGEST_LENGTH - 1].strip("-")
    return f"{slug}-{digest}" if slug else f"x-{digest}"


def _encode(name: str) -> bytes:
    # a lone surrogate is no valid UTF-8, but even such a name must get an account of its own
    return name.encode("utf-8", "surrogatepass")
