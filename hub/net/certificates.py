"""Certificates of a site's own authority: made by `python app.py make-cert`, and looked at before they expire."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hub.runtime.durable_file import make_folder, write_whole

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

log = logging.getLogger(__name__)

AUTHORITY, AUTHORITY_KEY = "authority.pem", "authority-key.pem"
SERVER, SERVER_KEY = "server.pem", "server-key.pem"
AUTHORITY_DAYS, SERVER_DAYS = 3650, 825
"""Browsers and phones refuse server certificates that are valid for longer than 825 days."""
WARN_DAYS = 30
MAX_NAME = 253
LOOPBACK = "127.0.0.1"


class CertificateError(Exception):
    """A certificate cannot be made or used; the text is a sentence."""


def make_certificates(folder: Path, names: Iterable[str], now: datetime | None = None) -> list[str]:
    """Make the server's certificate for `names` (host names and addresses), signed by the site's own authority.

    The authority is made at the first time, and kept. Returns the names in the certificate. Raises CertificateError.
    """
    wanted = list(dict.fromkeys(names))
    moment = now or datetime.now(UTC)
    try:
        make_folder(folder)
        authority, authority_key = _authority(folder, moment)
        certificate, key = _server(wanted, authority, authority_key, moment)
        write_whole(folder / SERVER_KEY, _key_pem(key), secret=True)
        write_whole(folder / SERVER, _pem(certificate) + _pem(authority), secret=False)
    except OSError as error:
        raise CertificateError(f"{folder} cannot be written ({error.strerror}); choose another --instance.") from error
    return wanted


def expiry(certificate: Path) -> datetime | None:
    """When the certificate of a file expires; None where it cannot be read."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


def is_of_authority(certificate: Path, authority: Path) -> bool:
    """Whether the (first) certificate of a file is signed by the one of the other file."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        issuer = x509.load_pem_x509_certificate(authority.read_bytes())
        x509.load_pem_x509_certificate(certificate.read_bytes()).verify_directly_issued_by(issuer)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    return True


def own_machine_host(certificate: Path) -> str:
    """The host that programs of this machine write into the hub's address, so that the certificate is valid for it.

    That of a public or company authority is seldom valid for 127.0.0.1: then it is the first name in it.
    """
    from cryptography import x509

    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return LOOPBACK
    if ipaddress.ip_address(LOOPBACK) in names.get_values_for_type(x509.IPAddress):
        return LOOPBACK
    return next((name for name in names.get_values_for_type(x509.DNSName) if "*" not in name), LOOPBACK)


def expiry_warnings(name: str, expires: datetime | None, now: datetime | None = None) -> list[str]:
    """A sentence where the certificate of this file name has expired or soon will (see `expiry`)."""
    if expires is None:
        return []
    left = expires - (now or datetime.now(UTC))
    if left > timedelta(days=WARN_DAYS):
        return []
    state = "has expired" if left < timedelta() else "expires"
    when = expires.date().isoformat()
    return [f"The TLS certificate {name} {state} on {when}; make a new one: python app.py make-cert."]


def _authority(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The site's authority, made where the folder has none. Raises CertificateError, OSError."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    path, key_path = folder / AUTHORITY, folder / AUTHORITY_KEY
    if path.exists() or key_path.exists():
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            loaded = serialization.load_pem_private_key(key_path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise CertificateError(
                f"The authority in {folder} cannot be used ({error}); restore {AUTHORITY} and {AUTHORITY_KEY} from a "
                "backup, or remove both and install the new authority on every device."
            ) from error
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise CertificateError(f"{AUTHORITY_KEY} in {folder} is no key that make-cert has made.")
        return certificate, loaded
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Gatehouse authority {now.date().isoformat()}")])
    made = (
        _builder(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_whole(key_path, _key_pem(key), secret=True)
    write_whole(path, _pem(made), secret=False)
    return made, key


def _server(
    names: list[str], authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Gatehouse hub")])
    made = (
        _builder(subject, authority.subject, key, now, SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return made, key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of devices differ
        .not_valid_after(now + timedelta(days=days))
    )


def _key_usage(signs: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    """Raises CertificateError for what is neither a host name nor an address."""
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not name.isascii() or not 0 < len(name) <= MAX_NAME or not all(c.isalnum() or c in "-._*" for c in name):
        raise CertificateError(
            f"{name[:80]!r} is no host name and no address, such as hub.site.example or 192.168.1.2."
        )
    return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
