"""One device of the list of all devices: its state in a word, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.contract.device_state import DeviceState
from hub.contract.times import utc_text
from hub.devices.labels import Label

PENDING, TROUBLED, OFFLINE, UNKNOWN, GOOD = "pending", "troubled", "offline", "unknown", "good"
ORDER = (PENDING, TROUBLED, OFFLINE, UNKNOWN, GOOD)
"""States in the order of the list. Unknown: of a board without a tag in view, of the cameras of a silent station."""
RANK = {state: rank for rank, state in enumerate(ORDER)}


@dataclass
class Listed:
    """A row. What is not known is None or "". `last_seen` is in epoch seconds."""

    kind: str
    id: str
    state: str
    last_seen: float
    reported_name: str = ""
    parent: str = ""
    word: str = ""
    trouble: str = ""
    address: str = ""
    transport: str = ""
    checkpoint: str = ""
    fps: float | None = None
    clock_offset: float | None = None
    queue: int | None = None
    version: str = ""
    decision: str = ""  # what an operator has to decide about a pending one: access, pairing, registration
    decision_id: str = ""  # by which it is decided, or was
    given_name: str = ""  # of the decision that let it in
    detail: str = ""  # what a pending one has sent
    label: Label | None = None

    @property
    def name(self) -> str:
        """What people call it: by its label, by the decision that let it in, or as it says itself."""
        return (self.label and self.label.name) or self.given_name or self.reported_name or self.id

    @property
    def place(self) -> tuple[int, str, str, str]:
        """Where it stands in the list."""
        return RANK[self.state], self.name.casefold(), self.kind, self.id

    def shown(self) -> dict[str, Any]:
        """The row as pages and programs receive it."""
        label = self.label
        return {
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "label": label.name if label else "",
            "state": self.state,
            "word": self.word,
            "trouble": self.trouble,
            "last_seen": utc_text(self.last_seen) if self.last_seen else None,
            "parent": self.parent,
            "address": self.address,
            "transport": self.transport,
            "checkpoint": (label.checkpoint if label else "") or self.checkpoint,
            "own_checkpoint": self.checkpoint,
            "facing": label.facing if label else "",
            "fps": None if self.fps is None else round(self.fps, 1),
            "clock_offset_seconds": self.clock_offset,
            "queue": self.queue,
            "version": self.version,
            "decision": self.decision,
            "decision_id": self.decision_id,
            "detail": self.detail,
        }


def listed(device: DeviceState) -> Listed:
    """The row of a device that its kind tells of."""
    details = device.details
    # A reader or camera that does not work at a station that does is a trouble; a device that is gone is offline.
    troubled = details.trouble and (device.online or device.kind == "device" and device.online is not None)
    state = TROUBLED if troubled else {True: GOOD, False: OFFLINE, None: UNKNOWN}[device.online]
    return Listed(
        device.kind,
        device.id,
        state,
        device.last_seen,
        reported_name=device.name,
        parent=device.parent,
        **details._asdict(),
    )
