"""How long an event of one hub takes to a page of another: records over REST here, the WebSocket of pages there."""

from __future__ import annotations

import json
import re
import threading
import time

import requests
import websocket

from tests.support.helpers import HubProcess, wait_for
from tests.support.lpr import g4

IDENTITY = re.compile(r'"(?:detection_)?id": ?"([0-9a-f-]{36})"')
ARRIVAL_SECONDS = 10.0


class Page:
    """The connection of an open page, and when each record was on it (perf_counter)."""

    def __init__(self, hub: HubProcess) -> None:
        self._socket = websocket.create_connection(f"ws://127.0.0.1:{hub.port}/events", timeout=ARRIVAL_SECONDS)
        self.arrived: dict[str, float] = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                text = str(self._socket.recv())
            except (OSError, websocket.WebSocketException):
                return
            now = time.perf_counter()
            if json.loads(text).get("event") == "detection":
                for identity in IDENTITY.findall(text):
                    self.arrived.setdefault(identity, now)

    def close(self) -> None:
        self._socket.shutdown()
        self._thread.join(10)


def freshness(sender: HubProcess, viewer: HubProcess, records: int, interval: float) -> tuple[list[float], int]:
    """Seconds from each answer of one hub until the record is on a page of the other, and how many never were."""
    page = Page(viewer)
    answered: dict[str, float] = {}
    try:
        with requests.Session() as session:
            for number in range(records):
                record = g4(aicamera_id=f"live{number % 5}")
                answer = session.post(f"http://127.0.0.1:{sender.side['lpr']}/api/detection", json=record, timeout=10)
                answer.raise_for_status()
                answered[answer.json()["detection_id"]] = time.perf_counter()
                time.sleep(interval)
        try:
            wait_for(lambda: answered.keys() <= page.arrived.keys(), ARRIVAL_SECONDS)
        except AssertionError:
            pass
    finally:
        page.close()
    times = [max(0.0, page.arrived[one] - at) for one, at in answered.items() if one in page.arrived]
    return times, len(answered) - len(times)
