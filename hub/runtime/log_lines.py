"""Log lines that no sender can forge: what they send may contain line breaks and control characters."""

from __future__ import annotations

import logging

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


def one_line(text: str) -> str:
    """Text as one line of bounded length; line breaks, control and invisible characters as \\n, \\x1b, \\u2028."""
    if len(text) > MAX_MESSAGE:
        text = f"{text[:MAX_MESSAGE]}... ({len(text) - MAX_MESSAGE} characters more)"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _indented(text: str) -> str:
    if len(text) > MAX_TRACEBACK:
        text = f"{text[: MAX_TRACEBACK // 2]}\n...\n{text[-MAX_TRACEBACK // 2 :]}"
    return "\n".join(
        INDENT + "".join(char if char.isprintable() else " " for char in line) for line in text.splitlines()
    )
