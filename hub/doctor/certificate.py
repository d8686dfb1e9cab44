"""Whether the TLS certificate can be used, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from hub.doctor.case import Case
from hub.doctor.finding import Check, Finding, fail, ok, warn
from hub.net.certificates import expiry, expiry_warnings
from hub.net.tls import server_context


def check(case: Case) -> Iterator[Finding]:
    """Load certificate and key as the hub does, and look at the day of expiry."""
    settings = case.settings
    if not settings.uses_tls:
        yield ok("TLS is off: what devices send is not encrypted (docs/tls.md).")
        return
    try:
        server_context(settings.tls_cert_path, settings.tls_key_path)
    except (OSError, ValueError) as error:
        yield fail(f"{settings.tls_cert_path} and its key cannot be used ({error}): python app.py make-cert")
        return
    expires = expiry(settings.tls_cert_path)
    for sentence in expiry_warnings(settings.tls_cert_path.name, expires):
        yield fail(sentence) if expires is not None and expires < datetime.now(UTC) else warn(sentence)
        return
    until = "an unknown day" if expires is None else expires.date().isoformat()
    yield ok(f"The certificate {settings.tls_cert_path.name} is valid until {until}.")


CHECK = Check("certificate", check)
