"""The certificate and key of https: whether the proxy can serve with them, and the copy from which it serves."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from littlest.config.model import Config
from littlest.config.sections.section import Place
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
"""By the kind of key: OpenSSL, with which the proxy loads them, refuses weaker ones."""
_MOST_BYTES = 2**18
"""Of each file: systemd hands over at most 1 MiB (systemd.exec(5), LoadCredential=)."""
_WEAK_DIGESTS = ("md5", "sha1")
_UNUSABLE = (LittlestError, PermissionError)
"""What reading the files raises: the second when only root may read one, and you are not root."""
_NEW_ONE = "put a valid one there, or set https.enabled to false"


def find_certificate_problems(machine: Machine, loaded: LoadedConfig) -> tuple[Problem, ...]:
    """Return what keeps the proxy from serving https with these files; nothing where https is off."""
    https = loaded.config.https
    if not https.enabled:
        return ()
    problems = []
    chain: list[Certificate] = []
    try:
        chain = _load_chain(machine, https.certificate)
        _check_chain(chain, https.certificate)
    except _UNUSABLE as error:
        problems += _list_problems(loaded, CERTIFICATE, error)
    try:
        _load_key(machine, https.key, https.certificate, [] if problems else chain)
    except _UNUSABLE as error:
        problems += _list_problems(loaded, KEY, error)
    return tuple(problems)


def read_certificate_end(machine: Machine) -> datetime | None:
    """Return when the certificate that the proxy serves expires; None where there is none."""
    try:
        return _load_chain(machine, HTTPS_FILE)[0].not_valid_after_utc
    except _UNUSABLE:
        return None


def find_certificate_warnings(machine: Machine, config: Config) -> tuple[str, ...]:
    """Return a warning when the certificate does not cover the host of `external_url`: browsers will show one.

    Where another web server is in front of the hub, people see the certificate of that one.
    """
    host = urlsplit(config.external_url).hostname
    if not (host and config.https.enabled) or config.proxy.trusted:
        return ()
    try:
        names = _list_names(_load_chain(machine, config.https.certificate)[0])
    except _UNUSABLE:
        return ()
    if any(host == name or (name[:2] == "*." and host.partition(".")[2] == name[2:]) for name in names):
        return ()
    covered = ", ".join(names) or "no name at all"
    return (
        f"Note: {config.https.certificate} is for {covered}, and not for {host}: browsers will warn people of it.",
    )


def is_certificate_copied(machine: Machine, step: CopyCertificate) -> bool:
    """Whether the copy has what the admin's files have now; where these cannot be used, any copy is better."""
    state = machine.read_state(step.path)
    if state is None or state.mode != SECRET_MODE:
        return False
    try:
        return machine.read_bytes(step.path) == _render_pair(machine, step)
    except _UNUSABLE:
        return True


def copy_certificate(machine: Machine, step: CopyCertificate) -> None:
    """Copy both into one file, so that no moment finds one of them without the other.

    Raises LittlestError where they do not belong together.
    """
    machine.write_file(step.path, _render_pair(machine, step), mode=SECRET_MODE)


def _list_problems(loaded: LoadedConfig, place: Place, error: LittlestError | PermissionError) -> list[Problem]:
    # that only root may read a file says nothing about the file
    return [loaded.make_problem(place, error.message, error.hint)] if isinstance(error, LittlestError) else []


def _render_pair(machine: Machine, step: CopyCertificate) -> bytes:
    """Return certificates and key in one spelling of PEM: not every program understands each."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    pem = serialization.Encoding.PEM
    chain = _load_chain(machine, step.certificate)
    key = _load_key(machine, step.key, step.certificate, chain)
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


def _load_chain(machine: Machine, file: object) -> "list[Certificate]":
    """Return the certificate and those that vouch for it. Raises one of `_UNUSABLE`."""
    # only for https, and not at the start of every command
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.load_pem_x509_certificates(_read(machine, file))
    except ValueError:
        problem = f"{file} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
        raise LittlestError(problem, "are the two files in the right order?") from None


def _check_chain(chain: "list[Certificate]", file: object) -> None:
    """Raises LittlestError when the proxy would not start with these certificates, or browsers refuse the first."""
    for number, found in enumerate(chain, 1):
        if weakness := _find_weakness(found):
            subject = file if number == 1 else f"certificate {number} in {file}"
            raise LittlestError(f"{subject} {weakness}, which the proxy does not accept", _NEW_ONE)
    begin, end, now = chain[0].not_valid_before_utc, chain[0].not_valid_after_utc, datetime.now(UTC)
    if end <= now:
        raise LittlestError(f"{file} expired on {end:%Y-%m-%d}", _NEW_ONE)
    if begin > now:
        problem = f"{file} is valid only from {begin:%Y-%m-%d %H:%M UTC} on"
        raise LittlestError(problem, "is this machine's clock right?")


def _find_weakness(certificate: "Certificate") -> str:
    """Return why OpenSSL refuses to serve this certificate; empty for one that is strong enough."""
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


def _load_key(machine: Machine, file: object, certificate: object, chain: "list[Certificate]") -> "PrivateKeyTypes":
    """Return the key, which must be that of the chain's first certificate. Raises one of `_UNUSABLE`."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    try:
        key = serialization.load_pem_private_key(_read(machine, file), password=None)
    except TypeError:
        problem = f"{file} has a passphrase, which nobody can type when the machine starts"
        raise LittlestError(problem, f"remove it: openssl pkey -in {file} -out {file}.new") from None
    except ValueError:
        raise LittlestError(f"{file} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)") from None
    if chain and chain[0].public_key() != key.public_key():
        raise LittlestError(f"{file} is not the key of {certificate}", "give the two that belong together")
    return key


def _read(machine: Machine, file: object) -> bytes:
    content = read_named_file(machine, str(file))
    if len(content) > _MOST_BYTES:
        raise LittlestError(f"{file} is larger than 256 KiB; this is probably the wrong file")
    return content
