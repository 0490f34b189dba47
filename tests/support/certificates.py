"""Certificates for tests: made here, for 127.0.0.1, with the dates that a test wants."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class TestCertificate:
    """A certificate that vouches for itself, and its key, in PEM form."""

    __test__ = False
    certificate: str
    key: str


PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def make_certificate(
    begins: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=30),
    key: PrivateKey | None = None,
    names: tuple[str, ...] = ("localhost",),
) -> TestCertificate:
    """Make a certificate for 127.0.0.1 and these names, valid from and until these times from now."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "littlest test")])
    covered = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, names)]
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(covered, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    return TestCertificate(
        certificate.public_bytes(encoding).decode(),
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
    )
