"""A hub on the simulated gate, with a record of every kind beside: what the pages of these tests show."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

from agent_lib.simulator.sighting import CAMERA
from tests.support.agent import AgentProcess, quick
from tests.support.helpers import HubProcess, capture_result, jpeg, wait_for
from tests.support.lpr import g4, g4_health, post
from tests.support.tags import Board, tag_hub

THAI, PERSIAN, LISTED = "1กข 1234", "ایران ۱۲ب۳۴۵", "ABC 8501"
PAUSE_SECONDS = "12"  # between two vehicles: each costs the machine half a second


class RunningGate:
    """The hub, and what its devices send on demand."""

    def __init__(self, hub: HubProcess) -> None:
        self.hub = hub

    def capture(self, event_id: str, seconds_ago: float = 0.0, **fields: Any) -> dict[str, Any]:
        """Store a capture that began so long ago; the hub's reply."""
        began = time.time() - seconds_ago
        moments = {"started_ts": began, "finished_ts": began + 1, "timestamp": "", "tag_timestamp_iso": ""}
        picture = base64.b64encode(jpeg(640, 360)).decode()
        body = capture_result(event_id=event_id, **{**moments, "primary_image": picture, **fields})
        answer = requests.post(f"{self.hub.url}/api/captures", json=body, timeout=10)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def plate(self, text: str, **fields: Any) -> dict[str, Any]:
        """Store a detection of just now with one plate; the hub's reply."""
        read = [{"plate_idx": 0, "bbox": [10, 20, 110, 60], "text": text, "confidence": 0.9, "vehicle_idx": 0}]
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() // 1000 % 1_000_000:06}Z"
        body = g4(ocr_results=json.dumps(read), timestamp=moment, created_at="", **fields)
        answer = post(self.hub, "/api/statistics", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def newest(self, address: str, rows: str) -> str:
        """The id of the newest record that an address lists under `rows`."""
        newest = self.hub.get(address)[rows][-1 if rows == "records" else 0]  # /api/records has the newest last
        return str(newest.get("detection_id") or newest["id"])

    def watch(self, plate: str, action: str = "deny", reason: str = "stolen") -> None:
        """Put a plate on the watchlist."""
        body = {"plate": plate, "action": action, "reason": reason, "match": "similar"}
        answer = requests.post(f"{self.hub.url}/api/watchlist", json=body, timeout=10)
        assert answer.status_code in (200, 201), answer.text


def fill(gate: RunningGate, board: Board) -> None:
    """Send a record of every kind."""
    for number in range(3):
        gate.capture(f"read {number}", 300 + number * 60, number=f"1010{number}", tag=f"E2003412010{number}")
    failed = {"number": "", "success": False, "message": "Max attempts reached (10)", "errors": ["No label", "Dark"]}
    gate.capture("unread", 240, **failed)
    gate.capture("yesterday", 86_400, number="20202")
    gate.watch(LISTED)
    gate.watch(THAI, "allow", "staff")
    for text in (THAI, PERSIAN, LISTED):
        gate.plate(text, original_image=base64.b64encode(jpeg(320, 180)).decode())
    post(gate.hub, "/api/statistics", g4_health(status="FAIL", component="Camera", message="No frames")).close()
    for tag in (5, 7):
        board.reading(tag_id=tag)


@contextmanager
def running_gate(folder: Path) -> Iterator[RunningGate]:
    """Hub, agent and records in `folder`, once the first vehicle is on the pages with capture and plate."""
    with ExitStack() as stack:
        hub = stack.enter_context(tag_hub(folder))
        flags = quick(folder, "video_fps = 2\n")
        agent = AgentProcess(
            *flags, "--hub", hub.url, "--simulate", output=folder / "agent.txt", AGENT_SIMULATE_PAUSE=PAUSE_SECONDS
        )
        stack.enter_context(agent)
        board = stack.enter_context(Board(hub, source="127.0.0.5"))
        gate = RunningGate(hub)
        fill(gate, board)
        wait_for(lambda: hub.get("/api/records", camera_id=CAMERA)["records"], 40, "the first simulated plate")
        wait_for(lambda: hub.get("/api/captures", station="station-1")["captures"], 40, "the first simulated capture")
        yield gate
