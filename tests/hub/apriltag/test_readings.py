"""Stored readings without a transport: bounds, thinning by a clock of the test, a full store, retention."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.apriltag.contract.reading import Reading, parse_reading
from hub.apriltag.readings import LIMITS, Readings
from hub.apriltag.repository import Query
from hub.apriltag.service import AprilTags
from hub.apriltag.sqlite_readings import reading_repository
from hub.store.writer import StoreBusy
from tests.support.retention import DAY, expire

START = 1_790_000_000.0


def reading(tag: int | None, **fields: Any) -> Reading:
    return parse_reading({"tag_id": tag, **fields})


@pytest.fixture
def parts(app: Any) -> Any:
    return app.extensions["gatehouse"]


def queue(parts: Any, *args: Any, **kwargs: Any) -> Readings:
    return Readings(parts.writer, reading_repository(parts.backend, parts.reader), *args, **kwargs)


def limit(kept: Readings, monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    """Lower the bounds of what waits."""
    monkeypatch.setattr(kept._queue, "limits", replace(LIMITS, **limits))


def values(kept: Readings, **query: Any) -> list[Any]:
    return [row["x_cm"] for row in kept.find(Query(**query))[0]]


def test_at_most_so_many_a_second_of_each_board_and_tag_and_always_the_first(parts: Any) -> None:
    now = [100.0]
    kept = queue(parts, 2.0, now=lambda: now[0])
    for step in range(30):  # ten a second for three seconds
        now[0] = 100.0 + step / 10
        kept.keep(reading(1, x_cm=step), "10.0.0.1", "udp", None, START + step)
    kept.keep(reading(2, x_cm=100), "10.0.0.1", "udp", None, START + 100)
    kept.keep(reading(1, x_cm=101), "10.0.0.2", "udp", None, START + 101)
    kept.keep(reading(None, x_cm=102), "10.0.0.2", "udp", None, START + 102)
    assert values(kept) == [102, 101, 100, 25, 20, 15, 10, 5, 0]
    assert kept.thinned == 24


def test_order_and_cursor_hold_when_the_clock_was_set_back(parts: Any) -> None:
    kept = parts.part(AprilTags).readings
    for place, moment in enumerate((0, 1, 2, -5, -4, 3, 3, 3)):
        kept.keep(reading(1, x_cm=place), "b", "udp", None, START + moment)
    assert values(kept) == [7, 6, 5, 2, 1, 0, 4, 3]
    seen: list[int] = []
    before = None
    while True:
        rows, before = kept.find(Query(limit=3, before=before))
        seen += [row["x_cm"] for row in rows]
        if before is None:
            break
    assert seen == [7, 6, 5, 2, 1, 0, 4, 3]
    assert kept.find(Query(before=10**9)) == ([], None)
    assert values(kept, since=START - 4, until=START + 1) == [1, 0, 4]


def test_odd_text_is_stored_as_it_came(parts: Any) -> None:
    kept = parts.part(AprilTags).readings
    odd = {"note": "'; DROP TABLE tag_readings; -- \x00 ✓ \\u0000", "deep": {"a": [1, None, True]}, "x_cm": None}
    kept.keep(reading(1, **odd), 'it\'s "one"', "udp", "hub", START)
    (row,) = kept.find(Query(board='it\'s "one"'))[0]
    assert {key: row[key] for key in odd} == odd and row["source"] == "hub" and row["tag_id"] == 1


def test_what_waits_is_bounded_by_number_and_by_bytes(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = queue(parts)
    limit(kept, monkeypatch, rows=100)
    for place in range(150):
        kept.keep(reading(1, x_cm=place), "b", "udp", None, START + place)
    assert kept.status()["waiting"] == 100 and kept.lost == 50
    kept.flush()
    assert kept.status() == {"stored": 100, "thinned": 0, "waiting": 0, "not_stored": 50}
    limit(kept, monkeypatch, bytes=20_000)
    for place in range(20):
        kept.keep(reading(1, x_cm=place, note="x" * 3000), "b", "udp", None, START + place)
    assert kept.status()["waiting"] == 6
    kept.flush()
    kept.keep(reading(1, note="x" * 3000), "b", "udp", None, START)
    assert kept.status()["waiting"] == 1


def test_large_readings_go_in_several_commits(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = queue(parts)
    limit(kept, monkeypatch, batch_bytes=10_000)
    for place in range(40):
        kept.keep(
            reading(1, x_cm=place, note="x" * 3900, more="y" * (4000 if place % 2 else 0)),
            "b",
            "udp",
            None,
            START + place,
        )
    kept.flush()
    assert values(kept) == list(range(39, -1, -1))


def test_a_store_that_cannot_write_keeps_them_waiting(parts: Any) -> None:
    """The writer has been closed, as it is at the end of the hub."""
    kept = queue(parts)
    kept.keep(reading(1, x_cm=1), "b", "udp", None, START)
    kept.flush()
    parts.writer.close()
    kept.keep(reading(1, x_cm=2), "b", "udp", None, START)
    with pytest.raises(StoreBusy):
        kept.flush()
    assert values(kept) == [1] and kept.status()["waiting"] == 1


def test_old_readings_are_forgotten(parts: Any) -> None:
    kept = parts.part(AprilTags).readings
    for day in range(1200):
        kept.keep(reading(1, x_cm=day), "b", "udp", None, START + day * DAY)
    kept.flush()
    assert expire(parts, "readings", 90, now=lambda: START + 1199.5 * DAY) == 1110
    assert values(kept, limit=1000) == list(range(1199, 1109, -1))
