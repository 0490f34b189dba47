"""The certificate and key of https: whether a proxy that is started with them can serve anybody, and their copy."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from littlest.config.model import Config, Https
from littlest.config.sections.base import Place
from littlest.config.text.load import LoadedConfig
from littlest.config.text.problems import Problem
from littlest.errors import LittlestError
from littlest.machine.machine import Machine
from littlest.machine.named_files import read_named_file
from littlest.paths import HTTPS_FILE
from littlest.plan.steps import CopyCertificate
from littlest.system.secrets.generated import SECRET_MODE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

CERTIFICATE: Place = ("https", "certificate")
KEY: Place = ("https", "key")
_LEAST_BITS = {"RSA": 2048, "DSA": 2048, "EC": 224}
"""By the kind of key; OpenSSL, which the proxy loads them with, takes no weaker ones."""
_MOST_BYTES = 2**18
"""Of each file: systemd hands over at most 1 MiB (systemd.exec(5), LoadCredential=)."""
_WEAK_DIGESTS = ("md5", "sha1")
_NEW_ONE = "put a valid one there, or set https.enabled to false"


class _Unusable(Exception):
    """What is wrong with one of the two files; `hint` is what to do."""

    def __init__(self, problem: str, hint: str | None = None) -> None:
        super().__init__(problem)
        self.hint = hint


class _Locked(_Unusable):
    """Only root may look at it, which this person is not: that says nothing about the file."""


def find_certificate_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """What keeps the proxy from serving https with these files; nothing where https is off."""
    https = loaded.config.https
    if not https.enabled:
        return ()
    problems = []
    certificate = None
    try:
        certificate = _read_certificate(machine, https)
    except _Locked:
        pass
    except _Unusable as unusable:
        problems.append(loaded.make_problem(CERTIFICATE, str(unusable), unusable.hint))
    try:
        _check_key(machine, https, certificate)
    except _Locked:
        pass
    except _Unusable as unusable:
        problems.append(loaded.make_problem(KEY, str(unusable), unusable.hint))
    return tuple(problems)


def read_certificate_end(machine: Machine) -> datetime | None:
    """When the certificate that the proxy serves ends; None where there is none."""
    try:
        return _load_chain(machine, str(HTTPS_FILE))[0].not_valid_after_utc
    except _Unusable:
        return None


def find_certificate_warnings(machine: Machine, config: Config) -> tuple[str, ...]:
    """Whether people who open `external_url` will be warned of the certificate, because it is for other names.

    Where another web server stands before the hub, people see that one's certificate.
    """
    host = urlsplit(config.external_url).hostname
    if not (host and config.https.enabled) or config.proxy.trusted:
        return ()
    try:
        names = _list_names(_load_chain(machine, str(config.https.certificate))[0])
    except _Unusable:
        return ()
    if any(host == name or (name[:2] == "*." and host.partition(".")[2] == name[2:]) for name in names):
        return ()
    covered = ", ".join(names) or "no name at all"
    return (
        f"Note: {config.https.certificate} is for {covered}, and not for {host}: browsers will warn people of it.",
    )


def is_certificate_copied(machine: Machine, step: CopyCertificate) -> bool:
    """Whether the copy has what the admin's files have now; where these are of no use, any copy is better."""
    state = machine.read_state(step.path)
    if state is None or state.mode != SECRET_MODE:
        return False
    try:
        return machine.read_bytes(step.path) == _render_pair(machine, step)
    except _Unusable:
        return True


def copy_certificate(machine: Machine, step: CopyCertificate) -> None:
    """Copy both into one file, so that no moment finds one of them without the other.

    Raises LittlestError where they do not belong together.
    """
    try:
        machine.write_file(step.path, _render_pair(machine, step), mode=SECRET_MODE)
    except _Unusable as unusable:
        raise LittlestError(str(unusable), unusable.hint) from None


def _render_pair(machine: Machine, step: CopyCertificate) -> bytes:
    """Return certificates and key as they were understood: not every program understands each spelling of PEM."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    pem = serialization.Encoding.PEM
    chain = _load_chain(machine, str(step.certificate))
    key = _load_key(machine, str(step.key))
    _check_pair(chain[0], key, step.certificate, step.key)
    key_text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return b"".join((*(certificate.public_bytes(pem) for certificate in chain), key_text))


def _list_names(certificate: "Certificate") -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return ()
    addresses = found.get_values_for_type(x509.IPAddress)
    return (*(name.lower() for name in found.get_values_for_type(x509.DNSName)), *map(str, addresses))


def _read_certificate(machine: Machine, https: Https) -> "Certificate":
    chain = _load_chain(machine, str(https.certificate))
    for number, found in enumerate(chain, 1):
        if weakness := _find_weakness(found):
            subject = str(https.certificate) if number == 1 else f"certificate {number} in {https.certificate}"
            raise _Unusable(f"{subject} {weakness}, which the proxy does not accept", _NEW_ONE)
    certificate = chain[0]
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc <= now:
        ended = certificate.not_valid_after_utc.strftime("%Y-%m-%d")
        raise _Unusable(f"{https.certificate} expired on {ended}", _NEW_ONE)
    if certificate.not_valid_before_utc > now:
        begins = certificate.not_valid_before_utc.strftime("%Y-%m-%d %H:%M UTC")
        raise _Unusable(f"{https.certificate} is valid only from {begins} on", "is this machine's clock right?")
    return certificate


def _load_chain(machine: Machine, file: str) -> "list[Certificate]":
    # only for https, and not at the start of every command
    from cryptography import x509  # noqa: PLC0415

    content = _read(machine, file)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        problem = f"{file} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
        raise _Unusable(problem, "are the two files in the right order?") from None


def _find_weakness(certificate: "Certificate") -> str:
    """Return for what the proxy would not start with this certificate; empty for one that is strong enough."""
    key = certificate.public_key()
    kind = type(key).__name__.strip("_").removesuffix("PublicKey")
    bits = getattr(key, "key_size", 0)
    if bits < _LEAST_BITS.get(kind, 0):
        return f"has a key of {bits} bits"
    digest = certificate.signature_hash_algorithm
    # what a certificate says of itself proves nothing, however it is signed
    if digest is not None and digest.name in _WEAK_DIGESTS and certificate.issuer != certificate.subject:
        return f"is signed with {digest.name.upper()}"
    return ""


def _check_key(machine: Machine, https: Https, certificate: "Certificate | None") -> None:
    key = _load_key(machine, str(https.key))
    if certificate is not None:
        _check_pair(certificate, key, https.certificate, https.key)


def _check_pair(certificate: "Certificate", key: "PrivateKeyTypes", *files: object) -> None:
    if certificate.public_key() != key.public_key():
        raise _Unusable(f"{files[1]} is not the key of {files[0]}", "give the two that belong together")


def _load_key(machine: Machine, file: str) -> "PrivateKeyTypes":
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    content = _read(machine, file)
    try:
        return serialization.load_pem_private_key(content, password=None)
    except TypeError:
        problem = f"{file} has a passphrase, which nobody can type when the machine starts"
        raise _Unusable(problem, f"remove it: openssl pkey -in {file} -out {file}.new") from None
    except ValueError:
        raise _Unusable(f"{file} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)") from None


def _read(machine: Machine, file: str) -> bytes:
    try:
        content = read_named_file(machine, file)
    except PermissionError:
        raise _Locked(file) from None
    except LittlestError as error:
        raise _Unusable(error.message) from None
    if len(content) > _MOST_BYTES:
        raise _Unusable(f"{file} is larger than 256 KiB; this is probably the wrong file")
    return content
