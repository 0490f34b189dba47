"""What an admin may do in the hub: everything, except what would outlast the end of their admin rights."""

from typing import Any

from jupyterhub import orm

LASTING_SCOPES = {
    # a token in another's name would outlive the admin's own
    "tokens": ("read:tokens",),
    # so would access to another's server that an admin grants; to see and to end what others granted is left
    "shares": ("shares!user", "read:shares", "users:shares", "groups:shares"),
}
"""Scopes that JupyterHub gives to admins, each with what they get instead. (Tokens of their own all users make.)"""


def restrict_admin_role(db: Any) -> None:
    """Take the scopes out of the admin role that create rights which outlast it."""
    admin = orm.Role.find(db, "admin")
    admin.scopes = [given for scope in admin.scopes for given in LASTING_SCOPES.get(scope, (scope,))]
    db.commit()
