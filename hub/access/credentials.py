"""The secret that a request brings: in a header, or in the address of a WebSocket."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hub.net.wsgi import Environ

TOKEN_KEY = "gatehouse.token"  # of a WSGI environment: what Socket.IO's connect packet brought
BEARER = "bearer "
MAX_TOKEN = 500
MAX_FIELDS = 50


def tokens_of(environ: Environ) -> list[str]:
    """Every secret that a request brings, the most specific first; some devices send a fixed header too.

    `Authorization: TOKEN` or `Bearer TOKEN`, `X-API-Key`, `?token=` of a WebSocket.
    """
    found = [environ.get(TOKEN_KEY, ""), _authorization(environ), environ.get("HTTP_X_API_KEY", "").strip()]
    if environ.get("wsgi.websocket") is not None or environ.get("PATH_INFO", "").startswith("/socket.io"):
        found.append(_query_token(environ.get("QUERY_STRING", "")))
    return [token for token in found if isinstance(token, str) and 0 < len(token) <= MAX_TOKEN]


def _authorization(environ: Environ) -> str:
    value: str = environ.get("HTTP_AUTHORIZATION", "")
    return value[len(BEARER) :].strip() if value[: len(BEARER)].lower() == BEARER else value.strip()


def _query_token(query: str) -> str:
    if "token=" not in query:
        return ""
    try:
        return dict(parse_qsl(query, max_num_fields=MAX_FIELDS)).get("token", "")
    except ValueError:
        return ""
