"""The newest lines of the log in memory."""

from __future__ import annotations

import logging
import threading

import pytest

from hub.runtime.recent_lines import MAX_EXCEPTION, RecentLines


def logger_of(lines: RecentLines) -> logging.Logger:
    log = logging.Logger("some")
    log.addHandler(lines)
    return log


def test_the_newest_lines_by_level() -> None:
    lines = RecentLines(capacity=10)
    log = logger_of(lines)
    log.warning("the disk is full")
    for number in range(50):
        log.info("line %d", number)
    assert [line["message"] for line in lines.newest(limit=2)] == ["line 49", "line 48"]
    assert len(lines.newest()) == 10 and len(lines.newest("INFO")) == 10
    assert [line["message"] for line in lines.newest("WARNING")] == ["the disk is full"], "no flood pushes it out"
    assert lines.newest("ERROR") == []
    assert lines.counts == {"INFO": 50, "WARNING": 1}


def test_lines_are_bounded() -> None:
    lines = RecentLines()
    log = logger_of(lines)
    try:
        raise ValueError("y" * 10**6 + "end")
    except ValueError:
        log.exception("%s", "x" * 10**6)
    (line,) = lines.newest()
    assert len(line["message"]) < 5000 and len(line["exception"]) == MAX_EXCEPTION and line["exception"].endswith("end")


def test_a_message_that_cannot_be_made_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    lines = RecentLines()
    logger_of(lines).info("%d", "no number")
    assert lines.newest() == [] and "no number" in capsys.readouterr().err


def test_it_is_read_while_threads_log() -> None:
    lines = RecentLines(capacity=50)
    log = logger_of(lines)
    end = threading.Event()

    def write() -> None:
        while not end.is_set():
            log.error("line")

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(300):
        assert all(line["message"] == "line" for line in lines.newest("ERROR"))
    end.set()
    for thread in threads:
        thread.join()
