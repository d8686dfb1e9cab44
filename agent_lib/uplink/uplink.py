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
from agent_lib.uplink.transports import HubTransports, ResultSender

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.25
_FIRST_CONNECT_SECONDS = 2.0
_SAME_RESULT_TRIES = 3
_UNCONFIRMED_BACKOFF_SECONDS, _MAX_UNCONFIRMED_BACKOFF_SECONDS = 5.0, 300.0
_SHORT_CONNECTION_SECONDS = 5.0
_POSTPONE_SECONDS = 60.0
_MAX_LOGGED_REASONS = 10  # while results wait; each is logged once
_VOLATILE = frozenset({"fps", "last_frame_ts", "last_tag_ts", "sent_at", "bad_frames"})


class Uplink:
    """Sends one result after the other, oldest first.

    Socket.IO with acknowledgement is preferred; while it is not connected, results go over REST and a separate thread
    keeps reconnecting. A raw WebSocket address without a hub replaces both. While the hub cannot be reached or cannot
    store, all results wait in their order. `statuses()` returns the station_status of each station.
    """

    def __init__(
        self, settings: HubSettings, outbox: Outbox, statuses: Callable[[], list[dict[str, Any]]] = list
    ) -> None:
        self._settings, self._outbox, self._statuses = settings, outbox, statuses
        self._backoff = Backoff(settings.retry_seconds, settings.retry_max_seconds)
        self._reconnect = threading.Event()
        self._stopping = threading.Event()
        self._tried_socketio = threading.Event()
        self._postponed: dict[int, float] = {}
        self._tries: tuple[int, int] = (0, 0)
        self._ask_over_rest = 0
        self._waiting_since: float | None = None
        self._logged_reasons: set[str] = set()
        self._reached = ""
        self._avoid_socketio_until = 0.0
        self.reason = ""
        """Why results wait for the hub; "" while they do not."""
        self.delivered = 0
        self._hub: HubTransports | None = None

    @property
    def way(self) -> str:
        """The transport that results use now: "socketio", "rest", "ws" or "down"."""
        return "socketio" if self._socketio_connected else self._reached or "down"

    @property
    def _socketio_connected(self) -> bool:
        return self._hub is not None and self._hub.socketio.connected

    def start(self, supervisor: Supervisor) -> None:
        """Start the threads under `supervisor`; returns at once."""
        # The libraries are slow to import, so not before they are needed: --help stays fast.
        if self._settings.raw:
            from agent_lib.uplink.websocket import WebSocketUplink

            settings = self._settings
            ws = WebSocketUplink(settings.websocket_url, settings.answer_seconds, settings.headers, settings.ca)
            supervisor.run("uplink", lambda: self._deliver_all(lambda entry: self._send_over_websocket(ws, entry)))
            return
        from agent_lib.uplink.rest import RestUplink
        from agent_lib.uplink.socketio import SocketIoUplink

        base, answer_seconds, ca = self._settings.base, self._settings.answer_seconds, self._settings.ca
        hub = self._hub = HubTransports(
            SocketIoUplink(base, answer_seconds, self._reconnect.set, self._settings.token, ca),
            RestUplink(base, answer_seconds, self._settings.headers, ca),
            RestUplink(base, answer_seconds, self._settings.headers, ca),
        )
        supervisor.run("uplink-connect", lambda: self._keep_connected(hub))
        supervisor.run("uplink-status", lambda: self._keep_informed(hub))
        supervisor.run("uplink", lambda: self._deliver_all(lambda entry: self._send_to_hub(hub, entry)))

    def stop(self) -> None:
        """Stop delivering; undelivered results stay in the outbox."""
        self._stopping.set()
        self._reconnect.set()
        self._tried_socketio.set()
        self._outbox.wake()
        if self._hub is not None:
            self._hub.socketio.drop()

    def close(self) -> None:
        """Close the connections, after the threads have ended."""
        if self._hub is not None:
            self._hub.socketio.drop()
            self._hub.rest.close()
            self._hub.rest_status.close()

    # Results

    def _deliver_all(self, send: Callable[[Entry], Answer]) -> None:
        if self._hub is not None:
            # After the start both transports become available within moments: give the preferred one a chance.
            self._tried_socketio.wait(_FIRST_CONNECT_SECONDS)
        while not self._stopping.is_set():
            self._outbox.save_unsaved()
            now = time.monotonic()
            self._postponed = {row: until for row, until in self._postponed.items() if until > now}
            entry = self._outbox.next(self._postponed.keys())
            if entry is None:
                self._outbox.wait(_POLL_SECONDS)
                continue
            wait = self._settle(entry, send(entry))
            if wait > 0:
                self._wait(wait)

    def _send_over_websocket(self, ws: ResultSender, entry: Entry) -> Answer:
        answer = ws.send(entry)
        self._note_way(answer, "ws")
        return answer

    def _send_to_hub(self, hub: HubTransports, entry: Entry) -> Answer:
        ask_over_rest, self._ask_over_rest = self._ask_over_rest == entry.id, 0
        if hub.socketio.connected and time.monotonic() >= self._avoid_socketio_until and not ask_over_rest:
            acknowledged = hub.socketio.send(entry)
            if isinstance(acknowledged, Refused):
                # It has no status: over REST, a result that is refused for good differs from an agent that waits.
                answer = hub.rest.send(entry)
                self._note_way(answer, "rest")
                return answer
            if acknowledged is not None:
                # An acknowledgement has no status: the next try goes over REST, whose status tells whether the hub
                # cannot store or fails at this result only.
                self._ask_over_rest = entry.id if isinstance(acknowledged, Later) else 0
                self._note_way(acknowledged, "")
                return acknowledged
            unconfirmed = hub.socketio.unconfirmed
            if unconfirmed:
                # Something on the way swallows the messages: avoid Socket.IO for a while, so that not every result
                # waits for the timeout.
                backoff = _UNCONFIRMED_BACKOFF_SECONDS * 2**unconfirmed
                self._avoid_socketio_until = time.monotonic() + min(backoff, _MAX_UNCONFIRMED_BACKOFF_SECONDS)
            self._reconnect.set()
        answer = hub.rest.send(entry)
        if not (ask_over_rest and isinstance(answer, Later) and not answer.reached):
            self._note_way(answer, "rest")
        return answer

    def _note_way(self, answer: Answer, way: str) -> None:
        """Note which transport was answered, and why results wait."""
        if isinstance(answer, Later) and answer.about_hub:
            if answer.reason not in self._logged_reasons and len(self._logged_reasons) < _MAX_LOGGED_REASONS:
                self._logged_reasons.add(answer.reason)
                self._log_waiting(answer)
            self._waiting_since = self._waiting_since or time.monotonic()
            self._reached, self.reason = way if answer.reached else "", answer.reason
            return
        if self._waiting_since is not None:
            log.info("The hub takes results again, after %.1f s.", time.monotonic() - self._waiting_since)
            self._waiting_since = None
            self._logged_reasons.clear()
            self._reconnect.set()
        self._reached, self.reason = way, ""

    def _log_waiting(self, answer: Later) -> None:
        """Log why results wait, and what to do where the hub does not know this agent."""
        if answer.let_in:
            log.warning(
                "The hub takes no results (%s). They wait in the outbox and are sent when it is back.", answer.reason
            )
            return
        log.warning(
            "The hub has not let this agent in (%s). Results wait in the outbox, none is lost. Let it in on the "
            "page /devices of the hub, or run: %s",
            answer.reason,
            pair_command(self._settings),
        )

    def _settle(self, entry: Entry, answer: Answer) -> float:
        """Act on an answer; returns how long to wait before the next result."""
        if isinstance(answer, Delivered):
            self.delivered += 1
            self._outbox.delivered(entry)
            self._backoff.reset()
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
        if not answer.about_hub:
            return self._postpone(entry, answer)
        return max(self._backoff.take(), answer.retry_after or 0.0)

    def _postpone(self, entry: Entry, answer: Later) -> float:
        """Postpone a result that a reachable hub keeps failing on, so that the ones behind it are sent first."""
        row, tries = self._tries
        tries = tries + 1 if row == entry.id else 1
        self._tries = (entry.id, tries)
        log.warning(
            "The hub failed at the result of tag %s (%s); it is sent again.", entry.fields.get("tag"), answer.reason
        )
        if tries < _SAME_RESULT_TRIES:
            return self._backoff.take()
        self._postponed[entry.id] = time.monotonic() + min(_POSTPONE_SECONDS, self._settings.retry_max_seconds)
        self._tries = (0, 0)
        self._backoff.reset()
        return 0.0

    def _wait(self, seconds: float) -> None:
        """Back off before the next try; a new Socket.IO connection ends it early, since the hub is reachable."""
        end = time.monotonic() + seconds
        was_connected = self._socketio_connected
        while not self._stopping.is_set() and (left := end - time.monotonic()) > 0:
            if self._socketio_connected and not was_connected:
                return
            self._stopping.wait(min(left, 0.05))

    # Connection and status

    def _keep_connected(self, hub: HubTransports) -> None:
        backoff = Backoff(self._settings.retry_seconds, self._settings.retry_max_seconds)
        logged, since = "", None
        while not self._stopping.is_set():
            if hub.socketio.connected:
                self._reconnect.wait(_POLL_SECONDS)
                self._reconnect.clear()
                continue
            if since is not None:
                # Do not reconnect in a tight loop if connections end as soon as they are made.
                if time.monotonic() - since > _SHORT_CONNECTION_SECONDS:
                    backoff.reset()
                else:
                    self._stopping.wait(backoff.take())
                since = None
            reason = hub.socketio.connect()
            self._tried_socketio.set()
            if not reason:
                log.info("Connected to the hub at %s over Socket.IO.", self._settings.base)
                logged, since = "", time.monotonic()
                self._outbox.wake()
                continue
            if reason != logged:
                log.warning(
                    "No Socket.IO connection to %s (%s); trying again, results go over REST meanwhile.",
                    self._settings.base,
                    reason,
                )
                logged = reason
            self._reconnect.clear()
            if self._reconnect.wait(backoff.take()):
                backoff.reset()

    def _keep_informed(self, hub: HubTransports) -> None:
        """Send each station's status every `status_seconds`, on change and after a reconnect."""
        sent: dict[str, tuple[str, float]] = {}
        connected = False
        while not self._stopping.wait(_POLL_SECONDS):
            now, reconnected = time.monotonic(), hub.socketio.connected and not connected
            connected = hub.socketio.connected
            for status in self._statuses():
                fingerprint = _fingerprint(status)
                before, when = sent.get(status["station"], ("", 0.0))
                if reconnected or fingerprint != before or now - when >= self._settings.status_seconds:
                    self._inform(hub, {**status, "sent_at": time.time()})
                    sent[status["station"]] = (fingerprint, now)

    def _inform(self, hub: HubTransports, status: dict[str, Any]) -> None:
        if not hub.socketio.send_status(status) and hub.rest_status.send_status(status):
            self._reached = self._reached or "rest"


def pair_command(settings: HubSettings) -> str:
    """The command that asks the hub for a token."""
    return f"python agent.py pair --hub {settings.base}"


def _fingerprint(status: dict[str, Any]) -> str:
    """A status without the values that change all the time, as JSON for comparison."""

    def stable(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: stable(inner) for key, inner in value.items() if key not in _VOLATILE}
        return [stable(inner) for inner in value] if isinstance(value, list) else value

    return json.dumps(stable(status), sort_keys=True, default=str)
