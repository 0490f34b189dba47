"""Logging in with a password of this machine (PAM) or of a directory (LDAP)."""

import asyncio
import pwd
from typing import Any

import ldap3
from jupyterhub.auth import PAMAuthenticator
from ldap3.core.exceptions import LDAPBindError, LDAPException
from ldapauthenticator import LDAPAuthenticator
from ldapauthenticator.ldapauthenticator import TlsStrategy
from tornado import web

from littlest.hub.login.people import FollowsSettings
from littlest.system.accounts.user_accounts import FIRST_UID

CONNECT_SECONDS = 10
ANSWER_SECONDS = 20


class UnixAuthenticator(FollowsSettings, PAMAuthenticator):
    """The password of the Unix account of the same name."""

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Ask PAM; never for a system account."""
        # in the hub's form: with capitals, two accounts could become one user
        name: str = self.normalize_username(data.get("username", ""))
        if not await asyncio.to_thread(_is_person, name):
            self.log.warning("Nobody may log in as %r: there is no account of a person of this name", name[:32])
            return None
        found: str | None = await super().authenticate(handler, {**data, "username": name})
        return found

    async def add_user(self, user: Any) -> None:
        """Let a user who was added log in; the account is created when their server first starts."""
        self.admit_added(user)


def _is_person(name: str) -> bool:
    try:
        return pwd.getpwnam(name).pw_uid >= FIRST_UID
    except (KeyError, ValueError):
        return False


class DirectoryAuthenticator(FollowsSettings, LDAPAuthenticator):
    """LDAPAuthenticator, which a slow directory does not block, and which says when the directory does not answer."""

    async def authenticate(self, handler: Any, data: dict[str, str]) -> Any:
        """Ask the directory. Raises HTTPError 503 where it cannot be asked."""
        wanted = {**data, "username": self.normalize_username(data.get("username", ""))}
        ask = super().authenticate
        try:
            # it blocks while it waits for the network
            return await asyncio.to_thread(lambda: asyncio.run(ask(handler, wanted)))
        except LDAPException as error:
            self.log.error("The directory %s could not be asked: %s", self.server_address, error)
            raise web.HTTPError(
                503, "The directory that knows the passwords cannot be asked. Try again in a few minutes."
            ) from error

    def get_connection(self, userdn: str | None, password: str | None) -> Any:
        """Connect to the directory as this entry; None for a wrong password. Raises LDAPException."""
        secure = self.tls_strategy != TlsStrategy.insecure
        server = ldap3.Server(
            self.server_address,
            port=self.server_port,
            use_ssl=self.tls_strategy == TlsStrategy.on_connect,
            tls=ldap3.Tls(**self.tls_kwargs) if secure else None,
            # with the schema, ldap3 refuses the search for groups, which names attributes that some schemas lack
            get_info=ldap3.NONE,
            connect_timeout=CONNECT_SECONDS,
        )
        begin = (
            ldap3.AUTO_BIND_TLS_BEFORE_BIND
            if self.tls_strategy == TlsStrategy.before_bind
            else ldap3.AUTO_BIND_NO_TLS
        )
        try:
            return ldap3.Connection(server, userdn, password, auto_bind=begin, receive_timeout=ANSWER_SECONDS)
        except LDAPBindError as error:
            self.log.debug("The directory refuses %s: %s", userdn, error)
            return None
