"""Logging in with the password of a directory: slapd of Debian, next to the hub."""

from pathlib import Path

import pytest

from tests.support.certificates import make_certificate
from tests.support.directory import READER, READER_PASSWORD, SUFFIX, Directory
from tests.support.hub_client import Refused
from tests.support.server import Server

AUTHORITY = "/etc/ssl/school.pem"
SECRET = "/etc/littlest/reader-password"
PEOPLE = {"ada": "ada's own password", "grace": "grace's own password", "chief": "chief's own password"}


def login(server: Server, user: str, password: str) -> bool:
    """Log in as this user; gives whether that makes an admin."""

    async def come() -> bool:
        async with server.client(user, password) as person:
            await person.login()
            status, model = await person.api("GET", "user")
            assert status == 200, model
            return bool(model["admin"])

    return server.run(come())


def configure(server: Server, more: str, users: str = "admin: [chief], allowed: [ada]") -> None:
    server.configure(
        f"auth:\n  type: ldap\n  server: localhost\n  certificate_authority: {AUTHORITY}\n{more}users: {{{users}}}\n"
    )


def test_a_directory_checks_the_password(own_server: Server, tmp_path: Path) -> None:
    server = own_server
    certificate = make_certificate()
    server.machine.write(AUTHORITY, certificate.certificate)
    server.machine.write(SECRET, f"{READER_PASSWORD}\n", 0o600)
    directory = Directory(server.network, tmp_path / "slapd", certificate, PEOPLE, {"class": ["grace"]})
    with directory:
        # encrypted before the password is sent, with the entry's place known
        configure(server, f"  user_dns: ['uid={{username}},ou=people,{SUFFIX}']\n")
        assert login(server, "ada", PEOPLE["ada"]) is False
        assert login(server, "Chief", PEOPLE["chief"]) is True
        for user, password in (("ada", "wrong"), ("ada", ""), ("grace", PEOPLE["grace"]), ("ada)(uid=*", "x")):
            with pytest.raises(Refused) as refused:
                login(server, user, password)
            assert refused.value.status == 403
        assert "STARTTLS" in directory.read_log()

        # encrypted from the beginning, the entry searched for, and members of a group let in
        configure(
            server,
            f"  tls: on_connect\n  search_base: ou=people,{SUFFIX}\n  search_user: {READER}\n"
            f"  search_password: {{file: {SECRET}}}\n  groups: ['cn=class,ou=groups,{SUFFIX}']\n",
        )
        assert login(server, "grace", PEOPLE["grace"]) is False
        assert login(server, "ada", PEOPLE["ada"]) is False
        assert READER_PASSWORD not in server.machine.journal("-u", "jupyterhub")

        # the group lets nobody in any more: grace was never named, and the hub's having known her is nothing
        configure(server, f"  user_dns: ['uid={{username}},ou=people,{SUFFIX}']\n")
        with pytest.raises(Refused):
            login(server, "grace", PEOPLE["grace"])

        # a certificate that nobody vouches for
        server.machine.write(AUTHORITY, make_certificate().certificate)
        server.machine.run("systemctl restart jupyterhub")
        server.wait_until_ready()
        with pytest.raises(Refused) as refused:
            login(server, "ada", PEOPLE["ada"])
        assert refused.value.status == 503
        server.machine.write(AUTHORITY, certificate.certificate)
    with pytest.raises(Refused) as refused:
        login(server, "ada", PEOPLE["ada"])
    assert refused.value.status == 503
    assert "does not answer" in refused.value.text
