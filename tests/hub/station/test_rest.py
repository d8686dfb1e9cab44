"""The capture routes, with Flask's test client."""

from __future__ import annotations

import base64
import io
import json

import pytest

from hub.station.service import Captures, Query
from tests.support.helpers import capture_result, jpeg


def send(client, **fields):
    answer = client.post("/api/captures", json=capture_result(**fields))
    assert answer.status_code in (200, 201), answer.json
    return answer.json


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def test_multipart_with_pictures(client, app) -> None:
    pictures = {
        kind: jpeg(colour=colour)
        for kind, colour in (("primary", (1, 2, 3)), ("secondary", (90, 2, 3)), ("label", (1, 200, 3)))
    }
    parts = {kind: (io.BytesIO(data), "../../../etc/passwd") for kind, data in pictures.items()}
    answer = client.post("/api/captures", data={"result": json.dumps(capture_result("E2/00..34")), **parts})
    assert answer.status_code == 201
    assert answer.json["warnings"] == []
    for kind, data in pictures.items():
        link = answer.json[f"{kind}_image_url"]
        assert link == f"http://localhost:3000/images/E20034_{kind}_1769581721123.jpg"
        got = client.get(path_of(link))
        assert (got.status_code, got.content_type, got.data) == (200, "image/jpeg", data)
        assert "immutable" in got.headers["Cache-Control"]
        assert client.get(path_of(link), headers={"If-None-Match": got.headers["ETag"]}).status_code == 304
    folder = app.extensions["gatehouse"].images.folder
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == sorted(
        f"E20034_{kind}_1769581721123.jpg" for kind in pictures
    )


def test_json_with_base64_and_data_url(client) -> None:
    data = jpeg()
    text = base64.b64encode(data).decode()
    body = send(client, primary_image=text, label_image=f"data:image/jpeg;base64,{text}")
    for kind in ("primary", "label"):
        assert client.get(path_of(body[f"{kind}_image_url"])).data == data
    assert body["secondary_image_url"] == ""


def test_png_keeps_its_type(client) -> None:
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG")
    link = send(client, primary_image=base64.b64encode(data.getvalue()).decode())["primary_image_url"]
    assert link.endswith(".png")
    assert client.get(path_of(link)).content_type == "image/png"


def test_senders_own_picture_addresses_are_kept(client) -> None:
    link = "http://10.1.2.3:3000/images/T_primary_1.jpg"
    assert send(client, primary_image_url=link)["primary_image_url"] == link


def test_a_picture_that_came_stands_over_the_address_beside_it(client) -> None:
    address = "http://127.0.0.1:3000/images/T_primary_1.jpg"
    good = send(client, event_id="good", primary_image_url=address, primary_image=base64.b64encode(jpeg()).decode())
    assert good["primary_image_url"] != address and client.get(path_of(good["primary_image_url"])).data == jpeg()
    corrupt = send(
        client, event_id="corrupt", primary_image_url=address, primary_image=base64.b64encode(b"noise").decode()
    )
    assert corrupt["primary_image_url"] == "", "a link to nothing"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut off", jpeg(640, 480)[:-300]),
        ("noise", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4),
        ("a web page", b"<!doctype html><p>camera login"),
        ("a bomb", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\0\0\0\1\0\0\x08\x02\0\0\0\0\0\0\0"),
    ],
)
def test_a_corrupt_picture_does_not_cost_the_record(client, app, name: str, data: bytes) -> None:
    answer = client.post(
        "/api/captures",
        data={
            "result": json.dumps(capture_result()),
            "primary": (io.BytesIO(data), "p.jpg"),
            "secondary": (io.BytesIO(jpeg()), "s.jpg"),
        },
    )
    assert answer.status_code == 201
    assert answer.json["primary_image_url"] == ""
    assert client.get(path_of(answer.json["secondary_image_url"])).status_code == 200
    assert len(answer.json["warnings"]) == 1 and answer.json["warnings"][0].startswith("The primary picture")
    kept = list(app.extensions["gatehouse"].images.undecodable_folder.iterdir())
    assert [path.read_bytes() for path in kept] == [data]
    assert client.get(f"/api/captures/{answer.json['id']}").json["capture"]["warnings"] == answer.json["warnings"]


def test_the_same_record_twice_is_stored_once(client) -> None:
    first = send(client, event_id="e-1", station="north")
    again = client.post("/api/captures", json=capture_result(event_id="e-1", station="north", number="99999"))
    assert again.status_code == 200
    assert again.json == {**first, "duplicate": True}
    other = client.post("/api/captures", json=capture_result(event_id="e-1", station="south"))
    assert other.status_code == 201
    assert len(client.get("/api/captures").json["captures"]) == 2


