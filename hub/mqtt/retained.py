"""The retained messages: the state of each device, and what Home Assistant is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from hub.contract.device_state import DeviceState
from hub.contract.json_text import encode
from hub.mqtt.discovery import Discovery
from hub.mqtt.topics import Topics

STATES = {True: "online", False: "offline", None: "unknown"}
PRESENCE = "presence"
Send = Callable[[str, str | bytes], object]


@dataclass
class Shown:
    """What the broker was told of a device. `sent`: its state, "" where it must be sent."""

    topic: str
    round: int
    sent: str = ""
    announced: bool = False
    configs: list[str] = field(default_factory=list)  # topics of discovery


class Retained:
    """Sends what has changed. What is gone is cleared, also when it went while the broker was away."""

    def __init__(
        self,
        topics: Topics,
        discovery: Discovery | None,
        sources: Iterable[Callable[[], Iterable[DeviceState]]],
        watched: Iterable[str] = (),
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """`discovery`: None where nothing is announced. `watched`: cameras that are watched for vehicles.

        `breathe` is called after each device: it lets the event loop go on where that has taken long.
        """
        self._breathe = breathe
        self._topics, self._discovery, self._sources = topics, discovery, sources
        self.presence = dict.fromkeys(watched, "unknown")
        self._shown: dict[tuple[str, str], Shown] = {}
        self._round = 0

    def __len__(self) -> int:
        return len(self._shown)

    def reset(self) -> None:
        """The broker may have lost everything: send it again."""
        for shown in self._shown.values():
            shown.sent, shown.announced = "", False

    def _current(self) -> Iterator[tuple[DeviceState, str]]:
        for source in list(self._sources):
            for state in source():
                yield state, STATES[state.online]
        for camera, presence in list(self.presence.items()):
            yield DeviceState(PRESENCE, camera, camera, None, 0.0), presence

    def send_changes(self, send: Send) -> int:
        """Send every change, the announcement of a device before its first state; how many messages."""
        self._round += 1
        count = 0
        for state, text in self._current():
            key = state.kind, state.id
            shown = self._shown.get(key)
            if shown is None:
                shown = self._shown[key] = Shown(self._topics.state(state.kind, state.id), self._round)
            shown.round = self._round
            if not shown.announced:
                count += self._announce(shown, state, send)
            if shown.sent != text:
                send(shown.topic, text)
                shown.sent = text
                count += 1
            self._breathe()
        for key in [key for key, shown in self._shown.items() if shown.round != self._round]:
            for topic in (*self._shown[key].configs, self._shown[key].topic):
                send(topic, b"")
                count += 1
            del self._shown[key]
        return count

    def _announce(self, shown: Shown, state: DeviceState, send: Send) -> int:
        shown.announced = True
        if self._discovery is None:
            return 0
        shown.configs = []
        for topic, content in self._discovery.messages(state.kind, state.id, state.name, state.parent):
            send(topic, encode(content))
            shown.configs.append(topic)
        return len(shown.configs)
