"""Log lines that no sender can forge: what they send may contain line breaks and control characters."""

from __future__ import annotations

import json
import logging
from typing import Any

from hub.contract.times import utc_text

MAX_MESSAGE = 4000
MAX_TRACEBACK = 20_000
INDENT = "    "


class LineFormatter(logging.Formatter):
    """One line for each message, control characters escaped; tracebacks indented, so that they forge none."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:
        return _indented(super().formatException(ei))  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:
        return _indented(super().formatStack(stack_info))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(log_entry(record), ensure_ascii=False)


def log_entry(record: logging.LogRecord) -> dict[str, Any]:
    """A log record as an object of bounded size, whose texts are whole UTF-8."""
    entry = {
        "time": utc_text(record.created),
        "level": record.levelname,
        "logger": record.name,
        "message": _whole(_bounded(record.getMessage())),
    }
    if record.exc_info and record.exc_info[0] is not None:
        entry["exception"] = _whole(_shortened(PLAIN.formatException(record.exc_info)))
    return entry


PLAIN = logging.Formatter()


def one_line(text: str) -> str:
    """Text as one line of bounded length; line breaks, control and invisible characters as \\n, \\x1b, \\u2028."""
    text = _bounded(text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _bounded(text: str) -> str:
    if len(text) > MAX_MESSAGE:
        return f"{text[:MAX_MESSAGE]}... ({len(text) - MAX_MESSAGE} characters more)"
    return text


def _shortened(text: str) -> str:
    """A traceback without its middle where it is too long: its begin and its end say most."""
    if len(text) > MAX_TRACEBACK:
        return f"{text[: MAX_TRACEBACK // 2]}\n...\n{text[-MAX_TRACEBACK // 2 :]}"
    return text


def _whole(text: str) -> str:
    """Text without lone surrogates, which cannot be encoded."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _indented(text: str) -> str:
    text = _shortened(text)
    return "\n".join(
        INDENT + "".join(char if char.isprintable() else " " for char in line) for line in text.splitlines()
    )
