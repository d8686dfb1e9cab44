"""Searches by any part of a value: by the index, for short parts, while older records are added, after deletions."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub import close, create_app
from hub.settings.file import load
from hub.store import field_search
from hub.store.migrations.revisions import REVISIONS
from hub.store.migrations.runner import migrate
from hub.store.searched_fill import SearchedFill
from hub.store.sqlite.backend import SqliteBackend
from hub.store.sqlite.rescue import rescue
from tests.support.helpers import capture_result
from tests.support.lpr import g4

CHANCE = random.Random(7)
ALPHABET = "12กAB"
PLATES = ["".join(CHANCE.choices(ALPHABET, k=CHANCE.randint(1, 6))) for _ in range(60)]
SEEN = [CHANCE.choices(PLATES, k=CHANCE.randint(0, 3)) for _ in range(90)]
PARTS = ["1", "A", "12", "กA", "AB1", "1AB", "12กA", "BBBB", "2B2B2", "Z", 'A"B', "A'B", "*"]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = create_app(load(tmp_path_factory.mktemp("searched") / "instance", {}, {}))
    client = made.test_client()
    for place, plates in enumerate(SEEN):
        record = g4(event_id=f"e{place}", aicamera_id=f"cam{place % 3}", ocr_results=list(plates))
        record.pop("plate_detections", None)
        assert client.post("/api/detection", json=record).json["success"]
        number = plates[0] if plates else ""
        sent = capture_result(tag=f"E2{number}9", event_id=f"c{place}", number=number, station=f"s{place % 3}")
        assert client.post("/api/captures", json={**sent, "tags": []}).json["success"]
    yield made
    close(made)


@pytest.fixture(params=["index", "many values", "many records", "incomplete"])
def client(app: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "many values":
        monkeypatch.setattr(field_search, "MAX_VALUES", 2)
    if request.param == "many records":
        monkeypatch.setattr(field_search, "MAX_RECORDS", 2)
    if request.param == "incomplete":
        monkeypatch.setattr(app.extensions["gatehouse"].parts, "complete", set())
    return app.test_client()


def pages(client: Any, path: str, key: str, **query: str) -> list[dict[str, Any]]:
    """Every row, newest first."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        body = client.get(path, query_string={**query, **cursor, "limit": "7"}).json
        rows += body[key][::-1] if key == "records" else body[key]
        if not body["next_cursor"]:
            return rows
        cursor = {"cursor": body["next_cursor"]}


def test_plates(client: Any) -> None:
    for part in PARTS:
        normal = "".join(filter(str.isalnum, part))
        wanted = [place for place, plates in enumerate(SEEN) if any(normal in plate for plate in plates)][::-1]
        rows = pages(client, "/api/records", "records", plate=f"*{part}*")
        assert [row["event_id"] for row in rows] == [f"e{place}" for place in wanted], part
        body = client.get("/api/records", query_string={"plate": f"*{part}*"}).json
        assert (body["total_count"], body["total_is_exact"]) == (len(wanted), True), part
        some = pages(client, "/api/records", "records", plate=f"*{part}*", camera="cam1")
        assert [row["event_id"] for row in some] == [f"e{place}" for place in wanted if place % 3 == 1], part


def test_numbers_and_tags(client: Any) -> None:
    for part in PARTS[:-1]:
        wanted = [place for place, plates in enumerate(SEEN) if plates and part in plates[0]][::-1]
        rows = pages(client, "/api/captures", "captures", number=f"*{part}*")
        assert [row["event_id"] for row in rows] == [f"c{place}" for place in wanted], part
        some = pages(client, "/api/captures", "captures", number=f"*{part}*", station="s2")
        assert [row["event_id"] for row in some] == [f"c{place}" for place in wanted if place % 3 == 2], part
        tagged = [place for place, plates in enumerate(SEEN) if part in f"E2{plates[0] if plates else ''}9"][::-1]
        rows = pages(client, "/api/captures", "captures", tag=f"*{part.lower()}*")
        assert [row["event_id"] for row in rows] == [f"c{place}" for place in tagged], part
        both = pages(client, "/api/captures", "captures", tag="*e2*", number=f"*{part}*")
        assert [row["event_id"] for row in both] == [f"c{place}" for place in wanted], part


def test_the_beginning_of_a_value_is_found_as_before(client: Any) -> None:
    wanted = [place for place, plates in enumerate(SEEN) if any(plate.startswith("1A") for plate in plates)][::-1]
    rows = pages(client, "/api/records", "records", plate="1A*")
    assert [row["event_id"] for row in rows] == [f"e{place}" for place in wanted]
    assert len(pages(client, "/api/records", "records", plate="*")) == sum(map(bool, SEEN))
    assert len(pages(client, "/api/records", "records", plate="**")) == sum(map(bool, SEEN))


