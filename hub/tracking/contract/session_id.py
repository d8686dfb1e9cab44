"""The session id in the path of a tracking WebSocket (docs/wire/tracking.md 1.6)."""

from __future__ import annotations

from hub.contract.errors import ContractError

PREFIX = "/video-stream"
MAX_LENGTH = 128


def session_id(path: str) -> str:
    """The id of a WSGI path such as `/video-stream/session_1`. Raises ContractError: 403 without a single id, 400."""
    text = path[len(PREFIX) :].encode("latin-1", "replace").decode("utf-8", "replace")
    name = text[1:]
    if not text.startswith("/") or not name or "/" in name or "\\" in name:
        raise ContractError(
            "A tracking WebSocket is opened at /video-stream/ID, with one id that has no slash.", status=403
        )
    if len(name) > MAX_LENGTH or not name.isprintable() or "\ufffd" in name or name != name.strip():
        raise ContractError(f"A session id has 1 to {MAX_LENGTH} printable characters.", status=400)
    return name
