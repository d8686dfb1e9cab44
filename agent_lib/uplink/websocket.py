"""Results to a plain WebSocket server, as the original station sent them: one JSON text message each.

Any server may be used. A result counts as delivered if the server answers in text, or closes in an orderly way.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

import websocket

from agent_lib.outbox import Entry
from agent_lib.uplink.answer import NOT_LET_IN, Answer, Delivered, Later, Refused, read_answer, seconds
from agent_lib.uplink.tls import tls_problem, websocket_options

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
_CLOSE_SECONDS = 2.0


class WebSocketUplink:
    """One connection per result, as in the original, so that broadcasts of the server do not pile up."""

    def __init__(self, url: str, answer_seconds: float, headers: Mapping[str, str] | None = None, ca: str = "") -> None:
        """`headers`: what lets the agent in at the server. `ca`: file of the authority of its certificate."""
        self._headers = [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._url, self._answer_seconds, self._ca = url, answer_seconds, ca
        self._has_replied = False

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
                header=self._headers,
                sslopt=websocket_options(self._url, self._ca),
            )
        except websocket.WebSocketBadStatusException as error:
            headers = {name.lower(): value for name, value in (error.resp_headers or {}).items()}
            reason, wait = f"{self._url}: HTTP {error.status_code}", seconds(headers.get("retry-after"))
            return Later(reason, wait, let_in=error.status_code not in NOT_LET_IN)
        except (websocket.WebSocketException, OSError, ValueError) as error:
            return Later(f"{self._url}: {tls_problem(error, self._ca) or error or type(error).__name__}")
        try:
            link.settimeout(self._answer_seconds)
            link.send(text)
            return self._reply(link, entry.event_id)
        except (websocket.WebSocketException, OSError) as error:
            return Later(f"{self._url}: the connection broke before an answer came ({error or type(error).__name__})")
        finally:
            link.close(timeout=_CLOSE_SECONDS)
            # If the server started the close handshake, the library's close() leaves the socket open.
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
                    self._has_replied = True
                    return answer
        return self._silent(link)

    def _silent(self, link: websocket.WebSocket) -> Answer:
        """Handle a missing reply: a server that never replies has accepted the message if it closes in order."""
        if self._has_replied:
            return Later(f"{self._url}: no answer within {self._answer_seconds:g} s")
        link.settimeout(_CLOSE_SECONDS)
        link.send_close(1000, b"")
        while True:
            opcode, frame = link.recv_data_frame(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return _closed(frame.data)


def reply_to(data: bytes, event_id: str) -> Answer | None:
    """What a message of the server says about the result; None if it is about another one.

    The hub's own port 2020 also broadcasts every other capture; an echo of our own message is a confirmation, whatever
    its `success` says about the capture.
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
    """The outcome of a close frame without a reply: a normal one (1000, 1001, none) confirms, others do not."""
    code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1000
    reason = payload[2:].decode("utf-8", "replace")
    if code == 1000:
        return Delivered()
    if code in (1003, 1007, 1009):
        return Refused(f"the WebSocket server closed with {code} {reason}".strip())
    return Later(f"the WebSocket server closed with {code} {reason}".strip())
