"""A client of person tracking, over a real socket with the `websockets` library."""

from __future__ import annotations

import base64
import json
from typing import Any

import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.helpers import HubProcess

SECONDS = 20.0


def text_of(picture: bytes) -> str:
    """A picture as clients send it."""
    return base64.b64encode(picture).decode()


def upload(hub: HubProcess, *pictures: bytes, **more: Any) -> dict[str, Any]:
    """Photos of a person; the answer."""
    body = {"images": [text_of(picture) for picture in pictures], **more}
    answer = requests.post(f"{hub.url}/upload-embedding", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TrackingClient:
    """One tracking session. Every message that comes is checked for what all clients need."""

    def __init__(self, hub: HubProcess, session: str = "session123", **more: Any) -> None:
        self.session = session
        self._context = connect(f"ws://127.0.0.1:{hub.port}/video-stream/{session}", max_size=2**24, **more)
        self.socket: ClientConnection = self._context.__enter__()

    def send(self, kind: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": kind, **fields}))

    def frame(self, picture: bytes, embedding: str, **fields: Any) -> None:
        self.send("single_frame", frame=text_of(picture), person_embed=embedding, **fields)

    def receive(self, timeout: float = SECONDS) -> dict[str, Any]:
        """The next message. Raises TimeoutError."""
        message = json.loads(self.socket.recv(timeout))
        assert message["session_id"] and isinstance(message["timestamp"], float)
        if message["type"] == "status":
            assert isinstance(message["status"], str) and isinstance(message["message"], str)
        else:
            assert message["type"] == "matches"
            assert isinstance(message["matches"], list) and isinstance(message["frame_info"], dict)
        return message

    def status(self, timeout: float = SECONDS) -> tuple[str, str]:
        """The next message, which has to be a status: its name and message."""
        message = self.receive(timeout)
        assert message["type"] == "status", message
        return message["status"], message["message"]

    def statuses(self, count: int) -> list[str]:
        return [self.status()[0] for _ in range(count)]

    def matches(self, timeout: float = SECONDS) -> dict[str, Any]:
        """The next message, which has to be matches."""
        message = self.receive(timeout)
        assert message["type"] == "matches", message
        return message

    def until(self, status: str, timeout: float = SECONDS) -> list[dict[str, Any]]:
        """Every message up to and with this status."""
        received = [self.receive(timeout)]
        while received[-1].get("status") != status:
            received.append(self.receive(timeout))
        return received

    def is_open(self) -> bool:
        """Whether a ping is answered, whatever else comes before."""
        self.send("ping")
        return self.until("pong")[-1]["message"] == "Connection active"

    def close(self) -> None:
        self._context.__exit__(None, None, None)

    def __enter__(self) -> TrackingClient:
        assert self.status() == ("connected", f"Session {self.session} established")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def refusal(hub: HubProcess, path: str, **more: Any) -> tuple[int, dict[str, Any], Any]:
    """How the hub refuses an upgrade: status, body, headers."""
    try:
        with connect(f"ws://127.0.0.1:{hub.port}{path}", **more):
            raise AssertionError("the upgrade was accepted")
    except InvalidStatus as error:
        response = error.response
        return response.status_code, json.loads(response.body), response.headers
