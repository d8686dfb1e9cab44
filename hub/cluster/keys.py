"""Fingerprints of the secrets that all hubs of one database must share, so that those with others are noticed."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from hub.settings.model import Settings

PRINT_DIGITS = 16


def fingerprints(settings: Settings) -> dict[str, str]:
    """Name of a secret's file -> its fingerprint, for those that are there.

    The session key is random, and the others are mixed with it: who reads Redis cannot guess them.
    """
    session = _text(settings.session_key_path)
    if not session:
        return {}
    paths = [settings.session_key_path, settings.device_token_path, settings.tracking_key_path]
    if not settings.apriltag.token:
        paths.append(settings.token_path)
    texts = {path.name: _text(path) for path in paths}
    return {
        name: hmac.new(session.encode(), f"{name}:{text}".encode(), hashlib.sha256).hexdigest()[:PRINT_DIGITS]
        for name, text in texts.items()
        if text
    }


def _text(path: Path) -> str:
    try:
        return path.read_bytes().hex()
    except OSError:
        return ""
