"""What the hub's own HTTP requests share: certificates that are trusted, and why a request failed, for operators."""

from __future__ import annotations

import logging
import ssl

import urllib3
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, SSLError

# At level DEBUG it logs the path of every request, which may be a secret.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


def reason_of(error: Exception, timeout_seconds: float) -> str:
    """Why a request failed, for operators, without the address."""
    if isinstance(error, (TimeoutError, ConnectTimeoutError, urllib3.exceptions.TimeoutError)) and not isinstance(
        error, NewConnectionError
    ):
        return f"it does not answer within {timeout_seconds:g} seconds"
    if isinstance(error, NameResolutionError):
        return "its name is not known to the network"
    if isinstance(error, (SSLError, ssl.SSLError)):
        return f"TLS fails ({getattr(error.args[0] if error.args else error, 'reason', None) or 'certificate'})"
    cause = error.__cause__ or error.__context__ or error
    return f"the connection fails ({getattr(cause, 'strerror', None) or type(error).__name__})"


def make_pool(ca: str = "") -> urllib3.PoolManager:
    """What sends requests; loads certificates, so it runs on a native thread. Raises OSError (SSLError among them)."""
    context = ssl.create_default_context(cafile=ca or None)
    return urllib3.PoolManager(num_pools=1, maxsize=1, ssl_context=context, cert_reqs="CERT_REQUIRED")
