"""Readings by POST, stored readings by GET, and the poll of older games (docs/wire/apriltag.md 1.3, 2.3)."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.hub.apriltag.test_contract import INVALID, VALID, stem
from tests.support import ws
from tests.support.helpers import HubProcess, wait_for
from tests.support.tags import TOKEN, Board, GameClient, record, stalled_game, tag_hub

ACK_BODY = {"status": "received", "event": "apriltag_ack"}
POLL = "/client_gdevelop_to_server__smartcam_data_get"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with tag_hub(tmp_path_factory.mktemp("posts")) as process:
        yield process
        assert "Traceback" not in process.text()
        assert TOKEN not in process.text() and TOKEN not in (process.instance / "hub.log").read_text("utf-8")


def post(
    hub: HubProcess, body: Any, path: str = "/apriltag", port: int = 0, token: str | None = TOKEN, **headers: str
) -> requests.Response:
    sent = {"Content-Type": "application/json", **({"Authorization": token} if token is not None else {}), **headers}
    data = body if isinstance(body, (bytes, str)) else json.dumps(body, separators=(",", ":"))
    return requests.post(
        f"http://127.0.0.1:{port or hub.port}{path}", data=data, headers=sent, timeout=10, allow_redirects=False
    )


def stored(hub: HubProcess, **query: Any) -> list[dict[str, Any]]:
    return hub.get("/api/apriltags", **query)["apriltags"]


@pytest.mark.parametrize("path", ["/apriltag", "/apriltag/"])
@pytest.mark.parametrize("side", ["main", "apriltag"])
@pytest.mark.parametrize("scheme", ["", "Bearer ", "bearer "])
def test_a_post_on_both_ports_and_both_paths(hub: HubProcess, path: str, side: str, scheme: str) -> None:
    answer = post(hub, record(tag_id=11), path, hub.port if side == "main" else hub.side["apriltag"], scheme + TOKEN)
    assert answer.status_code == 200 and answer.json() == ACK_BODY
    assert not answer.history and "WWW-Authenticate" not in answer.headers


def test_as_esp_http_client_sends_it(hub: HubProcess) -> None:
    body = json.dumps(record(tag_id=12)).encode()
    head = (
        "POST /apriltag HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\n"
        f"Host: 127.0.0.1:{hub.port}\r\nContent-Type: application/json\r\n"
        f"Authorization: {TOKEN}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    status, headers, text = ws.exchange(hub.port, head + body)
    assert (
        status == 200
        and headers["connection"] == "close"
        and text == b'{"status": "received", "event": "apriltag_ack"}'
    )


@pytest.mark.parametrize(
    "token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer", "Bearer "]
)
def test_without_the_token_nothing_is_taken(hub: HubProcess, token: str | None) -> None:
    with GameClient(hub) as game:
        answer = post(hub, record(tag_id=13), token=token)
        assert answer.status_code == 401 and "WWW-Authenticate" not in answer.headers
        body = answer.json()
        assert (
            body["error"] == "Invalid auth_token" and body["success"] is False and "apriltag.token" in body["message"]
        )
        post(hub, record(tag_id=14))
        assert game.reading(14)["tag_id"] == 14
    assert not stored(hub, tag=13)


@pytest.mark.parametrize("path", VALID, ids=stem)
def test_every_valid_form_is_taken_and_told_to_games(hub: HubProcess, path: Path) -> None:
    before = time.time()
    with GameClient(hub) as game:
        assert post(hub, path.read_bytes()).json() == ACK_BODY
        for reading in json.loads(path.with_suffix(".becomes.json").read_text("utf-8")):
            # A cached reading of an earlier test may come first; it has an earlier time.
            heard = wait_for(
                lambda: next((one for one in [game.hear()] if one.get("server_timestamp", 0) >= before), None)
            )
            assert isinstance(heard.pop("server_timestamp"), float)
            assert heard == {"event": "apriltag_data", **reading["payload"]}


@pytest.mark.parametrize(
    "path", [path for path in VALID if path.stem not in ("apriltag_event_in_payload", "apriltag_reserved")], ids=stem
)
def test_every_valid_form_over_a_websocket(hub: HubProcess, path: Path) -> None:
    """There the message's own `event` says that it is a reading, so the two forms with another one are none."""
    text = path.read_text("utf-8")
    if '"event":"apriltag_data"' not in text:
        text = text.replace("{", '{"event":"apriltag_data",', 1)
    expected = json.loads(path.with_suffix(".becomes.json").read_text("utf-8"))
    before = hub.get("/status")["apriltag"]["received"]
    with Board(hub) as board:
        board.say(text)
        assert board.hear() == {"event": "apriltag_ack", "status": "received"}
        assert board.quiet()
    assert hub.get("/status")["apriltag"]["received"] == before + len(expected)
    rows = stored(hub, limit=len(expected))[::-1]
    for row, reading in zip(rows, expected, strict=True):
        assert row["door"] == "websocket" and row["tag_id"] == reading["tag_id"]
        assert {key: row[key] for key in reading["payload"] if key not in ("id", "tag_id")} == {
            key: value for key, value in reading["payload"].items() if key not in ("id", "tag_id")
        }


