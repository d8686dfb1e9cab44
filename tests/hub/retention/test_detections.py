"""Detections that expire: plates, exact totals, and the packs of their pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hub.store.pack_space import CAN_THIN, allocated
from tests.support.expiring_rows import START, execute, picture, rows, set_received, store_detection
from tests.support.retention import DAY, expire, retention_of

NOW = START + 100 * DAY
SIZE = 40_000


@pytest.fixture
def detections(parts: Any, client: Any) -> list[str]:
    """Thirty detections in three packs, a day between each."""
    parts.packs._max_bytes = 10 * SIZE
    made = [store_detection(client, number, SIZE) for number in range(30)]
    set_received(parts, "lpr_records", [START + 70 * DAY + number * DAY for number in range(30)])
    assert packs(parts) == ["000001.pack", "000002.pack", "000003.pack"]
    return made


def packs(parts: Any) -> list[str]:
    return sorted(path.name for path in Path(parts.packs.folder).glob("*"))


def shown(client: Any, record_id: str) -> bytes:
    """The picture of a record, by its link."""
    link = client.get(f"/api/records/{record_id}").json["record"]["original_image"]
    with client.get(link[link.index("/images/") :]) as answer:
        assert answer.status_code == 200
        return answer.data


def test_old_detections_go_with_their_packs(parts: Any, client: Any, detections: list[str]) -> None:
    assert expire(parts, "detections", 15, lambda: NOW) == 15
    body = client.get("/api/records?limit=100").json
    assert [row["detection_id"] for row in body["records"]] == detections[15:]
    assert packs(parts) == ["000002.pack", "000003.pack"]
    assert shown(client, detections[15]) == picture(SIZE, 15)
    assert rows(parts, "SELECT COUNT(*) FROM lpr_plates") == [(15,)]


def test_totals_stay_exact_and_those_of_all_time_grow(parts: Any, client: Any, detections: list[str]) -> None:
    statistics = client.get("/api/statistics").json["data"]["total_detections"]
    expire(parts, "detections", 15, lambda: NOW)
    for query, total in (("", 15), ("?camera=cam1", 5), ("?checkpoint=3", 15), ("?plate=กข1234", 15)):
        body = client.get(f"/api/records{query}").json
        assert (body["total_count"], body["returned_count"]) == (total, total), query
    assert client.get("/api/statistics").json["data"]["total_detections"] == statistics == 30
    expire(parts, "detections", 1, lambda: NOW + 50 * DAY)
    assert client.get("/api/records").json["total_count"] == 0
    assert rows(parts, "SELECT * FROM lpr_tallies WHERE kind IN ('plate', 'checkpoint')") == []


def test_the_pack_that_is_appended_to_stays(parts: Any, client: Any, detections: list[str]) -> None:
    assert expire(parts, "detections", 1, lambda: NOW + 50 * DAY) == 30
    assert packs(parts) == ["000003.pack"]
    assert rows(parts, "SELECT name, bytes > 0 FROM expired_files") == [("000003.pack", 1)]
    later = store_detection(client, 99, SIZE)
    assert shown(client, later) == picture(SIZE, 99)


@pytest.mark.skipif(not CAN_THIN, reason="This system has no files with holes.")
def test_a_pack_of_one_protected_picture_gives_back_the_rest(parts: Any, client: Any, detections: list[str]) -> None:
    execute(parts, "UPDATE lpr_records SET protected = 1 WHERE seq = 4")
    path = parts.packs.path(1)
    before = path.stat()
    assert allocated(path) > 9 * SIZE
    assert expire(parts, "detections", 15, lambda: NOW) == 14
    assert packs(parts) == ["000001.pack", "000002.pack", "000003.pack"]
    assert allocated(path) < 2.5 * SIZE
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert shown(client, detections[3]) == picture(SIZE, 3)
    assert shown(client, detections[15]) == picture(SIZE, 15)
    execute(parts, "UPDATE lpr_records SET protected = 0 WHERE seq = 4")
    assert expire(parts, "detections", 15, lambda: NOW) == 1
    assert packs(parts) == ["000002.pack", "000003.pack"]


@pytest.mark.skipif(not CAN_THIN, reason="This system has no files with holes.")
def test_a_pack_whose_pictures_cannot_be_found_is_left_alone(parts: Any, client: Any, detections: list[str]) -> None:
    execute(parts, "UPDATE lpr_records SET protected = 1 WHERE seq = 4")
    path = parts.packs.path(1)
    data = bytearray(path.read_bytes())
    place = data.index(picture(SIZE, 3))
    data[place - 12 : place - 8] = b"????"
    path.write_bytes(data)
    assert expire(parts, "detections", 15, lambda: NOW) == 14
    assert path.read_bytes() == bytes(data)


def test_a_pack_that_another_database_knows_is_not_touched(parts: Any, client: Any, detections: list[str]) -> None:
    """Only packs go of which this database has deleted records: a database that was lost takes no picture along."""
    execute(parts, "DELETE FROM lpr_records")
    assert expire(parts, "detections", 15, lambda: NOW) == 0
    assert len(packs(parts)) == 3


def test_rows_of_older_versions_are_counted_before_any_pack_goes(
    parts: Any, client: Any, detections: list[str]
) -> None:
    counted = rows(parts, "SELECT seq, pack, picture_bytes FROM lpr_records ORDER BY seq")
    assert {row[1] for row in counted} == {1, 2, 3} and all(row[2] == len(picture(SIZE, 1)) + 12 for row in counted)
    execute(parts, "UPDATE lpr_records SET pack = NULL, picture_bytes = NULL WHERE seq > 5")
    execute(parts, "UPDATE lpr_records SET body = 'no json' WHERE seq = 20")
    retention = retention_of(parts, {"detections": 15}, lambda: NOW)
    assert retention.run_once() == 15
    assert len(packs(parts)) == 3
    retention._count_pictures()
    assert rows(parts, "SELECT seq, pack FROM lpr_records WHERE pack IS NULL OR seq = 20") == [(20, 0)]
    assert [row for row in rows(parts, "SELECT seq, pack, picture_bytes FROM lpr_records") if row[0] != 20] == [
        row for row in counted if row[0] > 15 and row[0] != 20
    ]
    retention.run_once()
    assert packs(parts)[-1] == "000003.pack"


def test_what_an_interrupted_run_wrote_is_swept_at_the_start(parts: Any) -> None:
    part = Path(parts.packs.folder) / "000001.thin"
    part.write_bytes(os.urandom(10))
    parts.packs.prepare()
    assert not part.exists()
