"""The secret token of AprilTag boards: from the settings, or made at the first start and kept in a file."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from pathlib import Path

from hub.runtime.secret_file import stored_secret

log = logging.getLogger(__name__)

RANDOM_BYTES = 12  # 16 characters to copy into a firmware
BEARER = "bearer "


class BoardToken:
    """A token that is compared in constant time.

    `fresh` is its text where it was made at this start, to be shown once; else "".
    """

    def __init__(self, text: str, fresh: bool = False) -> None:
        self.fresh = text if fresh else ""
        self._digest = _digest(text)
        # HTTP strips the space around a header's value, and a device may encode letters as Latin-1.
        self._headers = [_digest(header) for header in {text, text.strip(), text.strip().encode().decode("latin-1")}]

    def matches(self, text: object) -> bool:
        """Whether `text` is exactly the token (docs/wire/apriltag.md 1.4, `auth_token`); False for what is no text."""
        return isinstance(text, str) and hmac.compare_digest(_digest(text), self._digest)

    def matches_header(self, value: str | None) -> bool:
        """Whether an `Authorization` header has the token, bare or as `Bearer TOKEN` (docs/wire/apriltag.md 1.3)."""
        if value is None:
            return False
        given = [value, value[len(BEARER) :].strip()] if value[: len(BEARER)].lower() == BEARER else [value]
        found = False
        for text in given:
            for header in self._headers:
                found |= hmac.compare_digest(_digest(text), header)
        return found


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def board_token(setting: str, path: Path) -> BoardToken:
    """The token of the setting, else that of the file, which is made where there is none. Raises OSError."""
    if setting:
        return BoardToken(setting)
    text, fresh = stored_secret(path, lambda: secrets.token_urlsafe(RANDOM_BYTES))
    if fresh:
        log.info("A token for AprilTag boards was made; it is in %s.", path)
    return BoardToken(text, fresh)
