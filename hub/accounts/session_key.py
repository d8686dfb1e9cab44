"""The key that session cookies are signed with: a file of the instance folder, made with the first login."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from hub.runtime.secret_file import write_secret

log = logging.getLogger(__name__)

KEY_BYTES = 32


class SessionKey:
    """The key as `text`. Until `keep` is called a new one is only in memory: no cookie is signed with it yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.text = _read(path)
        self._kept = bool(self.text)
        if not self.text:
            self.text = secrets.token_hex(KEY_BYTES)

    def keep(self) -> None:
        """Write a new key to its file. Where that fails, sessions end with the hub, which the log says."""
        if self._kept:
            return
        try:
            write_secret(self._path, self.text)
        except OSError as error:
            log.warning("%s cannot be written (%s); logins end when the hub does.", self._path, error)
            return
        self._kept = True


def _read(path: Path) -> str:
    """The stored key; "" where there is none, or one too short to be one."""
    try:
        text = path.read_text("utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read (%s); everybody has to log in again.", path, error)
        return ""
    return text if len(text) >= 2 * KEY_BYTES else ""
