"""Access of tracking clients: web pages of any origin, since the published page lives elsewhere."""

from __future__ import annotations

from hub.access.gate import OTHERS, Gate, is_local_name
from hub.access.networks import is_loopback
from hub.net.host import request_host
from hub.net.wsgi import Environ
from hub.tracking.contract.session_id import PREFIX

UPLOAD_PATH, FIND_PATH = "/upload-embedding", "/find"
HOST = "This hub is reached as localhost or 127.0.0.1 on its own machine; the host name of this request is another."
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "content-type, authorization",
    "Access-Control-Max-Age": "600",
}


class TrackingRule:
    """The gate's rule for tracking clients: programs of this machine, and web pages of any origin in its browsers."""

    def applies(self, environ: Environ) -> bool:
        """Whether this rule decides about the request."""
        path = environ.get("PATH_INFO", "")
        return path == UPLOAD_PATH or any(
            path == prefix or path.startswith(f"{prefix}/") for prefix in (FIND_PATH, PREFIX)
        )

    def refusal(self, environ: Environ, gate: Gate) -> str | None:
        """Return the sentence that rejects the request; None where it is allowed."""
        if not is_loopback(environ.get("REMOTE_ADDR", "")):
            return OTHERS
        return None if is_local_name(request_host(environ)) else HOST
