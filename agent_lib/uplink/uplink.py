"""Delivery of results from the outbox to the hub, over the best transport available, retried until accepted."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from agent_lib.outbox import Entry, Outbox
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.uplink.answer import Answer, Backoff, Delivered, Later, Refused

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.25
_FIRST_CONNECT_SECONDS = 2.0
_SAME_RESULT_TRIES = 3
_SAME_RESULT_TRIES_WHEN_ASKED_TO_WAIT = 5
_UNCONFIRMED_REST_SECONDS, _UNCONFIRMED_REST_LONGEST = 5.0, 300.0
_SHORT_CONNECTION_SECONDS = 5.0
_SET_ASIDE_SECONDS = 60.0
_VOLATILE = frozenset({"fps", "last_frame_ts", "last_tag_ts", "sent_at", "bad_frames"})


class Uplink:
    """Sends one result after the other, oldest first.

    Socket.IO with acknowledgement is the first choice; while it is not there results go over REST, and a thread of its
    own keeps trying to get it back. A raw WebSocket address without a hub is the only way instead. `statuses()` gives
    the station_status of each station.
    """

    def __init__(
        self, settings: HubSettings, outbox: Outbox, statuses: Callable[[], list[dict[str, Any]]] = list
    ) -> None:
        self._settings, self._outbox, self._statuses = settings, outbox, statuses
        self._backoff = Backoff(settings.retry_seconds, settings.retry_max_seconds)
        self._kick = threading.Event()
        self._stopping = threading.Event()
        self._tried_socketio = threading.Event()
        self._aside: dict[int, float] = {}
        self._tries: tuple[int, int] = (0, 0)
        self._down_since: float | None = None
        self._reached = ""
        self._mistrust_until = 0.0
        self.reason = ""
        self.delivered = 0
        self._ws: Any = None
        self._socketio: Any = None
        self._rest: Any = None
        self._rest_status: Any = None

    @property
    def way(self) -> str:
        """How results go now: "socketio", "rest", "ws" or "down"."""
        return "socketio" if self._socketio is not None and self._socketio.connected else self._reached or "down"

    def start(self, supervisor: Supervisor) -> None:
        """Begin to deliver; returns at once."""
        # The libraries take a moment to load: not on the way to --help.
        if self._settings.raw:
            from agent_lib.uplink.websocket import WebSocketUplink

            self._ws = WebSocketUplink(self._settings.websocket_url, self._settings.answer_seconds)
        else:
            from agent_lib.uplink.rest import RestUplink
            from agent_lib.uplink.socketio import SocketIoUplink

            self._socketio = SocketIoUplink(self._settings.base, self._settings.answer_seconds, self._kick.set)
            self._rest = RestUplink(self._settings.base, self._settings.answer_seconds)
            self._rest_status = RestUplink(self._settings.base, self._settings.answer_seconds)
            supervisor.run("uplink-connect", self._keep_connected)
            supervisor.run("uplink-status", self._keep_informed)
        supervisor.run("uplink", self._deliver_all)

    def stop(self) -> None:
        """End; what is not delivered stays in the outbox."""
        self._stopping.set()
        self._kick.set()
        self._tried_socketio.set()
        self._outbox.wake()
        if self._socketio is not None:
            self._socketio.drop()

    def close(self) -> None:
        """Drop the connections, after the threads have ended."""
        if self._socketio is not None:
            self._socketio.drop()
        for part in (self._rest, self._rest_status):
            if part is not None:
                part.close()

    # Results

    def _deliver_all(self) -> None:
        if self._socketio is not None:
            # At a start both ways would work in a moment; the better one shall win.
            self._tried_socketio.wait(_FIRST_CONNECT_SECONDS)
        while not self._stopping.is_set():
            self._outbox.save_unsaved()
            now = time.monotonic()
            self._aside = {row: until for row, until in self._aside.items() if until > now}
            entry = self._outbox.next(self._aside.keys())
            if entry is None:
                self._outbox.wait(_LOOK_SECONDS)
                continue
            wait = self._settle(entry, self._send(entry))
            if wait > 0:
                self._rest_until(wait)

    def _send(self, entry: Entry) -> Answer:
        if self._ws is not None:
            answer: Answer = self._ws.send(entry)
            self._note_way(answer, "ws")
            return answer
        if self._socketio.connected and time.monotonic() >= self._mistrust_until:
            answer = self._socketio.send(entry)
            if answer is not None:
                self._note_way(answer, "")
                return answer
            silent = self._socketio.unconfirmed
            if silent:
                # Something between here and the hub swallows what goes this way: not every result shall wait for that.
                self._mistrust_until = time.monotonic() + min(
                    _UNCONFIRMED_REST_SECONDS * 2**silent, _UNCONFIRMED_REST_LONGEST
                )
            self._kick.set()
        answer = self._rest.send(entry)
        self._note_way(answer, "rest")
        return answer

    def _note_way(self, answer: Answer, way: str) -> None:
        if isinstance(answer, Later) and not answer.answered and answer.retry_after is None:
            if self._down_since is None:
                log.warning(
                    "The hub takes no results (%s). They wait in the outbox and are sent when it is back.",
                    answer.reason,
                )
                self._down_since = time.monotonic()
            self._reached, self.reason = "", answer.reason
            return
        if self._down_since is not None:
            log.info("The hub takes results again, after %.1f s.", time.monotonic() - self._down_since)
            self._down_since = None
            self._kick.set()
        self._reached, self.reason = way, ""

    def _settle(self, entry: Entry, answer: Answer) -> float:
        """Act on an answer; how long to wait before the next result is sent."""
        if isinstance(answer, Delivered):
            self._outbox.delivered(entry)
            self._backoff.reset()
            self.delivered += 1
            log.info(
                "Result of tag %s delivered over %s%s.",
                entry.fields.get("tag"),
                self._reached or self.way,
                ", which had it already" if answer.duplicate else "",
            )
            return 0.0
        if isinstance(answer, Refused):
            self._outbox.shelve(entry, answer.reason)
            self._backoff.reset()
            log.error(
                "The hub refuses the result of tag %s for good (%s). It is kept on the shelf; those behind it go on.",
                entry.fields.get("tag"),
                answer.reason,
            )
            return 0.0
        if answer.answered:
            return self._set_aside(entry, answer)
        return max(self._backoff.take(), answer.retry_after or 0.0)

    def _set_aside(self, entry: Entry, answer: Later) -> float:
        """Postpone a result that a reachable hub keeps failing on, so that the ones behind it are sent first."""
        row, tries = self._tries
        tries = tries + 1 if row == entry.id else 1
        self._tries = (entry.id, tries)
        log.warning(
            "The hub failed at the result of tag %s (%s); it is sent again.", entry.fields.get("tag"), answer.reason
        )
        if tries < (_SAME_RESULT_TRIES if answer.retry_after is None else _SAME_RESULT_TRIES_WHEN_ASKED_TO_WAIT):
            return max(self._backoff.take(), answer.retry_after or 0.0)
        self._aside[entry.id] = time.monotonic() + min(_SET_ASIDE_SECONDS, self._settings.retry_max_seconds)
        self._tries = (0, 0)
        self._backoff.reset()
        return 0.0

    def _rest_until(self, seconds: float) -> None:
        """Wait before the next try; a Socket.IO connection that comes back meanwhile ends it, the hub is there."""
        end = time.monotonic() + seconds
        was = self._socketio is not None and self._socketio.connected
        while not self._stopping.is_set() and (left := end - time.monotonic()) > 0:
            if self._socketio is not None and self._socketio.connected and not was:
                return
            self._stopping.wait(min(left, 0.05))

    # Connection and status

    def _keep_connected(self) -> None:
        backoff = Backoff(self._settings.retry_seconds, self._settings.retry_max_seconds)
        said, since = "", None
        while not self._stopping.is_set():
            if self._socketio.connected:
                self._kick.wait(_LOOK_SECONDS)
                self._kick.clear()
                continue
            if since is not None:
                # One that ends as soon as it is made must not be made again in a tight loop.
                if time.monotonic() - since > _SHORT_CONNECTION_SECONDS:
                    backoff.reset()
                else:
                    self._stopping.wait(backoff.take())
                since = None
            reason = self._socketio.connect()
            self._tried_socketio.set()
            if not reason:
                log.info("Connected to the hub at %s over Socket.IO.", self._settings.base)
                said, since = "", time.monotonic()
                self._outbox.wake()
                continue
            if reason != said:
                log.warning(
                    "No Socket.IO connection to %s (%s); trying again, results go over REST meanwhile.",
                    self._settings.base,
                    reason,
                )
                said = reason
            self._kick.clear()
            if self._kick.wait(backoff.take()):
                backoff.reset()

    def _keep_informed(self) -> None:
        """Send each station's status every `status_seconds` and whenever it changes."""
        sent: dict[str, tuple[str, float]] = {}
        connected = False
        while not self._stopping.wait(_LOOK_SECONDS):
            now, back = time.monotonic(), self._socketio.connected and not connected
            connected = self._socketio.connected
            for status in self._statuses():
                print_of = _fingerprint(status)
                before, when = sent.get(status["station"], ("", 0.0))
                if back or print_of != before or now - when >= self._settings.status_seconds:
                    self._inform({**status, "sent_at": time.time()})
                    sent[status["station"]] = (print_of, now)

    def _inform(self, status: dict[str, Any]) -> None:
        if not self._socketio.send_status(status) and self._rest_status.send_status(status):
            self._reached = self._reached or "rest"


def _fingerprint(status: dict[str, Any]) -> str:
    """A status less the figures that move all the time: what is left changes when something happened."""

    def still(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: still(inner) for key, inner in value.items() if key not in _VOLATILE}
        return [still(inner) for inner in value] if isinstance(value, list) else value

    return json.dumps(still(status), sort_keys=True, default=str)
