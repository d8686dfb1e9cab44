"""Boards and games over raw WebSockets, by the vectors of docs/wire/apriltag.md."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator

import pytest
import websocket

from tests.support import ws
from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.tags import (
    ACK,
    BOARD_KNOWN,
    GAME_KNOWN,
    TOKEN,
    WELCOME,
    Board,
    GameClient,
    Peer,
    games,
    ignored,
    record,
    tag_hub,
    urls,
)

tags = itertools.count(10_000)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with tag_hub(tmp_path_factory.mktemp("tags")) as process:
        yield process
        assert "Traceback" not in process.text() and TOKEN not in process.text()


def published(sent: dict, heard: dict) -> None:
    """What a game hears is what the board sent, flat, with the hub's time."""
    moment = heard.pop("server_timestamp")
    assert isinstance(moment, float) and abs(moment - time.time()) < 30
    assert heard == {"event": "apriltag_data", **sent} and next(iter(heard)) == "event"


# -- the ways in


@pytest.mark.parametrize("form", range(4))
@pytest.mark.parametrize(
    "how",
    [
        {"origin": "file://", "subprotocols": ["arduino"]},
        {"origin": "https://github.com/gilmaimon/TinyWebsockets", "subprotocols": []},
        {"origin": "null", "subprotocols": []},
        {"suppress_origin": True, "subprotocols": []},
    ],
    ids=["Links2004", "ArduinoWebsockets", "null", "none"],
)
def test_boards_and_games_at_every_url_with_every_origin(hub: HubProcess, form: int, how: dict) -> None:
    url = urls(hub)[form]
    with Board(hub, url, **how) as board, GameClient(hub, url, origin=how.get("origin")) as game:
        assert board.known == BOARD_KNOWN
        tag = next(tags)
        published(board.reading(tag_id=tag), game.reading(tag))


def test_the_101_is_as_the_strictest_library_wants_it(hub: HubProcess) -> None:
    with ws.connect(hub.side["apriltag"]) as sock:
        sock.sendall(
            ws.upgrade_request(
                "/", Origin="file://", Sec_WebSocket_Protocol="arduino", Host=f"127.0.0.1:{hub.side['apriltag']}"
            )
        )
        answer = ws.received(sock).split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert (
        answer[0].startswith("HTTP/1.1 101 ")
        and "Connection: Upgrade" in answer
        and "Upgrade: websocket" in answer
        and "Sec-WebSocket-Protocol: arduino" in answer
    )


def test_the_first_build_which_has_a_list_of_tags(board: Board, game: GameClient) -> None:
    board.say(
        {
            "tags": [
                {
                    "id": 81,
                    "decision_margin": 1.5,
                    "yaw": 1,
                    "pitch": 2,
                    "roll": 3,
                    "x": 1.25,
                    "y": None,
                    "z": -3,
                    "timestamp": 7,
                }
            ]
        }
    )
    assert board.hear() == ACK
    heard = game.reading(81)
    assert (heard["event"], heard["x_cm"], heard["y_cm"], heard["z_cm"]) == ("apriltag_data", 1.25, None, -3)


