"""The files of https, read before the proxy is started with them."""

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath as Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from littlest.config.text.load import load_located_config
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.paths import HTTPS_FILE
from littlest.plan.steps import CopyCertificate
from littlest.system.https.certificates import (
    copy_certificate,
    find_certificate_problems,
    find_certificate_warnings,
    is_certificate_copied,
    read_certificate_end,
)
from tests.support.certificates import TestCertificate, make_certificate

TEXT = "https:\n  enabled: true\n  certificate: /etc/ssl/hub.pem\n  key: /etc/ssl/hub.key\n"
GOOD, OTHER = make_certificate(), make_certificate()
STEP = CopyCertificate(Path("/etc/ssl/hub.pem"), Path("/etc/ssl/hub.key"))
LOCKED = """\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,00000000000000000000000000000000

AAAAAAAAAAAAAAAAAAAAAA==
-----END EC PRIVATE KEY-----
"""
# by another's key, until 2109
SIGNED_WITH_SHA1 = """\
-----BEGIN CERTIFICATE-----
MIIBFjCBvgIUWOPmoP6anc928k0LkFd9UGXtRXowCQYHKoZIzj0EATANMQswCQYD
VQQDDAJjYTAgFw0yNjExMjQyMjM4NTlaGA8yMTA5MDExMzIyMzg1OVowDzENMAsG
A1UEAwwEbGVhZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMpafQlylkpW19p3
Jb1j5UPS/ZpS3F52WdZTn2xY65r+4HS0SKWOOCOPcEUZNnrwicmZ31ydZEZzi7ol
P76n/OQwCQYHKoZIzj0EAQNIADBFAiBz6b9hk2M5AT4xraw2s5ZMfBSMBf4qBWrL
Y/A6jRUB6wIhAN4Ib9aKs55vb1YXWCvPtqi/korPbj2v4qBXMLgnYiRF
-----END CERTIFICATE-----
"""


def find(machine: Machine, certificate: str | None, key: str | None, text: str = TEXT) -> list[str]:
    for file, content in (("/etc/ssl/hub.pem", certificate), ("/etc/ssl/hub.key", key)):
        if content is not None:
            machine.write_file(Path(file), content, mode=0o600)
    return [str(problem) for problem in find_certificate_problems(machine, load_located_config(text, "config.yaml"))]


def test_a_certificate_with_its_key_is_fine(machine: Machine) -> None:
    assert find(machine, GOOD.certificate, GOOD.key) == []


@pytest.mark.parametrize(
    ("certificate", "key", "lines", "word"),
    [
        pytest.param(None, GOOD.key, [3], "there is no file /etc/ssl/hub.pem", id="no certificate"),
        pytest.param(GOOD.certificate, None, [4], "there is no file /etc/ssl/hub.key", id="no key"),
        pytest.param(None, None, [3, 4], "there is no file", id="neither"),
        pytest.param("", GOOD.key, [3], "no certificate in PEM form", id="an empty certificate"),
        pytest.param(GOOD.certificate, "what\n", [4], "no private key in PEM form", id="a key that is none"),
        pytest.param(GOOD.key, GOOD.certificate, [3, 4], "in the right order", id="the two exchanged"),
        pytest.param(GOOD.certificate, make_certificate().key, [4], "is not the key of", id="another's key"),
        pytest.param(GOOD.certificate, LOCKED, [4], "passphrase", id="a key with a passphrase"),
    ],
)
def test_files_that_cannot_serve_are_named(
    machine: Machine, certificate: str | None, key: str | None, lines: list[int], word: str
) -> None:
    found = find(machine, certificate, key)
    assert [int(line.split(":")[1]) for line in found] == lines
    assert word in "\n".join(found)


def test_a_certificate_that_ended_or_has_not_begun_is_named(machine: Machine) -> None:
    old = make_certificate(timedelta(days=-9), timedelta(days=-2))
    assert "expired on" in "".join(find(machine, old.certificate, old.key))
    early = make_certificate(timedelta(days=2))
    assert "clock" in "".join(find(machine, early.certificate, early.key))


def make_weak() -> dict[str, TestCertificate]:
    chain = make_certificate(key=rsa.generate_private_key(65537, 1024)).certificate
    return {
        "/etc/ssl/hub.pem has a key of 1024 bits": make_certificate(key=rsa.generate_private_key(65537, 1024)),
        "/etc/ssl/hub.pem has a key of 192 bits": make_certificate(key=ec.generate_private_key(ec.SECP192R1())),
        "certificate 2 in /etc/ssl/hub.pem has a key of 1024 bits": TestCertificate(
            GOOD.certificate + chain, GOOD.key
        ),
        "/etc/ssl/hub.pem is signed with SHA1": TestCertificate(SIGNED_WITH_SHA1, GOOD.key),
    }


