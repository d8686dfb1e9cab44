"""Corrections of numbers and plates: history, lists, searches, /events, the queue of unread captures, the audit log."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete

from hub import close, create_app
from hub.corrections import export
from hub.settings.file import load
from hub.station.repository import CAPTURES
from tests.support import stores
from tests.support.helpers import capture_result, jpeg, wait_for
from tests.support.lpr import PICTURE_TEXT, g4

pytestmark = pytest.mark.stores


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, store: str) -> Iterator[Any]:
    instance = tmp_path_factory.mktemp("corrections") / "instance"
    made = create_app(load(instance, {}, stores.environ(instance)))
    yield made
    close(made)


@pytest.fixture
def client(app: Any) -> Any:
    return app.test_client()


def store(client: Any, **fields: Any) -> str:
    return str(client.post("/api/captures", json=capture_result(**fields)).json["id"])


def detect(client: Any, **fields: Any) -> str:
    return str(client.post("/api/detection", json=g4(**fields)).json["detection_id"])


def correct(client: Any, record_id: str, value: str, kind: str = "capture", **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/corrections", json={"kind": kind, "id": record_id, "value": value, **fields})
    assert answer.status_code == 201, answer.json
    return dict(answer.json["correction"])


def numbers(client: Any, text: str) -> list[str]:
    return [row["id"] for row in client.get("/api/captures", query_string={"number": text}).json["captures"]]


def found(client: Any, plate: str) -> tuple[list[str], int]:
    body = client.get("/api/records", query_string={"plate": plate}).json
    return [row["detection_id"] for row in body["records"]][::-1], body["total_count"]


def test_the_newest_correction_counts_and_every_one_is_kept(client: Any) -> None:
    capture = store(client, event_id="history", number="71111")
    assert client.get(f"/api/captures/{capture}").json["capture"]["corrected_number"] is None
    first = correct(client, capture, "71117", note="mud on the label")
    second = correct(client, capture, "71171")
    assert (first["read"], first["before"], first["value"], first["note"]) == ("71111", "71111", "71117", first["note"])
    assert (second["read"], second["before"], second["value"]) == ("71111", "71117", "71171")
    assert first["who"] == "this machine" and first["note"] == "mud on the label" and first["at"].endswith("Z")
    shown = client.get(f"/api/captures/{capture}").json["capture"]
    assert (shown["number"], shown["corrected_number"]) == ("71111", "71171")
    history = client.get(f"/api/corrections?kind=capture&id={capture}").json["corrections"]
    assert [row["value"] for row in history] == ["71171", "71117"]
    assert [row["newest"] for row in history] == [True, False]
    listed = client.get("/api/captures?limit=1").json["captures"][0]
    assert (listed["id"], listed["corrected_number"]) == (capture, "71171")


def test_filters_beside_a_corrected_plate(client: Any) -> None:
    times = {"early": "2026-01-28T09:00:00Z", "late": "2026-01-28T11:00:00Z"}
    ids = {
        (camera, name): detect(client, aicamera_id=camera, timestamp=moment, ocr_results=["CB 771"])
        for camera in ("beside 1", "beside 2")
        for name, moment in times.items()
    }
    misread = detect(client, aicamera_id="beside 1", timestamp=times["late"], ocr_results=["CB 711"])
    correct(client, misread, "CB 771", "detection")

    def some(**query: str) -> list[str]:
        body = client.get("/api/records", query_string={"plate": "CB771", **query}).json
        assert body["total_count"] == len(body["records"])
        return sorted(row["detection_id"] for row in body["records"])

    late = [ids["beside 1", "late"], misread]
    assert some(camera="beside 1") == sorted([ids["beside 1", "early"], *late])
    assert some(camera="beside 2") == sorted([ids["beside 2", "early"], ids["beside 2", "late"]])
    assert some(camera="beside 1", **{"from": "2026-01-28T10:00:00Z"}) == sorted(late)
    assert some(camera="beside 2", to="2026-01-28T10:00:00Z") == [ids["beside 2", "early"]]
    assert some(checkpoint="3", camera="beside 2", **{"from": times["late"]}) == [ids["beside 2", "late"]]


def test_searches_find_what_was_read_and_what_counts(client: Any) -> None:
    capture = store(client, event_id="searched", number="86420")
    correct(client, capture, "97531")
    correct(client, capture, "97532")
    for text in ("86420", "864*", "*642*", "*42*", "97532", "975*", "*753*", "*32*"):
        assert capture in numbers(client, text), text
    for text in ("97531", "*531*"):
        assert capture not in numbers(client, text), text
    assert numbers(client, "*9753*") == [capture]
    with_station = client.get("/api/captures?number=*9753*&success=true").json["captures"]
    assert [row["id"] for row in with_station] == [capture]


def test_plates_of_a_detection_are_corrected_one_by_one(client: Any) -> None:
    record = detect(client, event_id="two plates", ocr_results=["XX 1111", "YY 2222"])
    made = correct(client, record, "กก ๑๒๓๔", "detection", index=1)
    assert (made["field"], made["index"], made["read"]) == ("plate", 1, "YY 2222")
    shown = client.get(f"/api/records/{record}").json["record"]["plates"]
    assert [(plate["text"], plate["corrected"]) for plate in shown] == [("XX 1111", None), ("YY 2222", "กก ๑๒๓๔")]
    for text in ("กก1234", "กก*", "*123*", "*๒๓*", "YY2222", "*Y 22*", "xx1111"):
        assert found(client, text) == ([record], 1), text
    camera = client.get("/api/records").json["records"][-1]["camera_id"]
    body = client.get("/api/records", query_string={"plate": "*ก12*", "camera": camera}).json
    assert [row["detection_id"] for row in body["records"]] == [record]


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "capture"},
        {"kind": "truck", "id": "x", "value": "1"},
        {"kind": "capture", "id": "x", "value": None},
        {"kind": "capture", "id": "x", "value": "1" * 101},
        {"kind": "capture", "id": "x", "value": "1", "field": "plate"},
        {"kind": "capture", "id": "x", "value": "1", "index": -1},
        {"kind": "capture", "id": "x", "value": "1", "index": True},
        {"kind": "capture", "id": "x", "value": "1", "note": ["no"]},
    ],
)
def test_what_is_no_correction_is_refused_with_a_sentence(client: Any, sent: dict[str, Any]) -> None:
    answer = client.post("/api/corrections", json=sent)
    assert answer.status_code == 400 and answer.json["message"].startswith("The correction cannot be taken")


def test_what_does_not_exist_cannot_be_corrected(client: Any) -> None:
    record = detect(client, event_id="one plate", ocr_results=["ZZ 9"])
    sent = {"kind": "detection", "id": record, "index": 1, "value": "ZZ 8"}
    assert client.post("/api/corrections", json=sent).status_code == 400
    assert client.post("/api/corrections", json={**sent, "index": 0, "value": "--"}).status_code == 400
    assert client.post("/api/corrections", json={**sent, "id": "unknown"}).status_code == 404
    assert client.get("/api/corrections?kind=truck").status_code == 400


def test_unread_captures_wait_until_somebody_has_seen_them(client: Any) -> None:
    failed = store(client, event_id="failed", success=False, number="")
    odd = store(client, event_id="odd", success=True, number="")
    guessed = store(client, event_id="guessed", success=False, number="4")
    waiting = [row["id"] for row in client.get("/api/unread").json["captures"]]
    assert waiting[:3] == [guessed, odd, failed]
    first = client.get("/api/unread?limit=2").json
    rest = client.get("/api/unread", query_string={"cursor": first["next_cursor"]}).json
    assert [row["id"] for row in (*first["captures"], *rest["captures"])] == waiting
    correct(client, odd, "")
    correct(client, failed, "55555")
    assert [row["id"] for row in client.get("/api/unread").json["captures"]] == [guessed, *waiting[3:]]
    assert client.get(f"/api/captures/{odd}").json["capture"]["corrected_number"] == ""


def test_pages_are_told_and_other_listeners_see_no_change(
    app: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = app.extensions["gatehouse"]
    made: list[dict[str, Any]] = []
    sent: list[dict[str, Any]] = []

    def publish(payload: Any, **_: Any) -> None:
        message = json.loads(payload("gate") if callable(payload) else payload)
        if not message["event"].startswith("visit"):  # of what was stored before
            sent.append(message)

    monkeypatch.setattr(hub.pages, "publish", publish)
    hub.bus.subscribe("correction made", made.append)
    capture = store(client, event_id="told")
    correction = correct(client, capture, "31313")
    assert made == [correction]
    assert sent[-1] == {"event": "correction", "correction": correction}
    assert sent[0]["event"] == "capture" and sent[0]["capture"]["corrected_number"] is None
    feed = hub.feeds["captures"]
    body = feed.after(feed.newest() - 1, 1).items[0].body
    assert body["id"] == capture and "corrected_number" not in body
    record = detect(client, event_id="delivered", ocr_results=["DD 1"])
    correct(client, record, "DD 2", "detection")
    feed = hub.feeds["detections"]
    body = feed.after(feed.newest() - 1, 1).items[0].body
    assert body["id"] == record and set(body["plates"][0]) == {"text", "plate", "confidence", "box"}


def test_the_audit_log_has_who_and_what(client: Any) -> None:
    capture = store(client, event_id="audited", number="12121")
    correct(client, capture, "12122")

    def entries() -> list[dict[str, Any]]:
        return [row for row in client.get("/api/audit").json["audit"] if row["target"] == capture]

    entry = wait_for(entries)[0]
    assert entry["action"] == "capture.correct"
    assert entry["detail"] == {"before": "12121", "value": "12122"}


def archive(client: Any, query: str = "") -> zipfile.ZipFile:
    answer = client.get(f"/api/corrections/export{query}")
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.data))


def test_the_labelled_set_has_pictures_and_texts(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = jpeg(40, 30, (1, 2, 3))
    files = {name: (io.BytesIO(jpeg(60, 40) if name != "label" else picture), "x.jpg") for name in ("primary", "label")}
    result = '{"tag": "E1", "event_id": "pictured", "number": "=1+1", "success": true}'
    capture = client.post("/api/captures", data={"result": result, **files}).json["id"]
    correct(client, capture, "11")
    correct(client, capture, "12")
    made = archive(client, "?kind=capture")
    assert made.testzip() is None
    lines = made.read("labels.csv").decode("utf-8-sig").splitlines()
    assert lines[0] == "picture,text,read,who,when"
    row = next(line for line in lines if "=1+1" in line).split(",")
    assert row[1:4] == ["12", "'=1+1", "this machine"] and made.read(row[0]) == picture
    assert len(made.namelist()) == len(lines)
    record = detect(client, event_id="pictured too", ocr_results=["PP 1"], cropped_plates=[PICTURE_TEXT])
    correct(client, record, "PP 2", "detection")
    both = archive(client)
    assert len(both.namelist()) == len(made.namelist()) + 1
    monkeypatch.setattr(export, "MAX_PICTURES", 1)
    monkeypatch.setattr("hub.corrections.rest.MAX_PICTURES", 1)
    first = archive(client)
    assert first.namelist()[1:] == ["labels.csv", "more.txt"]
    cursor = first.read("more.txt").decode().strip().rpartition("=")[2]
    assert not set(archive(client, f"?cursor={cursor}").namelist()[:1]) & set(first.namelist()[:1])


def test_an_archive_that_is_broken_off_lets_the_next_one_begin(client: Any) -> None:
    for _ in range(5):
        answer = client.get("/api/corrections/export", buffered=False)
        assert answer.status_code == 200
        answer.close()


def test_corrections_go_with_their_record(app: Any, client: Any) -> None:
    capture = store(client, event_id="gone", number="60606")
    correct(client, capture, "70707")
    assert numbers(client, "*0707*") == [capture]
    hub = app.extensions["gatehouse"]
    gone = hub.backend.compile(delete(CAPTURES).where(CAPTURES.columns.id == capture))
    hub.writer.write(lambda transaction: transaction.execute(*gone))
    assert client.get(f"/api/corrections?id={capture}").json["corrections"] == []
    assert numbers(client, "*0707*") == [] and numbers(client, "70707") == []
    connection = hub.backend.connect()
    left = connection.execute("SELECT value FROM searched_values WHERE value IN ('60606', '70707')").fetchall()
    connection.close()
    assert left == []