def stored_values(path: Path) -> dict[str, set[str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT field, value FROM searched_values").fetchall()
        connection.execute("INSERT INTO searched_parts (searched_parts) VALUES ('integrity-check')")
    return {field: {value for name, value in rows if name == field} for field in ("number", "tag", "plate")}


def test_values_of_older_records_are_added_in_steps(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    instance.mkdir()
    path = instance / "hub.db"
    migrate(SqliteBackend(path), REVISIONS[:6])
    with closing(sqlite3.connect(path)) as connection:
        columns = "id, event_id, station, received_at, captured_at, timestamp, tag, tags, tag_source, "
        columns += "tag_timestamp_iso, success, number, raw_text, message, errors, attempts, primary_image, "
        columns += "secondary_image, label_image, warnings, unread"
        for number in range(130):
            values = (f"id{number}", f"e{number}", "s", 1.0, 1.0, "", "", "[]", "", "", 1, f"{number % 65:05d}")
            connection.execute(
                f"INSERT INTO captures ({columns}) VALUES ({', '.join('?' * 21)})",
                (*values, "", "", "[]", 1, "", "", "", "[]", ""),
            )
            connection.execute(
                "INSERT INTO capture_tags (capture_seq, tag) VALUES (?, ?)", (number + 1, f"TAG{number:03d}")
            )
        connection.execute("UPDATE captures SET number = X'00ff' WHERE seq = 130")
        connection.commit()
    app = create_app(load(instance, {}, {}))
    try:
        hub, client = app.extensions["gatehouse"], app.test_client()
        assert hub.parts.complete == {"plate"}
        assert len(pages(client, "/api/captures", "captures", number="*006*")) == 11
        client.post("/api/captures", json=capture_result(tag="NEW1", event_id="new", number="90909"))
        fill = SearchedFill(hub.backend, hub.writer, hub.parts, hub.searched)
        fill._steps.items = 20
        first = hub.writer.write(lambda transaction: fill._step(hub.searched[0], transaction))
        assert not first and len(stored_values(path)["number"]) == 21
        fill.run()
        assert hub.parts.complete == {"plate", "number", "tag"} and fill.status()["complete"]["tag"]
        assert stored_values(path)["number"] == {f"{number:05d}" for number in range(65)} | {"90909"}
        assert len(stored_values(path)["tag"]) == 131
        assert len(pages(client, "/api/captures", "captures", number="*006*")) == 11
        assert len(pages(client, "/api/captures", "captures", tag="*g12*")) == 9  # of 10, one cannot be read
        hub.parts.complete.clear()
        hub.parts.load()
        assert hub.parts.complete == {"plate", "number", "tag"}
    finally:
        close(app)


def test_values_that_no_record_has_any_more_are_removed(app: Any) -> None:
    hub, client = app.extensions["gatehouse"], app.test_client()
    for event in ("gone 1", "gone 2"):
        sent = capture_result(tag="GONE01", event_id=event, number="GONE02", station="deleted")
        assert client.post("/api/captures", json=sent).json["success"]
    sql = "DELETE FROM captures WHERE event_id = ?"
    hub.writer.write(lambda transaction: transaction.execute(sql, ("gone 1",)))
    assert "GONE01" in stored_values(hub.backend.file)["tag"]
    assert len(pages(client, "/api/captures", "captures", number="*ONE02*")) == 1
    hub.writer.write(lambda transaction: transaction.execute(sql, ("gone 2",)))
    found = stored_values(hub.backend.file)
    assert "GONE01" not in found["tag"] and "GONE02" not in found["number"]


def test_what_is_rescued_of_a_damaged_database_can_be_searched(app: Any, tmp_path: Path) -> None:
    source, target = app.extensions["gatehouse"].backend.file, tmp_path / "rescued.db"
    migrate(SqliteBackend(target))
    kept = rescue(source, target).kept
    assert kept["lpr_plates"] > 50 and not any(name.startswith("searched") for name in kept)
    assert stored_values(target) == stored_values(source)


def test_the_index_keeps_up_with_records_that_are_not_stored(app: Any) -> None:
    hub, client = app.extensions["gatehouse"], app.test_client()

    def fail(transaction: Any) -> None:
        transaction.execute("INSERT INTO capture_tags (capture_seq, tag) VALUES (1, 'FAILED01')", ())
        raise ValueError("it is rejected")

    with pytest.raises(ValueError, match="rejected"):
        hub.writer.write(fail)
    assert "FAILED01" not in stored_values(hub.backend.file)["tag"]
    assert pages(client, "/api/captures", "captures", tag="*FAILED0*") == []
    assert pages(client, "/api/captures", "captures", tag=f"*{'ab1' * 1000}*") == []
