"""Who may open whose server: its user; others only where JupyterHub gives them the right, and then with care."""

import time
from collections.abc import Mapping
from typing import Any

from jupyterhub import orm, scopes
from sqlalchemy.orm import Session

from littlest.hub.gate.passes import MAX_AGE_DAYS, make_login_mark

ACCESS = "access:servers"
_HARMLESS = ("access:services", "access:servers!server=", "read:", "list:", "(no_scope)")
"""How scopes begin with which a page of somebody else's server can do no harm in the visitor's name."""


def may_access(holder: orm.User | orm.APIToken, server: orm.Spawner) -> bool:
    """Whether JupyterHub gives a user, or a token, access to this server."""
    filters = scopes.parse_scopes(scopes.get_scopes_for(holder)).get(ACCESS)
    return bool(filters and scopes.check_scope_filter(filters, server, "server"))


def has_rights_over_others(user: orm.User) -> bool:
    """Whether a page that acts in this user's name could change what belongs to others."""
    own = f"!user={user.name}"
    return bool(user.admin) or any(
        not scope.endswith(own) and f"!server={user.name}/" not in scope and not scope.startswith(_HARMLESS)
        for scope in scopes.get_scopes_for(user)
    )


def find_server(db: Session, user: str, name: str) -> orm.Spawner | None:
    """Return a server in JupyterHub's database; None when there is none of this name."""
    owner = orm.User.find(db, user)
    return owner.orm_spawners.get(name) if owner else None


def is_admitted(db: Session, question: Mapping[str, Any]) -> bool:
    """Whether what the proxy was shown, a pass that it verified or a token, opens the server of the question now.

    The question has `user` and `server`, and the fields of a `Pass` or a `token`; of a visit, its token decides.
    """
    server = find_server(db, question["user"], question["server"])
    if server is None:
        return False
    if "token" in question:
        token = orm.APIToken.find(db, question["token"])
        return token is not None and may_access(token, server)
    visitor = orm.User.find(db, question["visitor"])
    if visitor is None or question["login"] != make_login_mark(visitor.cookie_id):
        return False
    if time.time() - question["issued"] > MAX_AGE_DAYS * 24 * 3600:
        return False
    return visitor is server.user or (not has_rights_over_others(visitor) and may_access(visitor, server))
