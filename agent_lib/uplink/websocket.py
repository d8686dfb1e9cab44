"""Results to a plain WebSocket server, as the original station sent them: one JSON text message each.

Any server may stand there. What counts as delivered is what such servers do: an answer in text, or an orderly close.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from typing import Any

import websocket

from agent_lib.outbox import Entry
from agent_lib.uplink.answer import Answer, Delivered, Later, Refused, read_answer

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
_CLOSE_SECONDS = 2.0


class WebSocketUplink:
    """A connection per result, as the original's; other results heard on it do not pile up."""

    def __init__(self, url: str, answer_seconds: float) -> None:
        self._url, self._answer_seconds = url, answer_seconds
        self._answers = False

    def send(self, entry: Entry) -> Answer:
        """Deliver one result and wait for the reply."""
        pictures = {f"{role}_image": base64.b64encode(data).decode("ascii") for role, data in entry.pictures.items()}
        text = json.dumps({**entry.fields, **pictures}, ensure_ascii=False)
        try:
            link = websocket.create_connection(
                self._url,
                timeout=min(_CONNECT_SECONDS, self._answer_seconds),
                http_no_proxy=["*"],
                suppress_origin=True,
            )
        except (websocket.WebSocketException, OSError, ValueError) as error:
            return Later(f"{self._url}: {error or type(error).__name__}")
        try:
            link.settimeout(self._answer_seconds)
            link.send(text)
            return self._reply(link, entry.event_id)
        except (websocket.WebSocketException, OSError) as error:
            return Later(f"{self._url}: the connection broke before an answer came ({error or type(error).__name__})")
        finally:
            link.close(timeout=_CLOSE_SECONDS)
            # After a close that the server began, the library's close() leaves the socket open.
            link.shutdown()

    def _reply(self, link: websocket.WebSocket, event_id: str) -> Answer:
        end = time.monotonic() + self._answer_seconds
        while (left := end - time.monotonic()) > 0:
            link.settimeout(left)
            try:
                opcode, frame = link.recv_data_frame(control_frame=True)
            except websocket.WebSocketTimeoutException:
                break
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return _closed(frame.data)
            if opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                answer = reply_to(frame.data, event_id)
                if answer is not None:
                    self._answers = True
                    return answer
        return self._silent(link)

    def _silent(self, link: websocket.WebSocket) -> Answer:
        """A server that never answers anything has still taken the message when it joins in an orderly close."""
        if self._answers:
            return Later(f"{self._url}: no answer within {self._answer_seconds:g} s")
        link.settimeout(_CLOSE_SECONDS)
        link.send_close(1000, b"")
        while True:
            opcode, frame = link.recv_data_frame(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return _closed(frame.data)


def reply_to(data: bytes, event_id: str) -> Answer | None:
    """A message from the server -> what it says of the result; None when it is about another one.

    The hub's own port 2020 also sends every other capture to whoever is connected; an echo of our own message is a
    confirmation, whatever its `success` says of the capture.
    """
    try:
        body: Any = json.loads(data)
    except ValueError:
        return Delivered()
    if not isinstance(body, dict):
        return Delivered()
    about = body.get("event_id")
    if isinstance(about, str) and about and about != event_id:
        return None
    if "tags" in body and "started_ts" in body:
        return Delivered()
    return read_answer(body) or Delivered()


def _closed(payload: bytes) -> Answer:
    """A close frame without an answer before it: normal ones (1000, 1001, none) confirm, others refuse or put off."""
    code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1000
    said = payload[2:].decode("utf-8", "replace")
    if code == 1000:
        return Delivered()
    if code in (1003, 1007, 1009):
        return Refused(f"the WebSocket server closed with {code} {said}".strip())
    return Later(f"the WebSocket server closed with {code} {said}".strip())
