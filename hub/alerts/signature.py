"""The signature by which a receiver knows that a message comes from this hub (docs/notifications.md)."""

from __future__ import annotations

import hashlib
import hmac


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The value of X-Gatehouse-Signature: HMAC-SHA-256 over timestamp, a full stop and body, in hexadecimal."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"
