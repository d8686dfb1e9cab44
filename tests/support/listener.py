"""Listens to everything that the hub sends by itself, and prints what it hears, a line each; ends with its input.

`python -m tests.support.listener ADDRESS MAIN RESULTS [TOKEN]`. Lines: `opened NAME`, `refused NAME STATUS`,
`heard NAME TEXT`, `closed NAME CODE`.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import requests
import socketio
import websocket

SOCKETS = {
    "results": "",
    "events": "/events",
    "video": "/ws/video",
    "tracking": "/video-stream/one",
    "game": "/websocket",
}
NAMES = (*SOCKETS, "mjpeg", "poll", "rooms")
IDENTIFY = '{"event":"identify","data":{"type":"gdevelop","name":"listener"}}'
LATEST = '{"event":"request_latest_data"}'


def main(address: str, main_port: str, results_port: str, token: str = "") -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    started: list[Callable[[], None]] = [
        lambda name=name, path=path: _socket(  # type: ignore[misc]
            name, f"ws://{address}:{results_port if name == 'results' else main_port}{path}", headers
        )
        for name, path in SOCKETS.items()
    ]
    url = f"http://{address}:{main_port}"
    started += [lambda: _mjpeg(url, headers), lambda: _poll(url, headers), lambda: _rooms(url, token)]
    for run in started:
        threading.Thread(target=run, daemon=True).start()
    sys.stdin.read()


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def _socket(name: str, url: str, headers: dict[str, str]) -> None:
    try:
        socket = websocket.create_connection(url, timeout=60, header=headers)
    except websocket.WebSocketBadStatusException as error:
        _say("refused", name, error.status_code)
        return
    if name == "game":
        socket.send(IDENTIFY)
        socket.send(LATEST)
    _say("opened", name)
    code: Any = 1006
    try:
        while True:
            opcode, data = socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                code = int.from_bytes(data[:2], "big")
                break
            _say("heard", name, data[:300] if opcode == websocket.ABNF.OPCODE_BINARY else data.decode())
    except (OSError, websocket.WebSocketException):
        pass
    _say("closed", name, code)


def _mjpeg(url: str, headers: dict[str, str]) -> None:
    with requests.get(f"{url}/video/stream", headers=headers, stream=True, timeout=60) as answer:
        if answer.status_code != 200:
            _say("refused", "mjpeg", answer.status_code)
            return
        _say("opened", "mjpeg")
        try:
            for line in answer.iter_lines(chunk_size=1):
                if line.startswith(b"X-Frame-Seq"):
                    _say("heard", "mjpeg", line.decode())
        except requests.RequestException:
            pass
        _say("closed", "mjpeg", 0)


def _poll(url: str, headers: dict[str, str]) -> None:
    answer = requests.get(f"{url}/client_gdevelop_to_server__smartcam_data_get", headers=headers, timeout=60)
    _say("opened" if answer.status_code == 200 else "refused", "poll", answer.status_code)


def _rooms(url: str, token: str) -> None:
    client = socketio.Client(reconnection=False)
    client.on("*", lambda event, *data: _say("heard", "rooms", event, json.dumps(data)[:300]))
    client.connect(url, auth={"token": token} if token else None)
    answers = [client.call(event, timeout=30) for event in ("join_dashboard", "join_health_room")]
    _say(
        "opened" if all(one["success"] for one in answers) else "refused", "rooms", [one["success"] for one in answers]
    )
    client.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
