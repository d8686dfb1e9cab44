"""Topics: names of devices as levels of a topic and as ids of Home Assistant."""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_LEVEL = 64  # characters
HASH = 12
FORBIDDEN = re.compile(r"[+#/]")
MARKED = re.compile(rf"-[0-9a-f]{{{HASH}}}\Z")
NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]")


def level(name: str) -> str:
    """A name as one level of a topic: without wildcards, slashes and control characters, of bounded length.

    Two names have two levels: one that had to be changed, or that looks as if it had been, ends with a digest of the
    name.
    """
    kept = "".join("_" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") else char for char in name)
    return _distinct(name, FORBIDDEN.sub("_", kept)[:MAX_LEVEL] or "_")


def plain(name: str) -> str:
    """A name as an id of Home Assistant: letters, digits, _ and -. Two names have two ids."""
    return _distinct(name, NOT_PLAIN.sub("_", name)[:MAX_LEVEL] or "_")


def _distinct(name: str, kept: str) -> str:
    if kept == name and not MARKED.search(name):
        return kept
    digest = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=16).hexdigest()[:HASH]
    return f"{kept}-{digest}"


class Topics:
    """The topics of one hub."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.status = f"{prefix}/status"

    def record(self, feed: str, subject: str) -> str:
        """Where the records of a camera, a station or a kind of alert go; `feed`: captures, detections, ..."""
        return f"{self.prefix}/{feed}/{level(subject)}"

    def state(self, kind: str, name: str) -> str:
        """Where the state of a device is kept."""
        return f"{self.prefix}/state/{kind}/{level(name)}"
