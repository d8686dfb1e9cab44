"""The certificate that the listeners serve, read again when its files change, so that a new one needs no restart."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from gevent.ssl import SSLContext

from hub.net.certificates import expiry, expiry_warnings
from hub.net.tls import server_context

log = logging.getLogger(__name__)

FileState = tuple[tuple[int, int, int], ...]


class ServedCertificate:
    """The TLS context of a certificate and its key. Raises OSError (ssl.SSLError among them), ValueError.

    `context` is replaced as a whole: connections that are open keep theirs, and a pair of files that cannot be used
    leaves the last good one in place.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate, self._key = certificate, key
        self._loaded = self._seen = self._state()
        self.context: SSLContext = server_context(certificate, key)
        self._expires: datetime | None = expiry(certificate)
        self._problem = ""

    def refresh(self) -> bool:
        """Read the files again where they have changed; whether `context` is a new one.

        Files are read only once they were the same in two calls: certificate and key are written one after the other.
        """
        state = self._state()
        settled, self._seen = state == self._seen, state
        if state == self._loaded or not settled:
            return False
        self._loaded = state
        try:
            context = server_context(self._certificate, self._key)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._problem = (
                f"The new TLS certificate {self._certificate.name} cannot be used with its key ({reason}), so the one "
                "from before is served; make both with python app.py make-cert."
            )
            log.error("%s", self._problem)
            return False
        self.context, self._problem, self._expires = context, "", expiry(self._certificate)
        until = f", valid until {self._expires.date().isoformat()}" if self._expires else ""
        log.info("The TLS certificate %s has changed and is served from now on%s.", self._certificate.name, until)
        return True

    def warnings(self) -> list[str]:
        """Sentences for the status page: files that cannot be used; a certificate that has expired or soon will."""
        return [*([self._problem] if self._problem else []), *expiry_warnings(self._certificate.name, self._expires)]

    def _state(self) -> FileState:
        """Time, size and number of both files; zeros for one that is not there."""
        return tuple(_file_state(path) for path in (self._certificate, self._key))


def _file_state(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino
