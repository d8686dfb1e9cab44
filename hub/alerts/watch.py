"""Watches devices and the hub's own conditions: what stays wrong is raised, what stays right again is cleared.

Both need their time without a break, so that a device that comes and goes is one alert and not a thousand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hub.alerts.book import AlertBook
from hub.contract.alerts import AlertKind, Condition
from hub.contract.device_state import DeviceState
from hub.contract.times import utc_text

MAX_SILENT = 86_400.0  # a device that was silent for longer when the hub started is no news
CONDITION_HOLD = 5.0
KINDS = {
    "camera": (AlertKind.CAMERA_OFFLINE, "camera", "Check its power and its network."),
    "station": (AlertKind.STATION_OFFLINE, "station", "Is its agent running, and does its PC reach the hub?"),
    "board": (AlertKind.BOARD_OFFLINE, "board", "Check its power and its network; switch it off and on."),
    "scale": (AlertKind.SCALE_OFFLINE, "scale", "Check its indicator's power, cable and address."),
    "device": (AlertKind.DEVICE_OFFLINE, "device", "Its station says more; check its power, cable and address."),
}

Key = tuple[AlertKind, str]


@dataclass
class Watched:
    """Something that is watched: whether it is wrong (None: unknown), since when, and in which round it was seen."""

    wrong: bool | None
    since: float
    round: int
    name: str = ""


class Watch:
    """`poll()` looks at everything once. Times are of the monotonic clock but for those that are shown."""

    def __init__(
        self,
        book: AlertBook,
        hold_seconds: float,
        steady_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """`breathe` is called after each device: it lets the event loop go on where that has taken long."""
        self._book, self._hold, self._steady = book, hold_seconds, steady_seconds
        self._monotonic, self._now, self._breathe = monotonic, now, breathe
        self._watched: dict[Key, Watched] = {}
        self._round = 0

    def forget(self) -> None:
        """Begin anew: it was not looked for a while."""
        self._watched.clear()

    def poll(
        self,
        devices: Iterable[Callable[[], Iterable[DeviceState]]],
        conditions: Iterable[Callable[[], Condition]],
    ) -> None:
        """Look at every device and every condition, and raise or clear alerts."""
        self._round += 1
        for source in devices:
            for state in source():
                self._device(state)
                self._breathe()
        for condition in conditions:
            self._condition(condition())
        for key in [key for key, one in self._watched.items() if one.round != self._round]:
            name = self._watched.pop(key).name
            self._book.clear(*key, f"The hub no longer knows {name}." if name else "")

    def _device(self, state: DeviceState) -> None:
        kind, word, advice = KINDS[state.kind]
        name = f"the {word} {state.name}"
        key, now = (kind, state.id), self._monotonic()
        watched = self._seen(key, None if state.online is None else not state.online, now, name)
        held = now - watched.since
        if watched.wrong is False and held >= self._steady:
            self._book.clear(kind, state.id, f"{_capital(name)} is online again.")
        elif watched.wrong and held >= self._hold and not self._book.is_raised(kind, state.id):
            if self._now() - state.last_seen > MAX_SILENT + held:
                return
            self._book.raise_(
                kind,
                state.id,
                f"{_capital(name)} is offline. {advice}",
                {"name": state.name, "last_seen": utc_text(state.last_seen)},
            )

    def _condition(self, condition: Condition) -> None:
        key, now = (condition.kind, condition.subject), self._monotonic()
        watched = self._seen(key, condition.active, now)
        held = now - watched.since
        if not condition.active and held >= self._steady:
            self._book.clear(*key)
        elif condition.active and held >= min(CONDITION_HOLD, self._hold) and not self._book.is_raised(*key):
            self._book.raise_(*key, condition.sentence)

    def _seen(self, key: Key, wrong: bool | None, now: float, name: str = "") -> Watched:
        watched = self._watched.get(key)
        if watched is None:
            watched = self._watched[key] = Watched(wrong, now, self._round, name)
        elif watched.wrong != wrong:
            watched.wrong, watched.since = wrong, now
        watched.round, watched.name = self._round, name
        return watched


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
