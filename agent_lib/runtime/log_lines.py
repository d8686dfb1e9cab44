"""Log lines of bounded length, as text for people or as JSON for programs; no device can forge one."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

MAX_MESSAGE = 4000
MAX_TRACEBACK = 20_000


class TextFormatter(logging.Formatter):
    """One line for each message, control characters escaped; the lines of tracebacks are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        text = bounded(record.message)
        if not text.isprintable():
            text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
        record.message = text
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:
        text = super().formatException(ei)[-MAX_TRACEBACK:]  # type: ignore[arg-type]
        return "\n".join(f"    {line}" for line in text.splitlines())


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")[:-6] + "Z",
            "level": record.levelname,
            "logger": record.name,
            "message": bounded(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0] is not None:
            entry["exception"] = self.formatException(record.exc_info)[-MAX_TRACEBACK:]
        text = json.dumps(entry, ensure_ascii=False)
        return text.encode("utf-8", "replace").decode("utf-8")


def bounded(text: str) -> str:
    """The text, cut where it is longer than MAX_MESSAGE characters."""
    if len(text) > MAX_MESSAGE:
        return f"{text[:MAX_MESSAGE]}... ({len(text) - MAX_MESSAGE} characters more)"
    return text
