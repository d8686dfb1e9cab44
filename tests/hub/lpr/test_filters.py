"""Filters of records and of captures, alone and together, against what Python finds in the same rows."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from hub import close, create_app
from hub.lpr.repository import records as module
from hub.settings.file import load
from tests.support.helpers import ROOT

ROWS = 600


@pytest.fixture(scope="module", params=[False, True], ids=["as read", "some corrected"])
def client(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A hub with records and captures whose times are not in the order of arrival; of some the value was corrected."""
    sys.path.append(str(ROOT / "bench"))
    from scale_rows import FIRST, fill

    app = create_app(load(tmp_path_factory.mktemp("filters") / "instance", {}, {}))
    parts = app.extensions["gatehouse"]
    fill(parts.backend.file, ROWS, ROWS, 1)
    connection = parts.backend.connect()
    for table, column in (("lpr_records", "occurred_at"), ("captures", "captured_at")):
        connection.execute(f"UPDATE {table} SET {column} = {FIRST} + (seq * 7919) % {ROWS} / 3")
    for table, key, column, records in (
        ("lpr_plates", "record_seq", "occurred_at", "lpr_records"),
        ("capture_tags", "capture_seq", "captured_at", "captures"),
    ):
        connection.execute(f"UPDATE {table} SET {column} = (SELECT {column} FROM {records} WHERE seq = {key})")
    connection.close()
    made = app.test_client()
    if request.param:
        correct(made)
    yield made
    close(app)


def correct(client: Any) -> None:
    """Give every ninth record the value of the one in the middle of them all, and that one another."""
    records, captures = pages(client, "/api/records", "records", {}), pages(client, "/api/captures", "captures", {})
    for kind, rows, key, values in (
        ("detection", records, "detection_id", [row["plates"][0]["plate"] for row in records]),
        ("capture", captures, "id", [row["number"] for row in captures]),
    ):
        places = [300, *range(4, ROWS, 9)] if kind == "detection" else range(4, ROWS, 9)
        common = values[300] or next(value for value in values[300:] if value)
        for place in places:
            value = "9ZZ9999" if place == 300 else common
            answer = client.post("/api/corrections", json={"kind": kind, "id": rows[place][key], "value": value})
            assert answer.status_code == 201, answer.json


def pages(client: Any, path: str, key: str, query: dict[str, str]) -> list[dict[str, Any]]:
    """Every row of a list, newest first, page by page."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        body = client.get(path, query_string={**query, **cursor, "limit": "25"}).json
        found += body[key][::-1] if key == "records" else body[key]
        if not body["next_cursor"]:
            return found
        cursor = {"cursor": body["next_cursor"]}


TIMES = {"from": "2025-10-09T08:54:00Z", "to": "2025-10-09T08:55:00Z"}
RECORD_FILTERS = {"camera": "cam07", "checkpoint": "gate3", "plate": "1AB*", **TIMES}
CAPTURE_FILTERS = {"station": "scale3", "success": "false", "tag": "", "number": "", **TIMES}


def subsets(filters: dict[str, str]) -> list[dict[str, str]]:
    return [dict(some) for size in range(len(filters) + 1) for some in itertools.combinations(filters.items(), size)]


@pytest.mark.parametrize("many", [False, True])
def test_records(client: Any, monkeypatch: pytest.MonkeyPatch, many: bool) -> None:
    """`many`: as if more plates matched than are looked up first."""
    monkeypatch.setattr(module, "MAX_COUNTED", 20 if many else 5000)
    every = pages(client, "/api/records", "records", {})
    assert len(every) == ROWS
    exact = every[300]["plates"][0]["plate"]
    assert 50 < sum(is_record(row, TIMES) for row in every) < ROWS / 2
    for query in [*subsets(RECORD_FILTERS), *subsets({**RECORD_FILTERS, "plate": exact})]:
        wanted = [row for row in every if is_record(row, query)]
        if "from" in query or "to" in query:
            arrival = {row["detection_id"]: -place for place, row in enumerate(every)}
            wanted.sort(key=lambda row: (row["occurred_at"], arrival[row["detection_id"]]), reverse=True)
        found = pages(client, "/api/records", "records", query)
        assert [row["detection_id"] for row in found] == [row["detection_id"] for row in wanted], query
        body = client.get("/api/records", query_string=query).json
        if body["total_is_exact"]:
            assert body["total_count"] == len(wanted), query
        else:
            assert many and body["total_count"] == 20 < len(wanted), query


def is_record(row: dict[str, Any], query: dict[str, str]) -> bool:
    plate = query.get("plate", "*")
    return (
        query.get("camera", row["camera_id"]) == row["camera_id"]
        and query.get("checkpoint", row["checkpoint_id"]) == row["checkpoint_id"]
        and any(
            value == plate or (plate[-1] == "*" and value.startswith(plate[:-1]))
            for each in row["plates"]
            for value in (each["plate"], (each["corrected"] or "").upper())
        )
        and query.get("from", "")[:19] <= row["occurred_at"][:19]
        and row["occurred_at"][:19] <= query.get("to", "9")[:19]
    )


def test_captures(client: Any) -> None:
    every = pages(client, "/api/captures", "captures", {})
    assert len(every) == ROWS
    some = next(row for row in every[300:] if row["success"])
    filters = {**CAPTURE_FILTERS, "tag": some["tag"].lower(), "number": some["number"]}
    for query in subsets(filters):
        wanted = [row for row in every if is_capture(row, query)]
        if "from" in query or "to" in query:
            continue  # the time that counts is not shown
        found = pages(client, "/api/captures", "captures", query)
        assert [row["id"] for row in found] == [row["id"] for row in wanted], query


def is_capture(row: dict[str, Any], query: dict[str, str]) -> bool:
    return (
        query.get("station", row["station"]) == row["station"]
        and query.get("success", str(row["success"])).lower() == str(row["success"]).lower()
        and query.get("number", row["number"]) in (row["number"], row["corrected_number"])
        and query.get("tag", row["tag"]).upper() == row["tag"]
    )


def test_captures_of_a_time_are_in_its_order(client: Any) -> None:
    connection = client.application.extensions["gatehouse"].backend.connect()
    stored = {row["id"]: dict(row) for row in connection.execute("SELECT * FROM captures")}
    connection.close()
    low, high = 1_760_000_040.0, 1_760_000_100.999
    for query in subsets({"station": "scale3", "success": "true"}):
        wanted = [row for row in stored.values() if low <= row["captured_at"] <= high]
        wanted = [row for row in wanted if query.get("station", row["station"]) == row["station"]]
        wanted = [row for row in wanted if "success" not in query or row["success"]]
        wanted.sort(key=lambda row: (row["captured_at"], row["seq"]), reverse=True)
        assert len(wanted) > 10
        times = {"from": str(low), "to": str(high)}
        found = pages(client, "/api/captures", "captures", {**query, **times})
        assert [row["id"] for row in found] == [row["id"] for row in wanted], query
