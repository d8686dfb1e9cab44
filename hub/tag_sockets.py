"""Raw WebSockets of AprilTag boards and games: how many are open, and what was ignored on them, by reason."""

from __future__ import annotations

from collections import Counter
from typing import Any

NO_BOARD = "reading of a socket that is no board"
NO_BOARDS_PICTURE = "picture of a socket that is no board"
BAD_PICTURE = "binary message that was not taken as a picture"
BAD_READING = "reading that cannot be read"
BAD_JSON = "text that is no JSON object"
TOO_LONG = "text over 64 KB"
UNKNOWN = "unknown event"


class TagSockets:
    """`open` is the number of connections now, identified or not."""

    def __init__(self) -> None:
        self.open = 0
        self.refused_tokens = 0     # identifications as a board without the right token
        self.video_frames = 0       # events of this name; they carry no picture (wire/apriltag.md 1.5)
        self.ignored: Counter[str] = Counter()

    def status(self) -> dict[str, Any]:
        return {"open": self.open, "refused_tokens": self.refused_tokens, "video_frames": self.video_frames, "ignored": dict(self.ignored)}