def test_without_event_id_the_content_decides(client) -> None:
    first = send(client)
    assert send(client)["duplicate"] is True
    assert "duplicate" not in send(client, finished_ts=1769581727.0)
    assert "duplicate" not in send(client, primary_image=base64.b64encode(jpeg()).decode())
    assert send(client)["id"] == first["id"]


def test_without_any_time_a_repeat_at_once_is_the_same_record(client) -> None:
    record = {"tag": "A", "success": True, "number": "00001"}
    first = client.post("/api/captures", json=record)
    again = client.post("/api/captures", json=record)
    assert again.json == {**first.json, "duplicate": True}


def test_pictures_of_one_moment_get_names_of_their_own(client) -> None:
    links = [
        send(client, event_id=str(number), primary_image=base64.b64encode(jpeg(colour=(number, 0, 0))).decode())[
            "primary_image_url"
        ]
        for number in (1, 90, 180)
    ]
    assert len(set(links)) == 3
    assert len({client.get(path_of(link)).data for link in links}) == 3


def test_list_newest_first_with_cursor(client) -> None:
    ids = [send(client, event_id=str(number))["id"] for number in range(7)]
    seen, cursor = [], None
    for size in (3, 3, 1):
        body = client.get("/api/captures", query_string={"limit": 3, **({"cursor": cursor} if cursor else {})}).json
        assert body["success"] is True
        assert len(body["captures"]) == size
        seen += [row["id"] for row in body["captures"]]
        cursor = body["next_cursor"]
        send(client, event_id=f"late {len(seen)}")  # a new record does not shift the pages
    assert cursor is None
    assert seen == ids[::-1]


def test_list_filters(client) -> None:
    send(client, event_id="1", tag="AA", tags=["AA", "B2"], number="00001", started_ts=1769500800.0, station="x")
    send(client, event_id="2", tag="CC", tags=["CC"], number="", success=False, started_ts=1769587200.0)

    def found(**query) -> list[str]:
        return sorted(row["event_id"] for row in client.get("/api/captures", query_string=query).json["captures"])

    assert found() == ["1", "2"]
    assert (
        found(tag="aa")
        == found(tag="B2")
        == found(number="00001")
        == found(success="true")
        == found(station="x")
        == ["1"]
    )
    assert found(success="false") == found(tag="CC") == ["2"]
    assert found(number="1") == []
    assert (
        found(**{"from": "1769587200"})
        == found(**{"from": "2026-01-28T08:00:00Z"})
        == found(**{"from": "2026-01-28T15:00:00+07:00"})
        == ["2"]
    )
    assert found(to="1769500800") == ["1"]
    assert found(**{"from": "2026-01-01", "to": "2026-12-31"}) == ["1", "2"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=-1",
        "limit=%C2%B2",
        "cursor=abc",
        "cursor=99999999999999999999",
        "success=perhaps",
        "from=noon",
        "to=2026-13-01",
    ],
)
def test_bad_queries_get_a_sentence(shared_client, query: str) -> None:
    answer = shared_client.get(f"/api/captures?{query}")
    assert answer.status_code == 400
    assert set(answer.json) == {"success", "message", "errors"}
    assert query.split("=")[0] in answer.json["message"]


def test_one_capture(client) -> None:
    body = send(client, event_id="one", station="gate")
    capture = client.get(f"/api/captures/{body['id']}").json["capture"]
    expected = capture_result(event_id="one", station="gate")
    assert {key: capture[key] for key in expected} == expected
    assert capture["received_at"].endswith("Z")
    missing = client.get("/api/captures/none")
    assert (missing.status_code, missing.json["success"]) == (404, False)


def test_a_picture_larger_than_taken(client, app) -> None:
    limit = app.extensions["gatehouse"].settings.limits.max_picture_mb * 1024 * 1024
    body = b"".join(
        [
            b'--b\r\nContent-Disposition: form-data; name="result"\r\n\r\n',
            json.dumps(capture_result()).encode(),
            b'\r\n--b\r\nContent-Disposition: form-data; name="primary"; filename="p"\r\n\r\n\xff\xd8\xff',
            bytes(limit),
            b"\r\n--b--\r\n",
        ]
    )
    answer = client.post("/api/captures", data=body, content_type="multipart/form-data; boundary=b")
    assert answer.status_code == 413
    assert "primary" in answer.json["message"]


