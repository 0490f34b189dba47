"""Logging in with a password of this machine (PAM) or of a directory (LDAP)."""

import asyncio
import pwd
from typing import Any, ClassVar

import ldap3
from jupyterhub.auth import PAMAuthenticator
from ldap3.core.exceptions import LDAPBindError, LDAPException
from ldapauthenticator import LDAPAuthenticator
from ldapauthenticator.ldapauthenticator import TlsStrategy
from tornado import web

from littlest.hub.login.guarded import GuardsPasswords
from littlest.hub.login.hashing import HashingPool
from littlest.system.accounts.user_accounts import FIRST_UID

CONNECT_SECONDS = 10
ANSWER_SECONDS = 20


class UnixAuthenticator(GuardsPasswords, PAMAuthenticator):
    """The password of the Unix account of the same name."""

    # PAM keeps its one thread for seconds after a wrong password
    _turns: ClassVar[HashingPool] = HashingPool(threads=1)

    async def prove(self, handler: Any, name: str, data: dict[str, str], suspect: bool) -> str | None:
        """Ask PAM; never for a system account."""
        if not await asyncio.to_thread(_is_person, name):
            self.log.warning("Nobody may log in as %r: there is no account of a person of this name", name[:32])
            return None
        async with self._turns.take_turn(suspect):
            found: str | None = await super().prove(handler, name, data, suspect)
            return found

    async def add_user(self, user: Any) -> None:
        """Let a user who was added log in; the account is created when their server first starts."""
        self.admit_added(user)


def _is_person(name: str) -> bool:
    try:
        return pwd.getpwnam(name).pw_uid >= FIRST_UID
    except (KeyError, ValueError):
        return False


class DirectoryAuthenticator(GuardsPasswords, LDAPAuthenticator):
    """LDAPAuthenticator, which a slow directory does not block, and which says when the directory does not answer."""

    async def prove(self, handler: Any, name: str, data: dict[str, str], suspect: bool) -> Any:
        """Ask the directory. Raises HTTPError 503 where it cannot be asked."""
        ask = super().prove
        try:
            # it blocks while it waits for the network
            return await asyncio.to_thread(lambda: asyncio.run(ask(handler, name, data, suspect)))
        except LDAPException as error:
            self.log.error("The directory %s could not be asked: %s", self.server_address, error)
            raise web.HTTPError(
                503, "The server that checks the passwords does not answer. Try again in a few minutes."
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
