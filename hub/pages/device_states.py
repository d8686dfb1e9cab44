"""The states of stations, cameras and boards in one answer: how many are well, and which are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from hub.contract.device_state import DeviceState
from hub.contract.times import utc_text
from hub.runtime.time_slice import TimeSlice

MAX_NAMED = 50
ORDER = ("station", "device", "camera", "board", "scale")
OFFLINE, TROUBLED = "offline", "troubled"


class DeviceStates:
    """Asks every kind of device."""

    def __init__(self, sources: list[Callable[[], Iterable[DeviceState]]]) -> None:
        self._sources = sources

    def summary(self) -> dict[str, Any]:
        """How many devices of each kind there are and how many of them are well; those that are not, worst first.

        `unknown` are neither: a board without a tag in view, a reader whose station is offline.
        """
        counts: Counter[str] = Counter()
        well: Counter[str] = Counter()
        unknown: Counter[str] = Counter()
        troubled: list[DeviceState] = []
        time_slice = TimeSlice()
        for source in self._sources:
            for state in source():
                counts[state.kind] += 1
                if state.online is None:
                    unknown[state.kind] += 1
                elif state.online and not state.details.trouble:
                    well[state.kind] += 1
                else:
                    troubled.append(state)
                time_slice.check()
        troubled.sort(key=lambda state: (bool(state.online), ORDER.index(state.kind), state.name))
        return {
            "kinds": {
                kind: {"total": counts[kind], "well": well[kind], "unknown": unknown[kind]}
                for kind in ORDER
                if counts[kind]
            },
            "troubled_count": len(troubled),
            "troubled": [_shown(state) for state in troubled[:MAX_NAMED]],
        }


def _shown(state: DeviceState) -> dict[str, Any]:
    return {
        "kind": state.kind,
        "id": state.id,
        "name": state.name,
        "state": TROUBLED if state.online else OFFLINE,
        "trouble": state.details.trouble,
        "last_seen": utc_text(state.last_seen),
        "station": state.parent,
    }