def test_get_without_an_upgrade_is_the_dashboard_and_other_paths_have_no_socket(hub: HubProcess) -> None:
    status, headers, body = ws.exchange(hub.port, b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n")
    assert status == 200 and b"<!doctype html>" in body and headers["content-type"].startswith("text/html")
    with pytest.raises(websocket.WebSocketBadStatusException, match="404"):
        websocket.create_connection(f"ws://127.0.0.1:{hub.port}/elsewhere", timeout=10)


# -- readings


@pytest.mark.parametrize(
    "changes",
    [
        {"x_cm": None},
        {"z_cm": None, "yaw": None, "range_cm": None},
        {"x_cm": 42, "y_cm": 3.75},
        {"camera_name": 'Jeremy\'s "board" ✓'},
        {"unknown": {"deep": [1, "x"]}},
        {"distance_cm": 12.5, "tag_size_percent": 15.5},
    ],
)
def test_every_field_arrives_as_it_was_sent(board: Board, game: GameClient, changes: dict) -> None:
    tag = next(tags)
    published(board.reading(tag_id=tag, **changes), game.reading(tag))


def test_fields_may_be_missing(board: Board, game: GameClient) -> None:
    board.say({"event": "apriltag_data", "tag_id": 91})
    assert board.hear() == ACK
    published({"tag_id": 91}, game.reading(91))


def test_nested_data_comes_out_flat_and_nothing_can_pose_as_another_event(board: Board, game: GameClient) -> None:
    sent = record(tag_id=92)
    board.say({"event": "apriltag_data", "data": {**sent, "event": "identify_success", "server_timestamp": 1}})
    assert board.hear() == ACK
    published(sent, game.reading(92))


def test_single_quotes_and_apostrophes(board: Board, game: GameClient) -> None:
    board.say("{'event': 'apriltag_data', 'tag_id': 93, 'x_cm': 1.5}")
    assert board.hear() == ACK
    assert game.reading(93)["x_cm"] == 1.5
    game.say("{'event': 'ping'}")
    assert game.hear()["event"] == "pong"
    board.say('{"event":"apriltag_data","tag_id":94,"camera_name":"it\'s mine"}')
    assert board.hear() == ACK
    assert game.reading(94)["camera_name"] == "it's mine"


def test_a_burst_of_ten_stale_readings_arrives_whole_and_in_order(board: Board, game: GameClient) -> None:
    sent = [record(tag_id=95, timestamp=1000 + number) for number in range(10)]
    for one in sent:
        board.say({"event": "apriltag_data", **one})
    assert [board.hear() for _ in sent] == [ACK] * 10
    assert [game.reading(95)["timestamp"] for _ in sent] == [one["timestamp"] for one in sent]


def test_readings_are_stored(hub: HubProcess, board: Board) -> None:
    board.reading(tag_id=96, x_cm=1.25)
    rows = wait_for(lambda: hub.get("/api/apriltags", tag=96)["apriltags"], what="the stored reading")
    assert (rows[0]["x_cm"], rows[0]["board"]) == (1.25, "127.0.0.1")


# -- who may send


@pytest.mark.parametrize(
    "token, error",
    [
        ("wrong", "Invalid auth_token"),
        ("", "Missing auth_token"),
        (TOKEN + " ", "Invalid auth_token"),
        ("ü" * 5000, "Invalid auth_token"),
    ],
)
def test_a_board_without_the_token_is_ignored_but_stays_connected(
    hub: HubProcess, game: GameClient, token: str, error: str
) -> None:
    before, bad, good = ignored(hub), next(tags), next(tags)
    with Board(hub, token=token) as board:
        assert board.known == {
            "event": "auth_failed",
            "error": error,
            "message": "Authentication required - check your auth_token",
        }
        board.say({"event": "apriltag_data", **record(tag_id=bad)})
        board.say({"event": "apriltag_data", "data": record(tag_id=bad)})
        board.say(jpeg())
        board.say({"event": "video_frame"})
        assert board.quiet()
        board.say({"event": "identify", "data": {"type": "esp32", "auth_token": TOKEN}})
        assert board.hear() == BOARD_KNOWN
        published(
            board.reading(tag_id=good), next(heard for heard in iter(game.hear, None) if heard["tag_id"] in (bad, good))
        )
    after = ignored(hub)
    assert after["reading of a socket that is no board"] == before.get("reading of a socket that is no board", 0) + 2
    assert hub.get("/api/apriltags", tag=bad)["apriltags"] == []


@pytest.mark.parametrize("token", [None, 5, True, ["x"], {"a": 1}])
def test_a_token_that_is_no_text(hub: HubProcess, token: object) -> None:
    with Peer(urls(hub)[2]) as peer:
        peer.say({"event": "identify", "data": {"type": "esp32", "auth_token": token}})
        assert peer.hear() == WELCOME
        assert peer.hear()["error"] == ("Missing auth_token" if token is None else "Invalid auth_token")
        peer.say({"event": "identify", "data": {"type": "esp32"}})
        assert peer.hear()["error"] == "Missing auth_token"
        assert peer.quiet()


def test_whoever_never_identified_or_is_a_game_cannot_send_as_a_board(hub: HubProcess, game: GameClient) -> None:
    with Peer(urls(hub)[0]) as stranger, GameClient(hub) as other, Board(hub) as board:
        assert stranger.hear() == WELCOME
        for peer in (stranger, other):
            peer.say({"event": "apriltag_data", **record(tag_id=99)})
            peer.say(jpeg())
        assert stranger.quiet()
        board.reading(tag_id=100)
        assert next(heard for heard in iter(game.hear, None) if heard["tag_id"] in (99, 100))["tag_id"] == 100


def test_a_board_that_identifies_anew_without_the_token_is_a_board_no_more(hub: HubProcess, board: Board) -> None:
    board.say({"event": "identify", "data": {"type": "esp32", "auth_token": "wrong"}})
    assert board.hear()["event"] == "auth_failed"
    board.say({"event": "apriltag_data", **record()})
    assert board.quiet()
    wait_for(lambda: hub.get("/status")["websocket"]["esp32_connected"] is False, what="the board's being gone")


# -- what games do


def test_the_cached_reading_comes_right_after_identify_success(hub: HubProcess, board: Board) -> None:
    sent = board.reading(tag_id=101)
    with GameClient(hub) as game:
        published(sent, game.hear())
        game.say({"event": "request_latest_data"})
        published(sent, game.hear())
        game.say({"event": "identify", "data": {"name": "again"}})
        assert game.hear() == GAME_KNOWN
        published(sent, game.hear())
        assert game.quiet()
        assert [row["name"] for row in games(hub) if row["address"] == "127.0.0.1"].count("again") == 1


@pytest.mark.parametrize(
    "data",
    [{"type": "gdevelop"}, {"type": "unity", "name": "x" * 1000}, {}, None, [], "text", {"type": 5, "name": {"a": 1}}],
)
def test_every_other_type_is_a_game(hub: HubProcess, board: Board, data: object) -> None:
    with Peer(urls(hub)[1]) as game:
        game.say({"event": "identify", "data": data})
        assert game.hear() == WELCOME and game.hear() == GAME_KNOWN
        tag = next(tags)
        board.reading(tag_id=tag)
        while game.hear()["tag_id"] != tag:
            pass


@pytest.mark.parametrize("event", ["event_FromGDevelop", "request_latest_data"])
def test_older_games_are_known_by_what_they_send(hub: HubProcess, board: Board, event: str) -> None:
    board.reading(tag_id=103)
    with Peer(urls(hub)[0]) as game:
        assert game.hear() == WELCOME
        game.say({"event": event, "data": {"anything": 1}})
        assert game.hear()["tag_id"] == 103
        board.reading(tag_id=104)
        assert game.hear()["tag_id"] == 104


def test_a_ping_alone_makes_nobody_a_game(hub: HubProcess, board: Board) -> None:
    with Peer(urls(hub)[0]) as peer:
        assert peer.hear() == WELCOME
        peer.say({"event": "ping"})
        heard = peer.hear()
        assert (
            heard["event"] == "pong" and isinstance(heard["timestamp"], float) and set(heard) == {"event", "timestamp"}
        )
        board.reading()
        assert peer.quiet()


@pytest.mark.slow
def test_no_data_before_the_first_reading(tmp_path) -> None:
    with tag_hub(tmp_path) as empty:
        with GameClient(empty) as game, Peer(urls(empty)[0]) as other, Board(empty) as board:
            game.say({"event": "request_latest_data"})
            assert game.hear() == {"event": "no_data_available"}
            assert other.hear() == WELCOME
            other.say({"event": "request_latest_data"})
            assert other.hear() == {"event": "no_data_available"}
            board.reading(tag_id=1)
            assert game.hear()["tag_id"] == other.hear()["tag_id"] == 1


# -- several boards


def test_two_boards_and_one_leaves(hub: HubProcess, game: GameClient) -> None:
    def state() -> dict:
        return hub.get("/status")["websocket"]

    with Board(hub, source="127.0.0.2") as stays:
        with Board(hub, source="127.0.0.3") as leaves:
            stays.reading(tag_id=105)
            leaves.reading(tag_id=106)
            assert {game.reading(105)["tag_id"], game.reading(106)["tag_id"]} == {105, 106}
        wait_for(
            lambda: (
                not [row for row in hub.get("/status")["boards"] if row["address"] == "127.0.0.3" and row["sockets"]]
            ),
            what="the second board's leaving",
        )
        assert state()["esp32_connected"] is True
        assert hub.get("/connection_uptime")["connected"] is True
    wait_for(lambda: state()["esp32_connected"] is False, what="the first board's leaving")
    boards = {row["board"] for row in wait_for(lambda: hub.get("/api/apriltags", limit=20)["apriltags"])}
    assert {"127.0.0.2", "127.0.0.3"} <= boards


def test_the_readings_dont_reach_other_listeners(hub: HubProcess, board: Board) -> None:
    results = websocket.create_connection(f"ws://127.0.0.1:{hub.side['results']}", timeout=10)
    board.reading()
    results.send("{}")
    assert json.loads(results.recv())["success"] is False
    results.close()


# -- pictures


def test_a_binary_jpeg_is_the_boards_picture_without_a_reply(hub: HubProcess) -> None:
    with Board(hub, source="127.0.0.9") as board:
        board.say(jpeg(80, 60))
        assert board.quiet()
        board.say({"event": "video_frame", "data": {}})
        assert board.quiet()
        row = next(row for row in hub.get("/status")["video"]["cameras"] if row["camera"] == "127.0.0.9")
        assert (row["source"], row["seq"]) == ("websocket", 1)
