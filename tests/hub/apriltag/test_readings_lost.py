"""Readings that were acknowledged and are not stored: counted by cause, logged, shown on the status page."""

from __future__ import annotations

from typing import Any

import pytest

import hub.store.write_behind as module
from hub.apriltag.repository import Query
from hub.apriltag.service import AprilTags
from tests.hub.apriltag.test_readings import START, limit, parts, queue, reading

__all__ = ["parts"]  # the fixture


def test_a_flood_is_counted_and_said(
    parts: Any, app: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = parts.part(AprilTags).readings
    status = app.test_client().get("/status").json
    assert status["warnings"] == [] and status["apriltag"]["not_stored_by"] == {}
    limit(kept, monkeypatch, rows=10)
    for place in range(250):
        kept.keep(reading(1, x_cm=place), "b", "udp", None, START)
    status = app.test_client().get("/status").json
    assert status["apriltag"]["not_stored"] == 240
    assert status["apriltag"]["not_stored_by"] == {"too many waiting": 240}
    (warning,) = status["warnings"]
    assert "240 since the start were acknowledged" in warning and "apriltag.store_per_second" in warning
    assert caplog.text.count("AprilTag readings are not stored (too many waiting)") == 1
    monkeypatch.setattr(module, "WARN_SECONDS", -1.0)
    assert app.test_client().get("/status").json["warnings"] == [], "the flood is over"


def test_bytes_have_a_cause_of_their_own(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = queue(parts)
    limit(kept, monkeypatch, bytes=10_000)
    for _ in range(5):
        kept.keep(reading(1, note="x" * 3000), "b", "udp", None, START)
    assert kept.lost_by == {"too many bytes waiting": 2}


def test_a_reading_that_cannot_be_stored_keeps_no_other_waiting(parts: Any) -> None:
    kept = queue(parts)
    for place in range(7):
        kept.keep(reading(1, x_cm=place), "b", "udp", None, START)
    kept._queue._pending[3][0][1] = object()
    kept.flush()
    assert kept.lost_by == {"not storable": 1} and kept.status()["waiting"] == 0 and kept.stored == 6
    assert [row["x_cm"] for row in kept.find(Query())[0]] == [6, 5, 4, 2, 1, 0]


def test_what_is_lost_at_the_end_is_said(parts: Any, caplog: pytest.LogCaptureFixture) -> None:
    kept = queue(parts)
    kept.keep(reading(1), "b", "udp", None, START)
    parts.writer.close()
    kept.close()
    assert kept.lost_by == {"end of the hub": 1} and "1 AprilTag readings were not stored at the end" in caplog.text
