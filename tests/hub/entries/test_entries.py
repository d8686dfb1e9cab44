"""Captures and detections as one list: order, pages, filters, and the files of exactly the same."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from hub import close, create_app
from hub.entries import exports
from hub.settings.file import load
from tests.support.helpers import capture_result
from tests.support.lpr import g4

START = 1_769_580_000.0


def capture(client, place: int, at: float, **more: object) -> str:
    own = {"tag": f"E2{place:06}", "number": f"{place:05}", "started_ts": at, "event_id": f"c{place}"}
    body = capture_result(**{**own, **more})
    answer = client.post("/api/captures", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json["id"]


def detection(client, plate: str, at: float, **more: object) -> str:
    answer = client.post(
        "/api/detection", json=g4(timestamp=at, created_at=at, ocr_results=[plate], plate_detections=[], **more)
    )
    assert answer.status_code in (200, 201), answer.text
    return answer.json["detection_id"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    environ = {"HUB_TIMEZONE": "Asia/Bangkok"}
    app = create_app(load(tmp_path_factory.mktemp("entries") / "instance", {}, environ))
    yield app
    close(app)


@pytest.fixture(scope="module")
def client(site):
    """A client of a hub with 12 captures and 12 detections, some at the same moment."""
    client = site.test_client()
    for number in range(12):
        failed = {"success": False, "number": "", "message": "=cmd|' /C calc'!A0"} if number % 4 == 0 else {}
        capture(client, number, START + number * 60, station="north" if number % 2 else "south", **failed)
    for number in range(12):
        detection(client, f"AB{number:03}", START + number * 60, aicamera_id="cam1" if number % 3 else "cam2")
    return client


def listed(client, **filters: object) -> list[dict]:
    rows: list[dict] = []
    cursor = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        body = client.get("/api/entries", query_string={"limit": 5, **filters, **more}).json
        assert body["success"] and len(body["entries"]) <= 5
        rows += body["entries"]
        cursor = body["next_cursor"]
        if not cursor:
            return rows


def test_both_kinds_in_one_order_page_by_page(client) -> None:
    rows = listed(client)
    assert len(rows) == 24 and len({row["id"] for row in rows}) == 24
    assert [row["happened_at"] for row in rows] == sorted((row["happened_at"] for row in rows), reverse=True)
    assert [row["kind"] for row in rows[:4]] == ["capture", "detection"] * 2
    assert rows[0]["capture"]["number"] == "00011" and rows[1]["detection"]["plates"][0]["text"] == "AB011"


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"kind": "capture"}, 12),
        ({"kind": "detection"}, 12),
        ({"station": "north"}, 6),
        ({"camera": "cam2"}, 4),
        ({"success": "false"}, 3),
        ({"success": "true"}, 9),
        ({"unread": "true"}, 3),
        ({"number": "00005"}, 1),
        ({"tag": "E2000005"}, 1),
        ({"tag": "e20000*"}, 12),
        ({"plate": "ab005"}, 1),
        ({"plate": "AB00*"}, 10),
        ({"text": "00005"}, 1),
        ({"text": "E2000005"}, 1),
        ({"text": "AB005"}, 1),
        ({"text": "*"}, 24),
        ({"text": "AB0*", "camera": "cam2"}, 4),
        ({"station": "north", "camera": "cam1"}, 0),
        ({"from": START + 60, "to": START + 120}, 4),
        ({"from": START + 60, "to": START + 120, "kind": "detection", "camera": "cam1"}, 2),
    ],
)
def test_filters(client, filters: dict[str, object], count: int) -> None:
    rows = listed(client, **filters)
    assert len(rows) == count
    text = client.get("/api/entries.csv", query_string=filters).data.decode("utf-8-sig")
    assert [row["id"] for row in csv.DictReader(io.StringIO(text))] == [row["id"] for row in rows]


def test_a_text_that_is_number_and_tag_comes_once(client) -> None:
    body = capture_result(tag="777", tags=["777"], number="777", started_ts=START - 900, event_id="both")
    assert client.post("/api/captures", json=body).status_code == 201
    assert len(listed(client, text="777")) == 1


@pytest.mark.parametrize(
    "filters",
    [
        {"cursor": "1"},
        {"cursor": "nan_capture_1"},
        {"cursor": "1e999_capture_1"},
        {"kind": "station"},
        {"success": "perhaps"},
        {"from": "yesterday"},
        {"text": "1", "plate": "1"},
        {"station": "x" * 300},
    ],
)
@pytest.mark.parametrize("path", ["/api/entries", "/api/entries.csv", "/api/entries.xlsx"])
def test_wrong_filters_are_refused_with_a_sentence(client, path: str, filters: dict[str, str]) -> None:
    if path != "/api/entries" and "cursor" in filters:
        return
    answer = client.get(path, query_string=filters)
    assert answer.status_code == 400 and answer.json["message"].endswith(".")


def test_csv_opens_in_a_spreadsheet_and_does_nothing_there(client) -> None:
    answer = client.get("/api/entries.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf") and answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="records_')
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    failed = next(row for row in rows if row["read"] == "no")
    assert failed["message"] == "'=cmd|' /C calc'!A0" and failed["number"] == ""
    newest = rows[0]
    assert newest["happened_at"] == "2026-01-28 13:11:00" and newest["happened_at_utc"].startswith(
        "2026-01-28T06:11:00"
    )
    assert newest["number"] == "00011" and newest["station"] == "north" and newest["kind"] == "capture"
    assert rows[1]["plates"] == "AB011" and rows[1]["camera"] == "cam1"


def cells(data: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert sheet.find(f".//{space}f") is None, "no formula"
    return [[cell.findtext(f".//{space}t") or "" for cell in row] for row in sheet.iter(f"{space}row")]


def test_xlsx_has_the_same_rows_and_leaves_no_file(client, site) -> None:
    answer = client.get("/api/entries.xlsx", query_string={"station": "south"})
    assert answer.status_code == 200, answer.text
    rows = cells(answer.data)
    assert rows[0][:2] == ["kind", "happened_at"] and len(rows) == 7
    assert any("=cmd|' /C calc'!A0" in row for row in rows)
    answer.close()
    folder = site.extensions["gatehouse"].settings.exports_path
    assert list(folder.iterdir()) == []


def test_too_many_rows_for_a_spreadsheet(client, site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_XLSX_ROWS", 3)
    answer = client.get("/api/entries.xlsx")
    assert answer.status_code == 400 and "CSV" in answer.json["message"]
    assert list(site.extensions["gatehouse"].settings.exports_path.iterdir()) == []


def test_only_a_few_files_are_made_at_a_time(client, site) -> None:
    running = site.extensions["gatehouse"].part(exports.Exports)
    for _ in range(exports.MOST_AT_ONCE):
        running.admit()
    try:
        for path in ("/api/entries.csv", "/api/entries.xlsx"):
            answer = client.get(path)
            assert answer.status_code == 503 and answer.headers["Retry-After"]
    finally:
        for _ in range(exports.MOST_AT_ONCE):
            running.release()
    assert client.get("/api/entries.csv").data and running.running == 0


def test_what_somebody_has_read_leaves_the_queue(client) -> None:
    before = listed(client, unread="true")
    body = {"kind": "capture", "id": before[0]["id"], "field": "number", "value": "55555"}
    assert client.post("/api/corrections", json=body).status_code == 201
    after = listed(client, unread="true", limit="2")
    assert [each["id"] for each in after] == [each["id"] for each in before[1:3]], "a page is as full as before"
    assert listed(client, number="55555")[0]["id"] == before[0]["id"]


def test_detections_without_a_readable_plate_are_in_the_queue_until_somebody_has_read_them(client) -> None:
    at = START + 7200
    plain = {"plate_detections": [], "vehicles_count": 1, "aicamera_id": "dim"}
    ids = []
    for place, plates in enumerate(([], [{"text": "QQ1", "confidence": 0.2}], [{"text": "QQ2", "confidence": 0.9}])):
        body = g4(timestamp=at + place, created_at=at + place, ocr_results=plates, **plain)
        ids.append(client.post("/api/detection", json=body).json["detection_id"])
    queue = listed(client, unread="true", camera="dim")
    assert [each["id"] for each in queue] == [ids[1], ids[0]]
    for record_id, value in ((ids[0], "QQ7"), (ids[1], "")):
        body = {"kind": "detection", "id": record_id, "field": "plate", "value": value}
        answer = client.post("/api/corrections", json=body)
        assert answer.status_code == 201, answer.text
    assert listed(client, unread="true", camera="dim") == []
    found = listed(client, plate="QQ7")
    assert [each["id"] for each in found] == ids[:1]
    assert found[0]["detection"]["plates"] == [
        {"text": "", "plate": "", "confidence": None, "box": None, "corrected": "QQ7"}
    ]
    text = client.get("/api/entries.csv", query_string={"plate": "QQ7"}).data.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["plates"], row["corrected_plates"], row["read"]) == ("", "QQ7", "no")


def test_what_somebody_has_corrected(client) -> None:
    made = client.get("/api/corrections").json["corrections"]
    if not any(each["kind"] == "capture" for each in made):
        first = listed(client, kind="capture")[0]["id"]
        assert client.post("/api/corrections", json={"kind": "capture", "id": first, "value": "1"}).status_code == 201
        made = client.get("/api/corrections").json["corrections"]
    ids = {each["id"] for each in made}
    every = listed(client)
    for filters in ({}, {"kind": "capture"}, {"text": "*0*"}, {"station": "south"}, {"from": START}):
        rows = [each["id"] for each in listed(client, **filters)]
        yes, no = (listed(client, corrected=flag, **filters) for flag in ("true", "false"))
        assert [each["id"] for each in yes] == [each for each in rows if each in ids], filters
        assert [each["id"] for each in no] == [each for each in rows if each not in ids], filters
    assert {each["id"] for each in listed(client, corrected="true")} == ids & {each["id"] for each in every}
    assert listed(client, corrected="true", unread="true") == []
    text = client.get("/api/entries.csv", query_string={"corrected": "true"}).data.decode("utf-8-sig")
    assert {row["id"] for row in csv.DictReader(io.StringIO(text))} == ids


def test_pages_to_print(client) -> None:
    failed = listed(client, unread="true")[0]["id"]
    ticket = client.get(f"/records/capture/{failed}/ticket")
    assert ticket.status_code == 200 and failed in ticket.text and "28 January" not in ticket.text
    assert client.get("/records/capture/nothing/ticket").status_code == 404
    report = client.get("/reports/2026-01-28")
    assert report.status_code == 200
    assert "AB011" in report.text and "E2000011" in report.text and failed in report.text
    assert report.text.count('<tr><th scope="row">') == 24
    for day in ("2026-01-32", "yesterday", "20260128", "0001-01-01"):
        assert client.get(f"/reports/{day}").status_code == 404


def test_the_page_of_a_record(client) -> None:
    for path in ("/records", "/records/capture/x", "/records/detection/x"):
        answer = client.get(path)
        assert answer.status_code == 200 and answer.text.count("<h1") == 1
    assert client.get("/records/station/x").status_code == 404
