"""Files and thumbnails over real sockets: in pieces, finished or visibly broken off, kept by browsers."""

from __future__ import annotations

import csv
import io

import pytest
import requests
from PIL import Image

from tests.support.helpers import HubProcess, capture_result, jpeg, wait_for

ROWS = 300  # more than one piece


@pytest.fixture(scope="module")
def filled(hub: HubProcess) -> HubProcess:
    with requests.Session() as session:
        for number in range(ROWS):
            body = capture_result(
                f"T{number:05}", event_id=f"s{number}", number=f"{number:05}", started_ts=1_769_580_000 + number
            )
            assert session.post(f"{hub.url}/api/captures", json=body, timeout=10).status_code == 201
    return hub


def running(hub: HubProcess) -> int:
    return hub.get("/status")["exports"]["running"]


def test_a_csv_file_comes_in_pieces(filled: HubProcess) -> None:
    with requests.get(f"{filled.url}/api/entries.csv", stream=True, timeout=20) as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked" and "Content-Length" not in answer.headers
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["number"] for row in rows] == [f"{number:05}" for number in reversed(range(ROWS))]
    wait_for(lambda: running(filled) == 0, what="the end of the export")


def test_a_reader_that_goes_away_ends_the_export(filled: HubProcess) -> None:
    for path in ("/api/entries.csv", "/api/entries.xlsx"):
        with requests.get(filled.url + path, stream=True, timeout=20) as answer:
            assert answer.raw.read(10)
    wait_for(lambda: running(filled) == 0, what="the end of the exports")
    assert list((filled.instance / "exports").iterdir()) == []


def test_thumbnails_are_small_and_kept(filled: HubProcess) -> None:
    picture = jpeg(1280, 720)
    result = {"result": '{"event_id": "p", "tag": "P", "number": "1", "success": true}'}
    stored = requests.post(
        f"{filled.url}/api/captures", data=result, files={"primary": ("p.jpg", picture)}, timeout=10
    ).json()
    name = stored["primary_image_url"].rpartition("/")[2]
    answer = requests.get(f"{filled.url}/thumbnails/{name}", timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "image/jpeg"
    assert "immutable" in answer.headers["Cache-Control"] and len(answer.content) < 6000
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (320, 180)
    again = requests.get(
        f"{filled.url}/thumbnails/{name}", headers={"If-None-Match": answer.headers["ETag"]}, timeout=10
    )
    assert again.status_code == 304
    gone = requests.get(f"{filled.url}/thumbnails/P_primary_1.jpg", timeout=10)
    assert gone.status_code == 404 and gone.json()["message"] == "There is no picture of this name."
