"""Since when each camera and each station has been silent. Does no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from hub.contract.device_state import DeviceState
from hub.contract.times import sentence_time
from hub.rules.rule import Happening, Kind

MAX_STATIONS = 10_000


class Silence:
    """A camera is silent since it was heard, a station since its last capture; both at most since the hub started."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._captured: dict[str, float] = {}

    def captured(self, station: str, at: float) -> None:
        """A station has captured a vehicle."""
        if station in self._captured or (station and len(self._captured) < MAX_STATIONS):
            self._captured[station] = max(at, self._captured.get(station, 0.0))

    def happenings(
        self, devices: Iterable[Callable[[], Iterable[DeviceState]]], wanted: Callable[[Kind], bool], now: float
    ) -> Iterator[Happening]:
        """One for each camera and station that a rule may be about; whether it is long enough, the rule decides.

        A station that reports no state is known once it has sent a capture.
        """
        stations: set[str] = set()
        for states in devices:
            for state in states():
                if state.kind == "camera" and wanted(Kind.CAMERA_SILENT):
                    yield self._camera(state, now)
                elif state.kind == "station" and wanted(Kind.STATION_SILENT):
                    stations.add(state.id)
                    yield self._station(state.id, now)
        if wanted(Kind.STATION_SILENT):
            for station in [each for each in self._captured if each not in stations]:
                yield self._station(station, now)

    def _camera(self, state: DeviceState, now: float) -> Happening:
        since = min(max(state.last_seen, self._started), now)
        return Happening(
            Kind.CAMERA_SILENT,
            state.name,
            f"The camera {state.name} has sent nothing since {sentence_time(since)}. Check its power, its "
            "network and its view.",
            now,
            checkpoint=state.details.checkpoint,
            device=state.id,
            device_kind="camera",
            silent_since=since,
        )

    def _station(self, station: str, now: float) -> Happening:
        since = min(self._captured.get(station, self._started), now)
        return Happening(
            Kind.STATION_SILENT,
            station,
            f"The station {station} has captured no vehicle since {sentence_time(since)}. Is its gate open, and "
            "does its reader work?",
            now,
            checkpoint=station,
            device=station,
            device_kind="station",
            silent_since=since,
        )
