"""The capture result: its fields and the names of its pictures (docs/wire/station.md, "The capture result")."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ROLES = ("primary", "secondary", "label")
"""The pictures of a result, in the order of its fields."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]")


def image_name(tag: str, role: str, started_ts: float) -> str:
    """`{TAG}_{role}_{epoch ms}.jpg`; the hub names its files by the same rule."""
    return f"{_NOT_IN_NAMES.sub('', tag)}_{role}_{int(started_ts * 1000)}.jpg"


@dataclass
class CaptureResult:
    """The result of one capture. `pictures` are JPEG bytes by role; a role without a picture is absent.

    `errors` of a success only contains what still applies (a missing second picture, a lost reader), not the errors of
    earlier attempts. A failure keeps all errors. `cut_short`: the agent was stopped during the capture, so that a tag
    which stays is captured again after the next start.
    """

    station: str
    tag: str
    tag_source: str
    started_ts: float
    finished_ts: float
    tags: list[str]
    success: bool
    message: str
    number: str = ""
    raw_text: str = ""
    errors: list[str] = field(default_factory=list)
    attempts: int = 0
    pictures: dict[str, bytes] = field(default_factory=dict)
    cut_short: bool = False
    event_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def fields(self, image_server_url: str) -> dict[str, Any]:
        """The documented fields, `event_id` and `station`; the link of a missing picture is ""."""
        links = {
            f"{role}_image_url": f"{image_server_url}/images/{image_name(self.tag, role, self.started_ts)}"
            if role in self.pictures
            else ""
            for role in ROLES
        }
        return {
            "event_id": self.event_id,
            "station": self.station,
            "timestamp": datetime.fromtimestamp(self.finished_ts).isoformat(timespec="microseconds"),
            "tags": list(self.tags),
            "tag": self.tag,
            "tag_source": self.tag_source,
            "tag_timestamp_iso": datetime.fromtimestamp(self.started_ts, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "started_ts": self.started_ts,
            "finished_ts": self.finished_ts,
            "success": self.success,
            "number": self.number,
            "raw_text": self.raw_text,
            "message": self.message,
            "errors": list(self.errors),
            "attempts": self.attempts,
            **links,
        }
