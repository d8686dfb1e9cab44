"""Stored matches without a transport: the setting, thinning, bounds, pages, rows that cannot be read, retention."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from hub import close, create_app
from hub.settings.file import load
from hub.store.write_behind import QueueLimits
from hub.store.writer import StoreBusy
from hub.tracking import matches as module
from hub.tracking.matches import KeptMatches
from hub.tracking.repository import MatchRepository
from tests.support.helpers import jpeg
from tests.support.matches import ANNA, BERT, START, match, wait_in_hub
from tests.support.retention import DAY, expire


def kept_matches(parts: Any, enabled: bool = True, **options: Any) -> KeptMatches:
    return KeptMatches(parts.writer, MatchRepository(parts.backend, parts.reader), enabled, **options)


def tracks(kept: KeptMatches, **query: Any) -> list[float]:
    """What tells the matches of `match` apart, newest first."""
    return [row["distance"] for row in kept.newest(**query)[0]]


def execute(parts: Any, sql: str) -> None:
    """Change the database as another program would."""
    with closing(sqlite3.connect(parts.backend.file)) as connection, connection:
        connection.execute(sql)


def test_nothing_is_stored_unless_the_setting_allows_it(tmp_path: Any) -> None:
    app = create_app(load(tmp_path / "instance", {}, {}))
    kept = app.extensions["gatehouse"].part(KeptMatches)
    kept.add(match(crop=jpeg()))
    assert kept.newest() == ([], None) and kept.counts()["kept"] is False
    close(app)
    with closing(sqlite3.connect(tmp_path / "instance" / "hub.db")) as connection:
        assert connection.execute("SELECT count(*) FROM tracking_matches").fetchone() == (0,)


def test_a_match_is_stored_with_its_crop_and_found_again(kept: KeptMatches) -> None:
    picture = jpeg()
    kept.add(match(7, crop=picture, source="yard"))
    (row,), following = kept.newest()
    assert kept.crop(row["id"]) == picture and following is None
    assert row == {
        "id": row["id"],
        "person": ANNA,
        "session_id": "session-1",
        "source": "yard",
        "received_at": "2026-09-21T14:13:27.000000Z",
        "bbox": [10.0, 20.0, 110.0, 220.0],
        "bbox_format": "xyxy",
        "image_width": 640,
        "image_height": 480,
        "distance": 0.25,
        "confidence": 0.9,
        "crop": f"/api/tracking/matches/{row['id']}/crop",
    }


def test_matches_are_written_without_a_request(kept: KeptMatches) -> None:
    kept.add(match())
    wait_in_hub(lambda: kept.counts()["stored"] == 1, "the match's being stored")
    assert kept.counts()["waiting"] == 0 and kept.count() == 1


def test_pending_matches_are_written_at_the_end(parts: Any) -> None:
    kept = kept_matches(parts)
    kept.add(match())
    kept.close()
    assert kept.counts()["stored"] == 1 and kept.count() == 1


def test_a_track_is_stored_once_a_second_and_always_its_first_match(parts: Any) -> None:
    now = [100.0]
    kept = kept_matches(parts, clock=lambda: now[0])
    for step in range(30):  # ten a second for three seconds
        now[0] = 100.0 + step / 10
        kept.add(match(1, distance=step / 100))
    kept.add(match(2, distance=1.1))
    kept.add(match(1, distance=1.2, session_id="session-2"))
    kept.add(match(1, distance=1.3, person=BERT))
    assert tracks(kept) == [1.3, 1.2, 1.1, 0.2, 0.1, 0.0]
    assert kept.counts()["thinned"] == 27


def test_the_tracks_that_are_thinned_are_bounded(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TRACKS", 3)
    kept = kept_matches(parts, clock=lambda: 100.0)
    for track in (1, 2, 3, 4, 1, 4):
        kept.add(match(track, distance=track / 10))
    assert tracks(kept) == [0.1, 0.4, 0.3, 0.2, 0.1] and kept.counts()["thinned"] == 1


@pytest.mark.parametrize(
    "limits, cause",
    [
        (QueueLimits(10, 10**9, 3, 10**9), "too many waiting"),
        (QueueLimits(10**9, 10 * (module.ROW_BYTES + 1000), 10**9, 5000), "too many bytes waiting"),
    ],
)
def test_pending_matches_are_bounded(
    parts: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, limits: QueueLimits, cause: str
) -> None:
    monkeypatch.setattr(module, "LIMITS", limits)
    kept = kept_matches(parts)
    for track in range(25):
        kept.add(match(track, distance=track / 100, crop=b"x" * 1000))
    assert (kept.counts()["waiting"], kept.counts()["not_stored_by"]) == (10, {cause: 15})
    assert caplog.text.count("matches of persons are not stored") == 1
    assert "15 since the start" in kept.warnings()[0]
    assert tracks(kept) == [track / 100 for track in range(9, -1, -1)], "in several commits"
    kept.add(match(100, distance=1.0))
    assert tracks(kept)[0] == 1.0


def test_a_large_crop_is_left_out_and_the_match_is_stored(kept: KeptMatches) -> None:
    kept.add(match(1, crop=b"x" * (module.MAX_CROP_BYTES + 1)))
    kept.add(match(2, crop=b"x" * module.MAX_CROP_BYTES))
    largest, without = kept.newest()[0]
    assert without["crop"] is None and kept.crop(without["id"]) is None
    assert len(kept.crop(largest["id"]) or b"") == module.MAX_CROP_BYTES
    assert kept.counts()["without_crop"] == 1


def test_what_cannot_be_stored_keeps_no_other_match_waiting(kept: KeptMatches) -> None:
    for track, fields in enumerate([{}, {"distance": math.nan}, {"source": "a\ud800"}, {"received_at": None}, {}]):
        kept.add(match(track, **fields))
    kept.flush()
    assert kept.counts()["stored"] == 2 and kept.counts()["not_stored_by"] == {"not storable": 3}


def test_a_store_that_cannot_write_keeps_them_waiting(parts: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The writer has been closed, as it is at the end of the hub."""
    kept = kept_matches(parts)
    kept.add(match(1))
    kept.flush()
    parts.writer.close()
    kept.add(match(2))
    with pytest.raises(StoreBusy):
        kept.flush()
    assert len(kept.newest()[0]) == 1 and kept.counts()["waiting"] == 1
    kept.close()
    assert kept.counts()["not_stored_by"] == {"end of the hub": 1} and "were not stored at the end" in caplog.text


