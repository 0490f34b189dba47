"""What the logins of users at their own servers, and at services, leave in the hub's database is bounded."""

from typing import Any

from jupyterhub import orm

MOST_LOGINS = 200
"""Tokens of browsers that a user has at servers and services: the oldest end first."""
MOST_CODES = 20
"""Logins of a user that have begun, and may still come to their end."""


def end_oldest_logins(db: Any, user: orm.User, most_tokens: int = MOST_LOGINS, most_codes: int = MOST_CODES) -> None:
    """Remove the oldest tokens and codes of a user, but for so many."""
    tokens = db.query(orm.APIToken).filter_by(user_id=user.id).filter(orm.APIToken.client_id != "jupyterhub")
    codes = db.query(orm.OAuthCode).filter_by(user_id=user.id)
    for query, kind, most in ((tokens, orm.APIToken, most_tokens), (codes, orm.OAuthCode, most_codes)):
        # SQLite takes no OFFSET without a LIMIT, and SQLAlchemy gives it one
        old = query.order_by(kind.id.desc()).offset(most).all()
        for one in old:
            db.delete(one)
        if old:
            db.commit()