@pytest.mark.parametrize("path", INVALID, ids=stem)
def test_every_invalid_form_gets_its_status(hub: HubProcess, path: Path) -> None:
    expected = json.loads(path.with_suffix(".error.json").read_text("utf-8"))
    answer = post(hub, path.read_bytes())
    assert answer.status_code == expected["status"] and answer.json()["message"].startswith(expected["message"])
    assert answer.json()["success"] is False and answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"tag_id":1}', "text/plain", 415),
        (b'{"tag_id":1}', "application/x-www-form-urlencoded", 415),
        (b'{"a":"' + b"x" * 70_000 + b'"}', "application/json", 413),
        (bytes(3_000_000), "application/json", 413),
    ],
)
def test_bodies_that_are_none(hub: HubProcess, body: bytes, kind: str, status: int) -> None:
    answer = post(hub, body, **{"Content-Type": kind})
    assert answer.status_code == status
    if body in (b"", b"{}"):
        assert answer.json()["error"] == "No JSON body"


def test_a_body_without_a_length_is_bounded_too(hub: HubProcess) -> None:
    def pieces(count: int) -> Iterator[bytes]:
        yield b'{"tag_id":15,"note":"'
        for _ in range(count):
            yield b"x" * 1000
        yield b'"}'

    headers = {"Authorization": TOKEN, "Content-Type": "application/json"}
    assert requests.post(f"{hub.url}/apriltag", data=pieces(3), headers=headers, timeout=10).status_code == 200
    assert requests.post(f"{hub.url}/apriltag", data=pieces(90), headers=headers, timeout=10).status_code == 413


def test_other_methods_are_told_what_is_taken(hub: HubProcess) -> None:
    for path in ("/apriltag", "/apriltag/"):
        answer = requests.get(hub.url + path, timeout=10, allow_redirects=False)
        assert answer.status_code == 405 and answer.headers["Allow"] == "POST" and answer.json()["success"] is False


def test_a_body_that_ends_early_costs_nobody_anything(hub: HubProcess) -> None:
    with ws.connect(hub.port) as sock:
        sock.sendall(
            f"POST /apriltag HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {TOKEN}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode()
        )
        sock.shutdown(socket.SHUT_WR)
        assert ws.read_response(sock)[0] == 400
    assert post(hub, record()).status_code == 200


@pytest.mark.slow
def test_a_game_that_stalls_delays_no_post_and_no_other_game(hub: HubProcess) -> None:
    stalled = stalled_game(hub)
    with GameClient(hub) as game:
        for number in range(300):
            assert post(hub, record(tag_id=16, x_cm=number, note="x" * 3000)).status_code == 200
        while game.reading(16)["x_cm"] != 299:
            pass
    stalled.close()


# -- stored


def test_what_was_sent_is_found_again(hub: HubProcess) -> None:
    sent = record(tag_id=301, battery=87)
    assert post(hub, {**sent, "event": "spoofed"}).status_code == 200
    (row,) = stored(hub, tag=301)
    assert {key: row[key] for key in sent} == sent
    assert row["board"] == "127.0.0.1" and row["door"] == "http" and row["source"] is None and "event" not in row
    assert abs(row["server_timestamp"] - time.time()) < 30 and row["received_at"].endswith("Z")


def test_pages_and_filters(hub: HubProcess) -> None:
    for number in range(7):
        post(hub, record(tag_id=302, x_cm=number))
    seen: list[float] = []
    cursor: dict[str, str] = {}
    while True:
        body = hub.get("/api/apriltags", tag=302, limit=3, **cursor)
        assert body["success"] is True and len(body["apriltags"]) <= 3
        seen += [row["x_cm"] for row in body["apriltags"]]
        if not body["next_cursor"]:
            break
        cursor = {"cursor": body["next_cursor"]}
    assert seen == [6, 5, 4, 3, 2, 1, 0]
    middle = stored(hub, tag=302)[3]["server_timestamp"]
    assert [row["x_cm"] for row in stored(hub, tag=302, **{"from": middle})] == [6, 5, 4, 3]
    assert [row["x_cm"] for row in stored(hub, tag=302, to=middle)] == [3, 2, 1, 0]
    assert len(stored(hub, tag=302, board="127.0.0.1")) == 7 and not stored(hub, tag=302, board="127.0.0.2")
    assert not stored(hub, tag=302, to="2020-01-01") and stored(hub, tag=302, **{"from": "2020-01-01"})