MULTIPART = b'--b\r\nContent-Disposition: form-data; name="result"\r\n\r\n{"tag": "A"}\r\n'


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (MULTIPART, "multipart/form-data; boundary=b", 400),
        (MULTIPART + b"--b--\r\n", "multipart/form-data", 400),
        (b"", "multipart/form-data; boundary=b", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="result"\r\n\r\n{"tag"\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
        ),
        (
            b"".join(b'--b\r\nContent-Disposition: form-data; name="%d"\r\n\r\n1\r\n' % number for number in range(80))
            + b"--b--\r\n",
            "multipart/form-data; boundary=b",
            413,
        ),
        (b"tag=A", "application/x-www-form-urlencoded", 415),
        (b"tag", "text/plain", 415),
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
    ],
)
def test_bodies_that_are_none(shared_client, body: bytes, kind: str, status: int) -> None:
    answer = shared_client.post("/api/captures", data=body, content_type=kind)
    assert answer.status_code == status
    assert set(answer.json) == {"success", "message", "errors"}
    assert shared_client.get("/api/captures").json["captures"] == []


def test_unknown_parts_are_named(client) -> None:
    answer = client.post(
        "/api/captures", data={"result": json.dumps(capture_result()), "thumbnail": (io.BytesIO(jpeg()), "t.jpg")}
    )
    assert answer.json["warnings"] == ["The part thumbnail is not known and was left out"]


def test_what_was_not_read_is_kept(client, app) -> None:
    send(client, weight_kg=18250, attempts="many")
    row = app.extensions["gatehouse"].part(Captures).find(Query())[0][0]
    assert json.loads(row["unread"]) == {"weight_kg": 18250, "attempts": "many"}


def test_a_hub_that_cannot_store_says_when_to_come_again(client, app) -> None:
    app.extensions["gatehouse"].writer.close()
    answer = client.post("/api/captures", json=capture_result())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert set(answer.json) == {"success", "message", "errors", "retry_after"} and answer.json["retry_after"] == 2


def test_what_was_delivered_late_stands_where_it_belongs(client) -> None:
    times = {"a": 1000.0, "b": 3000.0, "late": 2000.0, "same": 3000.0, "c": 4000.0}
    for event_id, started in times.items():
        send(client, event_id=event_id, started_ts=1769581000.0 + started, finished_ts=None)
    order = ["c", "same", "b", "late", "a"]
    listed = client.get("/api/captures?order=time").json["captures"]
    assert [row["event_id"] for row in listed] == order
    assert listed[0]["captured_at"] == "2026-01-28T07:23:20.000000Z"
    arrival = client.get("/api/captures").json["captures"]
    assert [row["event_id"] for row in arrival] == list(times)[::-1]
    found, cursor = [], ""
    for _ in order:
        body = client.get(f"/api/captures?order=time&limit=1&cursor={cursor}").json
        found += [row["event_id"] for row in body["captures"]]
        cursor = body["next_cursor"] or ""
    assert (found, cursor) == (order, "")
    until = client.get(f"/api/captures?order=time&to={listed[2]['captured_at']}").json["captures"]
    assert [row["event_id"] for row in until] == ["same", "b", "late", "a"]
    assert client.get("/api/captures?order=size").status_code == 400


def test_pages_in_the_order_of_capture_are_read_by_the_index(app) -> None:
    hub = app.extensions["gatehouse"]
    connection = hub.backend.connect()
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT * FROM captures WHERE (captured_at, seq) < "
        "((SELECT captured_at FROM captures WHERE seq = 5), 5) ORDER BY captured_at DESC, seq DESC LIMIT 26",
        {},
    ).fetchall()
    connection.close()
    text = " ".join(str(row["detail"]) for row in plan)
    assert "USING INDEX captures_captured" in text and "TEMP B-TREE" not in text


@pytest.mark.parametrize(
    "query, found",
    [
        ("number=123*", ["c", "b", "a"]),
        ("number=1234*", ["c", "a"]),
        ("number=12345", ["a"]),
        ("number=123*&order=time&limit=2", ["c", "b"]),
        ("number=9*", []),
        ("tag=e28*", ["b", "a"]),
        ("tag=E280*&number=1239*", ["b"]),
    ],
)
def test_the_beginning_of_a_number_or_tag_finds_it(client, query: str, found: list[str]) -> None:
    for event_id, number, tag in (("a", "12345", "E2801"), ("b", "12399", "E2802"), ("c", "12347", "E3001")):
        send(client, event_id=event_id, number=number, tag=tag, tags=[tag], started_ts=1769581000.0 + ord(event_id))
    listed = client.get(f"/api/captures?{query}").json["captures"]
    assert [row["event_id"] for row in listed] == found
