"""Query parameters that several kinds share, as `hub.http.query` parses them, for the OpenAPI document."""

from __future__ import annotations

from hub.http.query import MAX_FPS, MAX_LIMIT
from hub.openapi.operation import Parameter

CURSOR = Parameter("cursor", {"type": "string", "pattern": "^[0-9]{1,18}$"}, "`next_cursor` of the page before.")
FROM = Parameter(
    "from",
    {"type": "string", "examples": ["2026-01-28", "2026-01-28T10:50:00+07:00"]},
    "Not earlier than this day, time (local without a zone) or epoch second.",
)
TO = Parameter(
    "to",
    {"type": "string", "examples": ["2026-01-28", "2026-01-28T10:50:00+07:00"]},
    "Not later than this day (to its end), time or epoch second.",
)
ORDER = Parameter(
    "order",
    {"enum": ["arrival", "time", ""], "default": "arrival"},
    "Newest first by arrival, or by the time of the event: what was delivered late then stands where it belongs.",
)
FPS = Parameter(
    "fps", {"type": "number", "minimum": 0, "maximum": MAX_FPS, "default": 0}, "Frames a second at most; 0: no limit."
)


def limit(otherwise: int) -> Parameter:
    """`limit` as `hub.http.query.page_limit` parses it."""
    return Parameter(
        "limit",
        {"type": "integer", "default": otherwise},
        f"Rows of a page. More than {MAX_LIMIT} count as {MAX_LIMIT}; so does 0 or less.",
    )


def text_filter(name: str, description: str, *names: str) -> list[Parameter]:
    """A filter by text, and the same under other names."""
    return [
        Parameter(name, {"type": "string"}, description),
        *(Parameter(other, {"type": "string"}, f"Another name of `{name}`.") for other in names),
    ]
