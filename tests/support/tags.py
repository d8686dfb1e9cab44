"""Fake AprilTag boards and games over real sockets (docs/wire/apriltag.md 1.1, 1.4, 2.2 and 3)."""

from __future__ import annotations

import itertools
import json
import socket
from pathlib import Path
from typing import Any

import websocket

from tests.support.helpers import ROOT, HubProcess, wait_for

TOKEN = "Geheim333!!! 'x'"
WELCOME = {"event": "connection_success", "message": "WebSocket connected - send identify event"}
ACK = {"event": "apriltag_ack", "status": "received"}
BOARD_KNOWN = {"event": "identify_success", "client_type": "esp32"}
GAME_KNOWN = {"event": "identify_success", "client_type": "gdevelop"}
IDENTIFY = (
    '{"event":"identify","data":{"type":"esp32","device":"Waveshare-ESP32-S3-Touch-LCD-2","auth_token":"<TOKEN>"}}'
)
_clock = itertools.count(60_000, 1000)


def record(**changes: Any) -> dict[str, Any]:
    """A detection as today's firmware sends it, without `event`; each call is a second later on the board's clock."""
    return {
        "tag_id": 5,
        "decision_margin": 61.3,
        "yaw": -15.2,
        "pitch": 8.7,
        "roll": 2,
        "x_cm": 10.5,
        "y_cm": -5.3,
        "z_cm": -42,
        "range_cm": 43.6,
        "timestamp": next(_clock),
        "camera_name": "Waveshare-ESP32-S3",
        "smartcam_ip": "192.168.1.100",
        **changes,
    }


def urls(hub: HubProcess) -> list[str]:
    """The four WebSocket addresses that boards may have compiled in."""
    return [f"ws://127.0.0.1:{port}{path}" for port in (hub.port, hub.side["apriltag"]) for path in ("/websocket", "/")]


class Peer:
    """A raw WebSocket client. `source` is the address it comes from: each of 127.0.0.0/8 is a board of its own."""

    def __init__(self, url: str, source: str = "127.0.0.1", **how: Any) -> None:
        host, port = url.split("/")[2].split(":")
        self._sock = socket.create_connection((host, int(port)), timeout=10, source_address=(source, 0))
        self.socket = websocket.create_connection(url, timeout=10, socket=self._sock, **how)

    def say(self, message: dict[str, Any] | str | bytes) -> None:
        if isinstance(message, bytes):
            self.socket.send_binary(message)
        else:
            self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def hear(self) -> dict[str, Any]:
        text = self.socket.recv()
        assert isinstance(text, str) and text, f"the hub sent {text!r}"
        return json.loads(text)

    def quiet(self) -> bool:
        """Whether the next message is the reply to a ping: nothing else was sent to this peer."""
        self.say({"event": "ping"})
        return self.hear()["event"] == "pong"

    def close(self) -> None:
        self.socket.close()
        self._sock.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Board(Peer):
    """A board with the library of Links2004 or ArduinoWebsockets: it identifies without waiting for the welcome."""

    def __init__(
        self, hub: HubProcess, url: str = "", source: str = "127.0.0.1", token: str = TOKEN, **how: Any
    ) -> None:
        super().__init__(url or urls(hub)[0], source, **{"origin": "file://", "subprotocols": ["arduino"], **how})
        self.say(IDENTIFY.replace("<TOKEN>", token))
        assert self.hear() == WELCOME
        self.known = self.hear()

    def reading(self, **changes: Any) -> dict[str, Any]:
        """Send a detection and have it acknowledged; what was sent."""
        sent = record(**changes)
        self.say({"event": "apriltag_data", **sent})
        assert self.hear() == ACK
        return sent


class GameClient(Peer):
    """A game; it sends nothing after it has identified."""

    def __init__(self, hub: HubProcess, url: str = "", name: str | None = "MyGame", **how: Any) -> None:
        super().__init__(url or urls(hub)[0], **{"origin": "null", **how})
        self.say({"event": "identify", "data": {"type": "gdevelop", **({"name": name} if name is not None else {})}})
        assert self.hear() == WELCOME and self.hear() == GAME_KNOWN

    def reading(self, tag_id: Any) -> dict[str, Any]:
        """The next reading of this tag; other readings are skipped."""
        while (heard := self.hear()).get("tag_id") != tag_id:
            assert heard["event"] in ("apriltag_data", "no_data_available"), heard
        return heard


class ImpatientHub(HubProcess):
    """A hub that pings after 0.15 s and closes a silent connection after 1.5 s."""

    script = ROOT / "tests" / "support" / "impatient_app.py"


def games(hub: HubProcess) -> list[dict[str, Any]]:
    return hub.get("/status")["games"]["games"]


def ignored(hub: HubProcess) -> dict[str, int]:
    """Counters of ignored WebSocket messages, by reason."""
    return {
        key.removeprefix("websocket: "): count
        for key, count in hub.get("/status")["apriltag"]["ignored"].items()
        if key.startswith("websocket: ")
    }


def stalled_game(hub: HubProcess) -> websocket.WebSocket:
    """A game that identifies and never reads again, with a small receive buffer."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", hub.port))
    before = len(games(hub))
    client = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/websocket", timeout=10, socket=sock)
    client.send('{"event":"identify","data":{"type":"gdevelop","name":"stalled"}}')
    wait_for(lambda: len(games(hub)) == before + 1, what="the stalled game's being known")
    return client


def tag_hub(folder: Path, kind: type[HubProcess] = HubProcess, **environ: str) -> HubProcess:
    return kind(folder / "instance", HUB_APRILTAG_TOKEN=TOKEN, **environ)
