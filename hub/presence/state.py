"""Whether a vehicle is present at one camera, from its examined pictures, with hysteresis. No input or output here.

A vehicle is present after k pictures that show one out of the last 2 k - 1, and absent after at least k in a row that
show none, over `leave_seconds` or more (k: `arrive_pictures`). Without an examined picture for `unknown_seconds` it is
unknown whether it is there; its stay goes on when it is seen again, and ends after `end_seconds`.
"""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass

from hub.live.events import Vehicle, VehicleArrived, VehicleLeft
from hub.settings.presence import VehicleWatch

NOT_SEEN, NOT_WATCHED = "not seen", "not watched"

Change = VehicleArrived | VehicleLeft


@dataclass(frozen=True)
class Observation:
    """An examined picture: received at `mono` (monotonic) and `time` (epoch seconds); the vehicle in it, if any."""

    mono: float
    time: float
    vehicle: Vehicle | None


@dataclass
class Stay:
    """A vehicle that arrived and has not left: the first picture that showed it, and the last."""

    id: str
    first: Observation
    last: Observation
    vehicle: Vehicle


class PresenceState:
    """The state of one camera; `present` is None while it is unknown. `now` is monotonic, as in `tick`."""

    def __init__(self, watch: VehicleWatch, now: float) -> None:
        self._watch = watch
        self._end_seconds = max(watch.end_seconds, watch.unknown_seconds)
        self.present: bool | None = None
        self.stay: Stay | None = None
        self._recent: deque[Observation] = deque(maxlen=2 * watch.arrive_pictures - 1)
        self._misses = 0  # pictures in a row without a vehicle
        self._observed_at = now

    def is_watched(self, now: float) -> bool:
        """Whether a picture was examined in the last `unknown_seconds`."""
        return now - self._observed_at < self._watch.unknown_seconds

    def observe(self, observed: Observation) -> list[Change]:
        """Add the next examined picture; the changes, mostly none."""
        changes = self.tick(observed.mono, observed.time)
        self._observed_at = observed.mono
        self._recent.append(observed)
        self._misses = 0 if observed.vehicle else self._misses + 1
        if observed.vehicle and self.stay:
            self.stay.last, self.stay.vehicle = observed, observed.vehicle
        if observed.vehicle and self.present is not True and self._sightings() >= self._watch.arrive_pictures:
            changes += self._arrive(observed, observed.vehicle)
        elif self.present is not False and self._misses >= self._watch.arrive_pictures and self._is_over(observed):
            changes += self._leave(observed.time, NOT_SEEN)
            self.present = False
        return changes

    def tick(self, now: float, time: float) -> list[Change]:
        """Let time pass without a picture; the changes, mostly none. `time`: the same moment in epoch seconds."""
        if self.is_watched(now):
            return []
        self.present = None
        self._clear()
        return self._leave(time, NOT_WATCHED) if now - self._observed_at >= self._end_seconds else []

    def _sightings(self) -> int:
        return sum(one.vehicle is not None for one in self._recent)

    def _is_over(self, observed: Observation) -> bool:
        return self.stay is None or observed.mono - self.stay.last.mono >= self._watch.leave_seconds

    def _arrive(self, observed: Observation, vehicle: Vehicle) -> list[Change]:
        """Make the vehicle present. It is no arrival where its stay has only been out of sight."""
        arrival_seen, self.present = self.present is False, True
        if self.stay is not None:
            return []
        first = next(one for one in self._recent if one.vehicle)
        self.stay = Stay(str(uuid.uuid4()), first, observed, vehicle)
        return [VehicleArrived(self.stay.id, self._watch.camera, observed.time, first.time, vehicle, arrival_seen)]

    def _leave(self, time: float, reason: str) -> list[Change]:
        """End the stay, if there is one."""
        stay, self.stay = self.stay, None
        self._clear()
        if stay is None:
            return []
        stayed = stay.last.mono - stay.first.mono
        times = (time, stay.first.time, stay.last.time)
        return [VehicleLeft(stay.id, self._watch.camera, *times, stayed, stay.vehicle.kind, reason)]

    def _clear(self) -> None:
        self._recent.clear()
        self._misses = 0
