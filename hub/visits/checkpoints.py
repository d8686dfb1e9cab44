"""Which checkpoint a record belongs to, and which way its device faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.contract.text import clean, place_key
from hub.contract.visits import CAPTURE

MAX_STATIONS = 100


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as a device names it. `place`: the name as it is compared. `facing`: in, out, or ""."""

    name: str
    place: str
    facing: str = ""


class Checkpoints:
    """Decides by the labels of operators, then by what devices send, then by their own names.

    While there is one station and no device with a label, detections belong to the checkpoint of that station.
    `labels`: checkpoint and facing of ("camera" or "station", id). `known`: how many stations there are, and one.
    """

    def __init__(
        self,
        labels: Callable[[str, str], tuple[str, str]],
        known: Callable[[], tuple[int, str]] = lambda: (0, ""),
    ) -> None:
        self._labels, self._known = labels, known
        self._seen: set[str] = set()  # stations that have sent captures since the start
        self.labelled = False

    def of(self, kind: str, device: str, own: str = "") -> Checkpoint:
        """The checkpoint of a record. `own`: what the record itself says."""
        device_kind = "station" if kind == CAPTURE else "camera"
        name, facing = self._labels(device_kind, device)
        self.labelled = self.labelled or bool(name)
        if kind == CAPTURE and len(self._seen) < MAX_STATIONS:
            self._seen.add(device)
        if not name:
            name = (own if kind == CAPTURE else self._only_station() or own) or device
        name = clean(name)
        return Checkpoint(name, place_key(name), facing if facing in ("in", "out") else "")

    def _only_station(self) -> str:
        """The station that all detections belong to; "" where that is not certain."""
        if self.labelled:
            return ""
        count, name = self._known()
        names = self._seen | ({name} if count == 1 else set())
        if count > 1 or len(names) != 1:
            return ""
        only = next(iter(names))
        label, _ = self._labels("station", only)
        return "" if label else only
