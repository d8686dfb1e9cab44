"""One device of a site, as it is in the field: it tries until the hub takes its record.

`python -m tests.support.site_device KIND HUB MAIN LPR UDP TOKEN` prints `refused SENTENCE` after the first refusal and
`accepted` after the first record that the hub has taken, and then ends.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable

import requests
import websocket

from tests.support.lpr import PICTURE, Client, g4, g4_health
from tests.support.tags import ACK, BOARD_KNOWN, GAME_KNOWN, IDENTIFY, WELCOME, record

RETRY_SECONDS = 0.05
SECONDS = 10
Try = Callable[["Site"], str]
"""One try of a device; why it was refused, "" where its record was taken."""


class Site:
    """Where the hub is, and the token of boards."""

    def __init__(self, hub: str, main: str, lpr: str, udp: str, token: str) -> None:
        self.hub, self.udp, self.token = hub, int(udp), token
        self.main, self.lpr = f"{hub}:{main}", f"{hub}:{lpr}"


def _posted(url: str, body: dict, **headers: str) -> str:
    answer = requests.post(url, json=body, headers=headers, timeout=SECONDS)
    return "" if answer.status_code in (200, 201, 409) else f"{answer.status_code} {answer.json()['message']}"


def g4_camera(site: Site) -> str:
    assert requests.get(f"http://{site.lpr}/api/statistics", timeout=SECONDS).status_code == 200
    return _posted(f"http://{site.lpr}/api/statistics", g4(aicamera_id="g4")) or _posted(
        f"http://{site.lpr}/api/statistics", g4_health(aicamera_id="g4")
    )


def g3_camera(site: Site) -> str:
    return _posted(f"http://{site.lpr}/api/detection", g4(aicamera_id="g3"))


def registering_camera(site: Site) -> str:
    return _posted(f"http://{site.lpr}/device-registration/register", {"serial_number": "R-1", "device_model": "cam"})


def _raw(site: Site, message: dict) -> str:
    try:
        client = websocket.create_connection(f"ws://{site.lpr}/", timeout=SECONDS)
    except websocket.WebSocketBadStatusException as error:
        return f"{error.status_code} {json.loads(error.resp_body)['message']}"
    client.send(json.dumps(message))
    reply = json.loads(client.recv())
    client.close()
    return "" if reply["status"] == "success" else reply["message"]


def g2_camera(site: Site) -> str:
    return _raw(site, g4(aicamera_id="g2"))


def g1_camera(site: Site) -> str:
    data = {"license_plate": "ABC123", "checkpoint_id": "1", "timestamp": "20260128_105000", "hostname": "g1"}
    return _raw(site, {"table": "lpr_detection", "data": data})


def _event(site: Site, path: str, event: str, payload: dict, reply: str) -> str:
    client = Client(f"http://{site.lpr}", path, wait_timeout=SECONDS)
    client.emit(event, payload)
    name = ""
    while name not in ("error", reply):
        name, body = client.heard.get(timeout=SECONDS)
    client.disconnect()
    return body["message"] if name == "error" else ""


def g0_camera(site: Site) -> str:
    payload = {"license_plate": "ABC123", "image_name": "a.jpg", "image_binary": PICTURE, "hostname": "g0"}
    return _event(site, "socket.io", "lpr_detection", payload, "lpr_response")


def g1b_camera(site: Site) -> str:
    payload = {"hostname": "g1b", "cpu_usage": 5, "timestamp": "2026-01-01 10:00:00"}
    return _event(site, "socket.io", "edge_status", payload, "health_response")


def g5_camera(site: Site) -> str:
    return _event(site, "ws", "health_status", g4_health(camera_id="g5"), "health_saved")


def board_by_http(site: Site) -> str:
    return _posted(f"http://{site.main}/apriltag", record(), Authorization=site.token)


def board_by_udp(site: Site) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
        board.settimeout(0.5)
        board.sendto(json.dumps(record()).encode(), (site.hub, site.udp))
        try:
            return "" if b"ack" in board.recv(255) else "another reply"
        except TimeoutError:
            return "no reply"


def _said(client: websocket.WebSocket, text: str) -> dict:
    client.send(text)
    return json.loads(client.recv())


def board_by_websocket(site: Site) -> str:
    client = websocket.create_connection(f"ws://{site.main}/websocket", timeout=SECONDS)
    assert json.loads(client.recv()) == WELCOME
    while (heard := _said(client, IDENTIFY.replace("<TOKEN>", site.token))) != BOARD_KNOWN:
        _refused(f"{heard['event']} {heard['message']}")  # its connection stays open: it never connects twice
        time.sleep(RETRY_SECONDS)
    assert _said(client, json.dumps({"event": "apriltag_data", **record()})) == ACK
    client.close()
    return ""


def game(site: Site) -> str:
    client = websocket.create_connection(f"ws://{site.main}/websocket", timeout=SECONDS)
    assert json.loads(client.recv()) == WELCOME
    heard = _said(client, '{"event":"identify","data":{"type":"gdevelop","name":"game"}}')
    client.close()
    return "" if heard == GAME_KNOWN else heard["event"]


KINDS: dict[str, Try] = {
    "g0": g0_camera,
    "g1": g1_camera,
    "g1b": g1b_camera,
    "g2": g2_camera,
    "g3": g3_camera,
    "g4": g4_camera,
    "g5": g5_camera,
    "r": registering_camera,
    "board-http": board_by_http,
    "board-udp": board_by_udp,
    "board-websocket": board_by_websocket,
    "game": game,
}
_reported: list[str] = []


def _refused(sentence: str) -> None:
    if not _reported:
        _reported.append(sentence)
        print("refused", sentence, flush=True)


def main(kind: str, *where: str) -> None:
    site = Site(*where)
    while sentence := KINDS[kind](site):
        _refused(sentence)
        time.sleep(RETRY_SECONDS)
    print("accepted", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