@pytest.mark.parametrize(
    "query", ["tag=five", "tag=1e3", "tag=" + "9" * 30, "limit=x", "cursor=x", "from=yesterday", "to=x"]
)
def test_queries_that_cannot_be_read(hub: HubProcess, query: str) -> None:
    answer = requests.get(f"{hub.url}/api/apriltags?{query}", timeout=10)
    assert answer.status_code == 400 and answer.json()["success"] is False


@pytest.mark.slow
def test_readings_outlive_the_hub(tmp_path: Path) -> None:
    with tag_hub(tmp_path) as hub:
        for number in range(50):
            post(hub, record(tag_id=number))
        hub.stop()
        hub.start()
        assert len(stored(hub, limit=1000)) == 50


@pytest.mark.slow
def test_thinning_keeps_the_first_reading_of_each_tag_and_board(tmp_path: Path) -> None:
    with tag_hub(tmp_path, HUB_APRILTAG_STORE_PER_SECOND="0.001") as hub, GameClient(hub) as game:
        for number in range(20):
            post(hub, record(tag_id=number % 2, x_cm=number))
        assert sorted((row["tag_id"], row["x_cm"]) for row in stored(hub)) == [(0, 0), (1, 1)]
        assert [game.hear()["x_cm"] for _ in range(20)] == list(range(20))
        assert hub.get("/status")["apriltag"]["thinned"] == 18


@pytest.mark.slow
def test_alias_fields_for_older_games(tmp_path: Path) -> None:
    with tag_hub(tmp_path, HUB_APRILTAG_ALIAS_FIELDS="true") as hub, GameClient(hub) as game:
        post(hub, record(range_cm=43.6))
        heard = game.hear()
        assert heard["distance_cm"] == heard["range_cm"] == 43.6
        post(hub, record(range_cm=43.6, distance_cm=1.0))
        assert game.hear()["distance_cm"] == 1.0
        assert "distance_cm" not in stored(hub)[1]


# -- the poll of older games


def poll(hub: HubProcess) -> dict[str, Any]:
    answer = requests.get(hub.url + POLL, headers={"Origin": "null"}, timeout=10)
    assert answer.status_code == 200
    assert (
        answer.headers["Access-Control-Allow-Origin"] == "null"
        and answer.headers["Access-Control-Allow-Credentials"] == "true"
    )
    return answer.json()


def test_the_poll_takes_the_oldest_of_fifty(hub: HubProcess) -> None:
    for number in range(60):
        post(hub, record(tag_id=5, x_cm=number))
    taken = [poll(hub) for _ in range(51)]
    assert [one["x_cm"] for one in taken[:50]] == list(range(10, 60))
    assert set(taken[0]) == {
        "event",
        "smartcam_ip",
        "tag_id",
        "yaw",
        "pitch",
        "roll",
        "x_cm",
        "y_cm",
        "z_cm",
        "tag_size_percent",
        "distance_cm",
        "timestamp",
    }
    assert taken[0]["tag_id"] == 5 and taken[0]["distance_cm"] == 0 and abs(taken[0]["timestamp"] - time.time()) < 30
    assert taken[50]["tag_id"] == -1 and taken[50]["list_remaining"] == 0 and taken[50]["smartcam_ip"] == ""


def test_asking_about_the_poll_takes_nothing(hub: HubProcess) -> None:
    while poll(hub)["tag_id"] != -1:
        pass
    post(hub, record(tag_id=6))
    assert (
        requests.head(hub.url + POLL, timeout=10).status_code
        == requests.options(hub.url + POLL, timeout=10).status_code
        == 200
    )
    assert poll(hub)["tag_id"] == 6


def test_pages_of_any_origin_may_poll(hub: HubProcess) -> None:
    asked = {
        "Origin": "https://game.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = requests.options(hub.url + POLL, headers=asked, timeout=10)
    assert answer.status_code == 200 and answer.headers["Access-Control-Allow-Origin"] == "https://game.example"
    assert (
        "GET" in answer.headers["Access-Control-Allow-Methods"]
        and answer.headers["Access-Control-Allow-Headers"] == "content-type"
    )


def test_many_boards_at_once(hub: HubProcess) -> None:
    """Ten boards, each from an address of its own, ten queued readings back to back (docs/wire/apriltag.md 1.3)."""
    failures: list[str] = []

    def board(number: int) -> None:
        body = json.dumps(record(tag_id=500 + number)).encode()
        request = (
            "POST /apriltag HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/json\r\nAuthorization: {TOKEN}\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        for _ in range(10):
            with socket.create_connection(
                ("127.0.0.1", hub.port), timeout=10, source_address=(f"127.0.1.{number + 1}", 0)
            ) as sock:
                sock.sendall(request)
                if ws.read_response(sock)[0] != 200:
                    failures.append(f"board {number}")

    threads = [threading.Thread(target=board, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for number in range(10):
        rows = stored(hub, board=f"127.0.1.{number + 1}")
        assert len(rows) == 10 and {row["tag_id"] for row in rows} == {500 + number}
