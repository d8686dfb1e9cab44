"""What was acknowledged is stored, once, with its picture, however the hub ends."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.support.helpers import HubProcess, jpeg, wait_for
from tests.support.lpr import g4, records

SENDERS = 6
KILLS = 3
PICTURE = jpeg(200, 150)


class Sender(threading.Thread):
    """One camera that sends records one after the other, each again until it is acknowledged.

    `acknowledged`: event id -> detection id.
    """

    def __init__(self, hub: HubProcess, door: str, number: int) -> None:
        super().__init__(daemon=True)
        self.hub, self.door, self.number = hub, door, number
        self.ending = threading.Event()
        self.acknowledged: dict[str, str] = {}
        self.wrong: list[Any] = []
        self._line: Any = None
        self.start()

    def run(self) -> None:
        count = 0
        while not self.ending.is_set():
            event_id = f"{self.door}{self.number}-{count}"
            picture = base64.b64encode(PICTURE + event_id.encode()).decode()
            body = g4(aicamera_id=f"{self.door}{self.number}", event_id=event_id, original_image=picture)
            while not self.ending.is_set():
                try:
                    told = self._send(body)
                except (OSError, requests.RequestException, websocket.WebSocketException, ValueError):
                    self._drop()
                    self.ending.wait(0.02)
                    continue
                if told.get("success"):
                    self.acknowledged[event_id] = told["detection_id"]
                    break
                self.wrong.append(told)
                self.ending.wait(0.02)
            count += 1
        self._drop()

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close() if self.door == "rest" else line.shutdown()

    def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.door == "rest":
            if self._line is None:
                self._line = requests.Session()
            answer = self._line.post(f"http://127.0.0.1:{self.hub.side['lpr']}/api/statistics", json=body, timeout=10)
            return answer.json()
        if self._line is None:
            path = "/" if self.door == "ws" else "/socket.io/?EIO=4&transport=websocket"
            self._line = websocket.create_connection(f"ws://127.0.0.1:{self.hub.side['lpr']}{path}", timeout=10)
            if self.door == "sio":
                self._line.recv()
                self._line.send("40")
                self._line.recv()
        if self.door == "ws":
            self._line.send(json.dumps(body))
            return json.loads(self._line.recv())
        self._line.send('421["lpr_data",' + json.dumps(body) + "]")
        while not (text := self._line.recv()).startswith("431["):
            if not text:
                raise ConnectionError("closed")
            if text == "2":
                self._line.send("3")
        return json.loads(text[3:])[0]


def _more_from_all(senders: list[Sender], number: int) -> Callable[[], bool]:
    """Whether every sender has more than `number` records acknowledged from now on."""
    before = [len(sender.acknowledged) for sender in senders]
    return lambda: all(len(sender.acknowledged) > count + number for sender, count in zip(senders, before, strict=True))


@pytest.mark.slow
@pytest.mark.stores
def test_a_hub_that_is_killed_amid_records_has_every_one_that_it_acknowledged(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "instance") as hub:
        senders = [Sender(hub, ("rest", "sio", "ws")[number % 3], number) for number in range(SENDERS)]
        for _ in range(KILLS):
            wait_for(_more_from_all(senders, 15), what="records from everybody")
            hub.kill()
            hub.start()
        wait_for(_more_from_all(senders, 0), what="records after the last start")
        for sender in senders:
            sender.ending.set()
        for sender in senders:
            sender.join(20)
            assert not sender.is_alive()
        for sender in senders:
            rows = records(hub, camera=f"{sender.door}{sender.number}", limit=1000)["records"]
            stored = {row["event_id"]: row for row in rows}
            assert len(stored) == len(rows), "a record is stored twice"
            assert set(sender.acknowledged) <= set(stored)
            assert len(stored) <= len(sender.acknowledged) + 1, "nothing but the one that was under way"
            for event_id, detection_id in sender.acknowledged.items():
                assert stored[event_id]["detection_id"] == detection_id
            for event_id in list(sender.acknowledged)[::10]:
                assert (
                    requests.get(stored[event_id]["original_image"], timeout=10).content == PICTURE + event_id.encode()
                )
        total = hub.get("/api/statistics")["data"]["total_detections"]
        assert (
            total
            == records(hub, limit=1)["total_count"]
            == sum(records(hub, camera=f"{sender.door}{sender.number}", limit=1)["total_count"] for sender in senders)
        )
