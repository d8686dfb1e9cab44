"""Senders of every kind of record that a hub acknowledges, each with bytes of its own, and what must be there later."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from PIL import Image

from tests.support.helpers import HubProcess

ROLES = ("primary", "secondary", "label")
TRIES = 20
AGAIN = 0.1  # of confirmed records are sent again, as if their confirmation had been lost
KINDS = ("capture", "capture", "detection", "detection", "health", "watchlist")


@dataclass
class Sent:
    """A record that was sent. `pictures`: SHA-256 by field of its row."""

    kind: str
    key: str
    pictures: dict[str, str] = field(default_factory=dict)


def picture(rng: random.Random, width: int = 96, height: int = 64) -> bytes:
    """A JPEG of noise, some kilobytes."""
    data = io.BytesIO()
    Image.frombytes("RGB", (width, height), rng.randbytes(width * height * 3)).save(data, "JPEG", quality=80)
    return data.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class HubLoad:
    """Threads that send until `stop`. `acknowledge(key)` is called for each record that the hub has confirmed.

    `sent` has everything that was sent, confirmed or not, by its key.
    """

    def __init__(
        self, hub: HubProcess, seed: str, acknowledge: Callable[[str], None], senders: int = 4, limit: int | None = None
    ) -> None:
        self._hub, self._acknowledge, self._limit = hub, acknowledge, limit
        self.sent: dict[str, Sent] = {}
        self.acknowledged = 0
        self.refused = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._run, args=(random.Random(f"{seed} {number}"), f"{seed}-{number}"), daemon=True
            )
            for number in range(senders)
        ]

    def start(self) -> HubLoad:
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        self.join()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)

    def _run(self, rng: random.Random, name: str) -> None:
        pictures = [picture(rng) for _ in range(6)]
        count = 0
        with requests.Session() as session:
            session.trust_env = False
            while not self._stop.is_set() and (self._limit is None or self.acknowledged < self._limit):
                count += 1
                kind, key = rng.choice(KINDS), f"{name}-{count}"
                chosen = {role: rng.choice(pictures) for role in ROLES if rng.random() < 0.7}
                self.sent[key] = Sent(kind, key)
                if self._deliver(session, kind, key, chosen):
                    self._acknowledge(key)
                    self.acknowledged += 1
                    if rng.random() < AGAIN and kind != "watchlist":
                        self._deliver(session, kind, key, chosen)

    def _deliver(self, session: requests.Session, kind: str, key: str, pictures: dict[str, bytes]) -> bool:
        """Send a record until it is confirmed, as devices do; entries of the watchlist once. Whether it is."""
        for _ in range(1 if kind == "watchlist" else TRIES):
            try:
                answer = getattr(self, f"_send_{kind}")(session, key, pictures)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code in (200, 201) and answer.json()["success"]:
                return True
            self.refused += 1
            if self._stop.wait(0.05):
                break
        return False

    def _send_capture(self, session: requests.Session, key: str, pictures: dict[str, bytes]) -> requests.Response:
        self.sent[key].pictures = {f"{role}_image_url": digest(data) for role, data in pictures.items()}
        fields = {
            "event_id": key,
            "station": "gate",
            "tag": key,
            "started_ts": 1769581721.5,
            "tags": [key],
            "success": True,
        }
        files = {role: (f"{role}.jpg", data) for role, data in pictures.items()} or None
        return session.post(
            f"{self._hub.url}/api/captures", data={"result": json.dumps(fields)}, files=files, timeout=30
        )

    def _send_detection(self, session: requests.Session, key: str, pictures: dict[str, bytes]) -> requests.Response:
        body: dict[str, Any] = {
            "type": "detection_result",
            "camera_id": key[:3],
            "checkpoint_id": "gate",
            "event_id": key,
        }
        body["ocr_results"] = [{"text": f"AB{len(self.sent)}", "confidence": 0.9}]
        for role, name in (("primary", "original_image"), ("secondary", "annotated_image")):
            if role in pictures:
                self.sent[key].pictures[name] = digest(pictures[role])
                body[name] = base64.b64encode(pictures[role]).decode()
        return session.post(f"{self._hub.url}/api/detection", json=body, timeout=30)

    def _send_health(self, session: requests.Session, key: str, _: dict[str, bytes]) -> requests.Response:
        body = {"type": "health_check", "camera_id": key[:3], "component": "disk", "status": "PASS", "event_id": key}
        return session.post(f"{self._hub.url}/api/health", json=body, timeout=30)

    def _send_watchlist(self, session: requests.Session, key: str, _: dict[str, bytes]) -> requests.Response:
        entry = {"plate": "AB1234", "action": "deny", "note": key}
        return session.post(f"{self._hub.url}/api/watchlist", json=entry, timeout=30)
