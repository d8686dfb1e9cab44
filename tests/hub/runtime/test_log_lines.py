"""Log lines that a sender cannot forge."""

from __future__ import annotations

import io
import logging

import pytest

from hub.runtime.log_lines import MAX_MESSAGE, LineFormatter, one_line

FORGED = "2026-01-01 00:00:00 ERROR   forged: one"


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_message_is_one_line(line_break: str) -> None:
    assert len(one_line(f"a{line_break}{FORGED}").splitlines()) == 1
    assert one_line("กข 1234 ü 中 '\"") == "กข 1234 ü 中 '\"", "other letters stay"
    assert one_line("a\x1b[2Jb\u202e") == "a\\x1b[2Jb\\u202e"


def test_long_messages_are_cut() -> None:
    assert one_line("x" * 10**6) == "x" * MAX_MESSAGE + f"... ({10**6 - MAX_MESSAGE} characters more)"


def test_a_traceback_stays_readable_and_forges_no_line() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logger = logging.Logger("some")
    logger.addHandler(handler)
    try:
        raise ValueError(f"a\n{FORGED}")
    except ValueError:
        logger.exception("Failed for %s.", f"b\n{FORGED}")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith(f"some: Failed for b\\n{FORGED}.")
    assert rest[0] == "    Traceback (most recent call last):" and all(line.startswith("    ") for line in rest)