@pytest.mark.parametrize(("word", "weak"), make_weak().items())
def test_a_certificate_that_the_proxy_does_not_take_is_named(
    machine: Machine, word: str, weak: TestCertificate
) -> None:
    problem, *_ = find(machine, weak.certificate, weak.key)
    assert problem.startswith(f"config.yaml:3: https.certificate: {word}"), problem


def test_strong_keys_of_each_kind_are_taken(machine: Machine) -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        found = make_certificate(key=key)
        assert find(machine, found.certificate, found.key) == []


def test_without_https_nobody_reads_the_files(machine: Machine) -> None:
    assert find(machine, None, None, TEXT.replace("true", "false")) == []


@pytest.mark.parametrize(
    ("url", "is_covered"),
    [
        ("https://localhost/", True),
        ("https://LOCALHOST:8443/", True),
        ("https://127.0.0.1/", True),
        ("https://hub.example.org/", False),
        ("https://127.0.0.2/", False),
        ("https://a.rooms.example.org/", True),
        ("https://rooms.example.org/", False),
        ("https://a.b.rooms.example.org/", False),
        ("", True),
        # the certificate is then another's
        ("https://hub.example.org/\nproxy: {trusted: [10.0.0.1]}", True),
    ],
)
def test_a_certificate_for_another_name_is_told(machine: Machine, url: str, is_covered: bool) -> None:
    made = make_certificate(names=("localhost", "*.rooms.example.org"))
    text = TEXT + (f"external_url: {url}\n" if url else "")
    assert find(machine, made.certificate, made.key, text) == []
    warnings = find_certificate_warnings(machine, load_located_config(text, "x").config)
    assert bool(warnings) != is_covered
    assert all("is for localhost, *.rooms.example.org, 127.0.0.1, and not for" in line for line in warnings), warnings


def put(machine: Machine, certificate: str, key: str) -> None:
    for file, content in ((STEP.certificate, certificate), (STEP.key, key)):
        machine.write_file(file, content, mode=0o600)


def read_copy(machine: Machine) -> str:
    return machine.read_text(HTTPS_FILE) or ""


def test_the_end_of_the_certificate_is_that_of_the_one_which_is_served(machine: Machine) -> None:
    assert read_certificate_end(machine) is None
    put(machine, GOOD.certificate, GOOD.key)
    copy_certificate(machine, STEP)
    machine.remove(STEP.certificate)
    end = read_certificate_end(machine)
    assert end is not None
    assert timedelta(days=29) < end - datetime.now(UTC) < timedelta(days=31)


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        pytest.param(GOOD.certificate, GOOD.key, id="as usual"),
        pytest.param(f"\ufeff{GOOD.certificate}", GOOD.key, id="byte order mark"),
        pytest.param(GOOD.certificate.replace("\n", "\r\n"), GOOD.key.replace("\n", "\r\n"), id="Windows"),
        pytest.param(f"subject=me\n{GOOD.certificate}", GOOD.key, id="words before it"),
        pytest.param(GOOD.certificate, GOOD.key + OTHER.certificate, id="another's certificate behind the key"),
        pytest.param(GOOD.certificate + GOOD.key, GOOD.certificate + GOOD.key, id="all in both"),
    ],
)
def test_the_copy_is_what_every_program_understands(machine: Machine, certificate: str, key: str) -> None:
    put(machine, certificate, key)
    assert not is_certificate_copied(machine, STEP)
    copy_certificate(machine, STEP)
    assert read_copy(machine) == GOOD.certificate + GOOD.key
    assert is_certificate_copied(machine, STEP)
    machine.write_file(HTTPS_FILE, read_copy(machine), mode=0o644)
    assert not is_certificate_copied(machine, STEP)


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        pytest.param("", "", id="empty"),
        pytest.param(OTHER.certificate, GOOD.key, id="one of two renewed"),
        pytest.param(OTHER.certificate[:200], OTHER.key, id="half a file"),
    ],
)
def test_files_that_became_useless_leave_the_copy_as_it_is(machine: Machine, certificate: str, key: str) -> None:
    put(machine, certificate, key)
    assert not is_certificate_copied(machine, STEP)
    with pytest.raises(LittlestError, match=r"is not the key of|holds no certificate"):
        copy_certificate(machine, STEP)
    put(machine, GOOD.certificate, GOOD.key)
    copy_certificate(machine, STEP)
    put(machine, certificate, key)
    # such as when going back to these settings
    assert is_certificate_copied(machine, STEP)
    put(machine, OTHER.certificate, OTHER.key)
    assert not is_certificate_copied(machine, STEP)
