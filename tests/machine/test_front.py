"""What stands between a browser and the hub: https, the way to it from http, and other web servers."""

import json
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector
from yarl import URL

from tests.support.certificates import TestCertificate, make_certificate
from tests.support.hub_client import BrowserJar, HubClient, use_once
from tests.support.outer_server import run_nginx
from tests.support.server import PASSWORD, Server

FOLDER = "/etc/ssl/hub"
HTTPS = f"https:\n  enabled: true\n  certificate: {FOLDER}/certificate.pem\n  key: {FOLDER}/key.pem\n"
USERS = "users:\n  admin: [admin]\n  allowed: [ada, grace]\n"


def put(server: Server, certificate: TestCertificate) -> None:
    server.machine.run(f"mkdir -p -m 700 {FOLDER}")
    server.machine.write(f"{FOLDER}/certificate.pem", certificate.certificate, 0o600)
    server.machine.write(f"{FOLDER}/key.pem", certificate.key, 0o600)


async def ask(url: str, certificate: TestCertificate | None = None, **headers: str) -> tuple[int, str, list[str]]:
    """Give the status of a page, where it leads, and the cookies that it sets; no redirect is followed."""
    context = ssl.create_default_context(cadata=certificate.certificate) if certificate else True
    async with (
        ClientSession(connector=TCPConnector(ssl=context)) as session,
        session.get(url, allow_redirects=False, headers=headers) as answer,
    ):
        return answer.status, answer.headers.get("Location", ""), answer.headers.getall("Set-Cookie", [])


async def read_header(url: str, name: str, certificate: TestCertificate) -> str | None:
    context = ssl.create_default_context(cadata=certificate.certificate)
    async with ClientSession(connector=TCPConnector(ssl=context)) as session, session.get(url) as answer:
        return answer.headers.get(name)


