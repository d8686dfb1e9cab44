"""One scale: what its indicator says now, and whether it says anything."""

from __future__ import annotations

from typing import Any

from hub.contract.device_state import DeviceDetails, DeviceState
from hub.contract.times import utc_text
from hub.scales.contract import LineParser, Lines, Reading
from hub.scales.settle import Settling
from hub.settings.scales import DEFAULT_PATTERN
from hub.settings.scales import Scale as ScaleSettings

CONNECTING, OFFLINE, WAITING, UNREAD = "connecting", "offline", "waiting", "unread"
MAX_LINES = 16  # of one piece of input: the newest; an indicator sends far fewer
MAX_SHOWN = 60  # characters of a line in a sentence


class Scale:
    """Times are epoch seconds but for `mono`, which is of the monotonic clock.

    `state` is CONNECTING, OFFLINE, WAITING (connected, no line yet), UNREAD (its lines are not understood), or one of
    `hub.scales.settle`.
    """

    def __init__(self, settings: ScaleSettings, now: float) -> None:
        self.settings = settings
        self._parser = LineParser(settings.pattern or DEFAULT_PATTERN, settings.unit)
        self._lines = Lines()
        self._settling = Settling(settings.min_kg, settings.steady_kg, settings.steady_seconds)
        self._started = now
        self.state, self.since = CONNECTING, now
        self.reading: Reading | None = None
        self.line = ""
        self.line_at: float | None = None
        self.error = ""
        self.settled_kg: float | None = None
        self.settled_at: float | None = None
        self.lines = self.unread = self.left_out = self.connections = 0
        self.version = 0  # changes with everything that is shown

    @property
    def online(self) -> bool | None:
        """Whether its indicator sends; None until that is known."""
        if self.state == CONNECTING or (self.state == WAITING and self.settings.silent_seconds):
            return None
        return self.state != OFFLINE

    def connected(self, now: float) -> None:
        """A connection to the indicator was made. One that was silent stays offline until a line comes."""
        self._lines = Lines()
        self.connections += 1
        self.version += 1
        if self.state == CONNECTING or not self.settings.silent_seconds:
            self.error = ""
            self._become(WAITING, now)

    def lost(self, reason: str, now: float) -> None:
        """The indicator cannot be reached, or was lost; `reason` is for operators."""
        self._settling.pause()
        self.reading = None
        self.error = reason
        self.version += 1
        self._become(OFFLINE, now)

    def feed(self, data: bytes, now: float, mono: float) -> tuple[int, list[tuple[float, str]]]:
        """How many lines these bytes completed, and the weights in kg that they settled, with their lines."""
        lines = self._lines.feed(data)
        self.left_out += max(0, len(lines) - MAX_LINES)
        settled = []
        for text in lines[-MAX_LINES:]:
            kg = self._line(text, now, mono)
            if kg is not None:
                self.settled_kg, self.settled_at = kg, now
                settled.append((kg, text))
        return len(lines), settled

    def _line(self, text: str, now: float, mono: float) -> float | None:
        self.lines += 1
        self.line_at = now
        if text != self.line:
            self.line = text
            self.version += 1
        reading = self._parser.parse(text)
        if reading is None:
            self.unread += 1
            self.reading = None
            self._settling.pause()
            self.error = (
                f"Its lines cannot be understood, such as {text[:MAX_SHOWN]!r}. Compare them with the pattern of this "
                "scale in hub.toml; docs/scales.md has examples."
            )
            self._become(UNREAD, now)
            return None
        self.reading, self.error = reading, ""
        kg = self._settling.add(reading, mono)
        self._become(self._settling.state, now)
        return kg

    def _become(self, state: str, now: float) -> None:
        if state != self.state:
            self.state, self.since = state, now
            self.version += 1

    def shown(self) -> dict[str, Any]:
        """The scale as pages and programs receive it."""
        reading = self.reading
        return {
            "name": self.settings.name,
            "checkpoint": self.settings.checkpoint,
            "state": self.state,
            "online": self.online,
            "since": utc_text(self.since),
            "kg": reading.kg if reading else None,
            "stable": reading.stable if reading else None,
            "net": reading.net if reading else False,
            "settled_kg": self.settled_kg,
            "settled_at": utc_text(self.settled_at) if self.settled_at is not None else None,
            "line": self.line,
            "line_at": utc_text(self.line_at) if self.line_at is not None else None,
            "error": self.error,
            "address": self.address,
            "lines": self.lines,
            "unread_lines": self.unread,
            "left_out_lines": self.left_out + self._lines.too_long,
            "connections": self.connections,
        }

    @property
    def address(self) -> str:
        """Where its indicator is."""
        return f"{self.settings.host}:{self.settings.port}"

    def device_state(self) -> DeviceState:
        """For the list of devices and for alerts."""
        name = self.settings.name
        details = DeviceDetails(
            word=self.state,
            trouble=self.error,
            address=self.address,
            transport="TCP",
            checkpoint=self.settings.checkpoint,
        )
        return DeviceState("scale", name, name, self.online, self.line_at or self._started, details=details)
