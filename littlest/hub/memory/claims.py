"""The names that have had a password here, in the hub's database.

The passwords are in a file of their own. If it is lost, these names are not open to the first person who comes.
"""

from collections.abc import Iterable
from typing import Any

from jupyterhub import orm
from sqlalchemy import Column, Unicode


class Claim(orm.Base):
    """A name that has had a password, also after its user was deleted."""

    __tablename__ = "littlest_claims"

    name = Column(Unicode(255), primary_key=True)


def remember_claims(db: Any, names: Iterable[str]) -> None:
    """Remember that these names have a password."""
    for name in names:
        if not is_claimed(db, name):
            db.add(Claim(name=name))
    db.commit()


def is_claimed(db: Any, name: str) -> bool:
    """Whether this name has had a password."""
    return db.get(Claim, name) is not None