def connect(cipher: str, certificate: TestCertificate) -> None:
    """Connect with TLS 1.2 and this cipher. Raises SSLError when the proxy does not take it."""
    context = ssl.create_default_context(cadata=certificate.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    with (
        socket.create_connection(("127.0.0.1", 443), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1"),
    ):
        pass


def test_https_with_an_own_certificate(own_server: Server) -> None:
    server = own_server
    certificate = make_certificate()
    before = server.unit_property("jupyterhub-proxy.service", "InvocationID")

    # what cannot work is not accepted, and touches nothing
    for name, wrong in {
        "expired": make_certificate(timedelta(days=-30), timedelta(days=-1)),
        "is not the key of": TestCertificate(certificate.certificate, make_certificate().key),
        "holds no certificate": TestCertificate(certificate.key, certificate.certificate),
    }.items():
        put(server, wrong)
        server.machine.run("cat >/etc/littlest/config.yaml", stdin=USERS + HTTPS)
        refused = server.machine.run("littlest apply", check=False)
        assert refused.returncode == 3, refused.stderr
        assert name in refused.stderr
        assert "config.yaml:6:" in refused.stderr or "config.yaml:7:" in refused.stderr
    assert server.unit_property("jupyterhub-proxy.service", "InvocationID") == before

    put(server, certificate)
    server.machine.run("littlest apply")
    url = "https://127.0.0.1/"
    assert server.run(use_once(url, "ada", PASSWORD, "6*7", authority=certificate.certificate)) == "42"
    status, _, cookies = server.run(ask(f"{url}hub/login", certificate))
    assert status == 200
    assert all("secure" in cookie.lower() for cookie in cookies)
    # people who type the name alone are led on, for this time only: 301 would be kept after https is gone
    assert server.run(ask("http://127.0.0.1/hub/home?x=1"))[:2] == (307, "https://127.0.0.1/hub/home?x=1")
    # whatever is written as the name of the host leads only to a name of the certificate
    for host in ("evil.example", "evil/example", "localhost:80"):
        assert server.run(ask("http://127.0.0.1/x", Host=host))[:2] == (307, "https://localhost/x"), host
    server.network.call(connect, "ECDHE-ECDSA-AES128-GCM-SHA256", certificate)
    for cipher in ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256", "AES128-SHA"):
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            server.network.call(connect, cipher, certificate)
    server.configure(USERS + HTTPS + "  hsts: true\n")
    assert server.run(read_header(f"{url}hub/login", "Strict-Transport-Security", certificate)) == "max-age=31536000"
    server.configure(USERS + HTTPS)
    assert server.run(read_header(f"{url}hub/login", "Strict-Transport-Security", certificate)) == "max-age=0"
    assert "https://" in json.dumps(server.littlest("status")["addresses"])
    # the key stays root's own
    assert server.machine.run("stat -c '%a %U' /etc/ssl/hub/key.pem").stdout.split() == ["600", "root"]

    # what becomes of the files by another's hand takes the hub from nobody, also not after a boot
    server.machine.run(f"mv {FOLDER}/key.pem {FOLDER}/key.moved && systemctl restart jupyterhub-proxy.service")
    assert server.run(ask(f"{url}hub/login", certificate))[0] == 200
    problems = json.dumps(server.littlest("status", check=False)["problems"])
    assert "there is no file /etc/ssl/hub/key.pem" in problems
    assert "last good" not in problems
    server.machine.run(f"mv {FOLDER}/key.moved {FOLDER}/key.pem && systemctl restart jupyterhub-proxy.service")
    assert not server.littlest("status")["problems"]

    # at another port than the usual one, which the way from http leads to as well
    server.configure(USERS + HTTPS + "  port: 8443\n")
    assert server.run(ask("https://127.0.0.1:8443/hub/login", certificate))[0] == 200
    assert server.run(ask("http://127.0.0.1/hub/home"))[:2] == (307, "https://127.0.0.1:8443/hub/home")
    assert ":443 " not in server.machine.run("ss -Hltn").stdout
    assert ":8443" in json.dumps(server.littlest("status")["addresses"])

    # a renewed certificate is a change like any other
    put(server, make_certificate())
    assert server.machine.run("littlest plan", check=False).returncode == 4
    put(server, renewed := make_certificate(ends=timedelta(days=9)))
    server.configure(USERS + HTTPS + "  redirect: false\n")
    assert "https certificate expires" in server.machine.run("littlest status", check=False).stdout
    assert server.run(ask(f"{url}hub/login", renewed))[0] == 200
    assert ":80 " not in server.machine.run("ss -Hltn").stdout

    server.configure(USERS)
    server.wait_until_ready(30)
    assert ":443 " not in server.machine.run("ss -Hltn").stdout
    assert server.use("ada") == "42"

    # whoever says of himself that he came by https is believed where he is trusted, and only there
    told = {"X-Forwarded-Proto": "https"}
    cookies = server.run(list_login_cookies(server, **told))
    assert cookies
    assert not any("secure" in cookie.lower() for cookie in cookies)
    server.configure(f"{USERS}proxy: {{trusted: [127.0.0.0/30]}}\n")
    cookies = server.run(list_login_cookies(server, **told))
    assert cookies
    assert all("secure" in cookie.lower() for cookie in cookies)
    assert not any("secure" in cookie.lower() for cookie in server.run(list_login_cookies(server)))


async def list_login_cookies(server: Server, **headers: str) -> list[str]:
    """Log in as somebody whose requests have these headers; gives the cookies that one gets for it."""
    page = f"{server.url}hub/login"
    async with ClientSession(cookie_jar=BrowserJar()) as session:
        await session.get(page)
        token = session.cookie_jar.filter_cookies(URL(page))["_xsrf"].value
        form = {"username": "ada", "password": PASSWORD, "_xsrf": token}
        async with session.post(f"{page}?next=", data=form, headers=headers, allow_redirects=False) as answer:
            assert answer.status == 302
            return [cookie for cookie in answer.headers.getall("Set-Cookie") if not cookie.startswith("_xsrf")]


def find_listening(server: Server, port: int) -> list[str]:
    return [line.split()[3] for line in server.machine.run(f"ss -Hltn 'sport = :{port}'").stdout.splitlines()]


def test_another_web_server_stands_before_the_hub(own_server: Server, tmp_path: Path) -> None:
    server = own_server
    certificate = make_certificate()
    outside = "https://127.0.0.1:8443/class/"
    settings = f"{USERS}base_url: /class/\nexternal_url: {outside}\nhttp: {{address: 127.0.0.1, port: 8000}}\n"
    server.configure(settings + "proxy: {trusted: [127.0.0.3]}\n")
    # only there, and not where others could go round the web server
    assert find_listening(server, 8000) == ["127.0.0.1:8000"]
    refused = server.machine.run("littlest config set http.address 10.9.9.9", check=False)
    assert refused.returncode == 3
    assert "http.address: 10.9.9.9 is no address of this machine, which has " in refused.stderr
    assert "127.0.0.1" in refused.stderr
    leader = server.machine.leader
    front = run_nginx(
        leader, tmp_path, certificate, address="127.0.0.1", port=8443, path="/class/", hub="http://127.0.0.1:8000"
    )
    with front:
        assert server.run(use_once(outside, "ada", PASSWORD, "6*7", authority=certificate.certificate)) == "42"
        assert server.run(ask("https://127.0.0.1:8443/", certificate))[0] == 200
        assert server.littlest("status")["addresses"] == [outside]

        def visit(address: str) -> None:
            async def login() -> None:
                person = HubClient(outside, "grace", PASSWORD, authority=certificate.certificate, address=address)
                async with person:
                    await person.login()

            server.run(login())

        # nginx reaches the hub from 127.0.0.1, which is not the one that is trusted: so visitors all look like it
        visit("127.0.0.7")
        assert "@127.0.0.7" not in server.machine.journal("-u", "jupyterhub.service", "-b")
        # a network, with nginx in it
        server.configure(settings + "proxy: {trusted: [127.0.0.0/30]}\n")
        visit("127.0.0.8")
        log = server.machine.journal("-u", "jupyterhub.service", "-b")
        assert "(grace@127.0.0.8)" in log
        # cookies are for https only, because that is what browsers use
        assert all("secure" in cookie.lower() for cookie in server.run(ask(f"{outside}hub/login", certificate))[2])
