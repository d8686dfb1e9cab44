"""Invalid messages, oversized messages and protocol errors on the raw WebSockets of boards and games."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.hub.apriltag.test_websocket import published
from tests.support import ws
from tests.support.helpers import HubProcess
from tests.support.tags import TOKEN, Board, GameClient, ignored, tag_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with tag_hub(tmp_path_factory.mktemp("tags")) as process:
        yield process
        assert "Traceback" not in process.text() and TOKEN not in process.text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "[1]",
        "5",
        "null",
        '"text"',
        "{",
        '{"event"',
        '{"event": null}',
        '{"event": 5}',
        '{"event": ["ping"]}',
        '{"event": "nothing_known"}',
        "{'event': 'x",
        "'" * 3000,
        "[" * 60_000,
        '{"a":' * 20_000,
        '{"event":"\\ud800"}',
        "{}",
    ],
)
def test_text_that_means_nothing_gets_no_reply(hub: HubProcess, board: Board, text: str) -> None:
    before = sum(ignored(hub).values())
    board.say(text)
    assert board.quiet()
    assert sum(ignored(hub).values()) == before + 1


def test_text_over_64_kb_is_ignored_and_a_little_less_is_a_reading(hub: HubProcess, board: Board) -> None:
    before = ignored(hub).get("text over 64 KB", 0)
    board.say({"event": "apriltag_data", "note": "x" * 64 * 1024})
    board.say({"event": "apriltag_data", "note": "ü" * 64 * 1024})
    board.say("{'event': 'apriltag_data', 'note': '" + "x" * 1_000_000 + "'}")
    assert board.quiet()
    assert ignored(hub)["text over 64 KB"] == before + 3
    board.reading(note="x" * 60_000)


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"GIF89a" + bytes(5000), bytes(range(256)) * 256]
)
def test_binary_garbage_is_counted_and_ignored(hub: HubProcess, board: Board, data: bytes) -> None:
    before = ignored(hub).get("binary message that was not taken as a picture", 0)
    board.say(data)
    assert board.quiet()
    assert ignored(hub)["binary message that was not taken as a picture"] == before + 1


@pytest.mark.slow
def test_large_messages_of_whoever_proved_nothing_cost_no_memory_and_no_connection(
    hub: HubProcess, game: GameClient
) -> None:
    before, memory = ignored(hub), hub.get("/status")["memory_mb"]
    part = bytes(5 * 1024 * 1024)
    socks = [ws.open_raw(hub.port, "/websocket") for _ in range(8)]
    for sock in socks:
        assert ws.read_frame(sock)[0] == 1
        sock.sendall(ws.frame(2, part, fin=False) + ws.frame(0, part, fin=False) + ws.frame(0, part[:-1000], fin=False))
    assert hub.get("/status")["memory_mb"] < memory + 60  # of 120 MB
    for sock in socks:
        sock.sendall(ws.frame(0, b"") + ws.frame(1, b'{"event":"ping"}'))
        assert json.loads(ws.read_frame(sock)[1])["event"] == "pong"
        sock.close()
    game.say("x" * 100_000)
    game.say({"event": "ping"})
    while game.hear()["event"] != "pong":
        pass
    reason = "message over 64 KB of a socket that is no board"
    assert ignored(hub)[reason] == before.get(reason, 0) + 9


def test_20_mb_in_one_message_end_that_connection_with_1009(hub: HubProcess, game: GameClient) -> None:
    sock = ws.open_raw(hub.side["apriltag"], "/")
    sock.sendall(ws.frame(2, b"", announced=20 * 1024 * 1024) + bytes(100_000))
    assert ws.read_frame(sock)[0] == 1
    assert ws.read_close(sock)[0] == 1009
    sock.close()
    game.say({"event": "ping"})
    while game.hear()["event"] != "pong":
        pass


def test_frames_that_break_the_protocol_harm_nobody_else(hub: HubProcess, board: Board, game: GameClient) -> None:
    for bad in (
        ws.frame(3),
        ws.frame(1, b"{}", masked=False),
        ws.frame(1, b"\xff\xfe"),
        ws.frame(0, b"x"),
        ws.frame(9, bytes(126)),
        b"\x00" * 50,
    ):
        sock = ws.open_raw(hub.port, "/websocket")
        assert ws.read_frame(sock)[0] == 1
        sock.sendall(bad)
        assert ws.read_close(sock)[0] in (1002, 1007)
        sock.close()
    published(board.reading(tag_id=107), game.reading(107))