def test_pages_by_person_and_session(kept: KeptMatches) -> None:
    for track in range(12):
        kept.add(match(track, (ANNA, BERT)[track % 2], session_id=f"session-{track % 3}", distance=track / 10))
    assert tracks(kept, person=ANNA) == [1.0, 0.8, 0.6, 0.4, 0.2, 0.0]
    assert tracks(kept, session="session-2") == [1.1, 0.8, 0.5, 0.2]
    assert tracks(kept, person=BERT, session="session-2") == [1.1, 0.5]
    assert tracks(kept, person="nobody") == []
    seen: list[float] = []
    cursor = None
    while True:
        rows, cursor = kept.newest(BERT, cursor=cursor, limit=4)
        seen += [row["distance"] for row in rows]
        if cursor is None:
            break
    assert seen == [1.1, 0.9, 0.7, 0.5, 0.3, 0.1]
    assert (kept.count(), kept.count(BERT), kept.count(BERT, "session-2"), kept.count("nobody")) == (12, 6, 2, 0)


def test_a_count_ends_at_its_limit(kept: KeptMatches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.tracking.repository.MAX_COUNTED", 3)
    for track in range(3):
        kept.add(match(track))
    kept.flush()
    assert kept.count() == 3
    kept.add(match(4))
    kept.flush()
    assert kept.count() is None


def test_rows_that_cannot_be_read_are_left_out_and_counted(parts: Any, kept: KeptMatches) -> None:
    for track in range(4):
        kept.add(match(track, distance=track / 10, crop=b"crop"))
    ids = [row["id"] for row in kept.newest()[0]]
    execute(parts, f"UPDATE tracking_matches SET x1 = 'left' WHERE id = '{ids[0]}'")
    execute(parts, f"UPDATE tracking_matches SET received_at = 1e300 WHERE id = '{ids[1]}'")
    execute(parts, f"UPDATE tracking_matches SET crop = 'text' WHERE id = '{ids[2]}'")
    assert tracks(kept) == [0.1, 0.0]
    assert kept.crop(ids[2]) is None and kept.crop(ids[3]) == b"crop"
    assert parts.reader.unreadable.counts() == {"tracking_matches": 3}
    assert kept.delete_person(ANNA) == 4, "they are deleted all the same"


def test_old_matches_expire(parts: Any, kept: KeptMatches) -> None:
    for day in range(120):
        kept.add(match(day, received_at=START + day * DAY, distance=day / 100))
    kept.flush()
    deleted = expire(parts, "matches", 30, now=lambda: START + 119.5 * DAY)
    assert deleted == 90 and tracks(kept, limit=1000) == [day / 100 for day in range(119, 89, -1)]
