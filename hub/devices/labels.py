"""What operators say about devices: a name beside the id, a checkpoint, and which way a camera or station faces.

A label never changes what a device sends or is stored as: it is shown beside the id.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gevent.lock import Semaphore

from hub.contract.errors import Conflict, ContractError
from hub.contract.paging import json_size
from hub.contract.text import clean
from hub.devices.access_repository import RowsById
from hub.devices.device import MAX_NAME
from hub.store.backend import Row
from hub.store.writer import Writer

KINDS = ("camera", "station", "device", "board", "scale", "video", "game", "tracking", "other")
"""Kinds of devices in the list: a plate camera, a station with its agent, a reader or camera of a station, ..."""
FACINGS = ("in", "out", "both", "")
MAX_CHECKPOINT = 100
MAX_ID = 300  # of a camera of a station: the station's name and what the camera is called there
MAX_LABELS = 5000
FULL = f"The hub keeps names of {MAX_LABELS} devices, which is all it can; take some away first."
Key = tuple[str, str]


@dataclass(frozen=True)
class Label:
    """A row. `changed_at` is in epoch seconds."""

    id: str
    kind: str
    device: str
    name: str = ""
    checkpoint: str = ""
    facing: str = ""
    changed_at: float = 0.0

    @property
    def empty(self) -> bool:
        """Whether it says nothing."""
        return not (self.name or self.checkpoint or self.facing)

    def shown(self) -> dict[str, Any]:
        """The label as pages and programs receive it."""
        return {
            "kind": self.kind,
            "id": self.device,
            "name": self.name,
            "checkpoint": self.checkpoint,
            "facing": self.facing,
        }


class Labels:
    """All labels in memory by kind and id. `on_change` is called with one that is stored."""

    def __init__(
        self,
        writer: Writer,
        repository: RowsById,
        on_change: Callable[[dict[str, Any]], None] = lambda label: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._writer, self._repository, self._on_change, self._now = writer, repository, on_change, now
        self._labels: dict[Key, Label] = {}
        self._lock = Semaphore(1)  # held while a row is written: an older label never overwrites a newer one

    def load(self) -> None:
        """Load the stored labels, without those that cannot be read."""
        repository = self._repository
        for label in repository.unreadable.load(repository.load, _label_of, repository.table):
            self._labels[label.kind, label.device] = label

    def reload(self) -> None:
        """Another hub has changed labels. Raises DatabaseError or LaneBusy."""
        repository = self._repository
        with self._lock:
            labels = repository.unreadable.readable(repository.load(), _label_of, repository.table)
            self._labels = {(label.kind, label.device): label for label in labels}

    def of(self, kind: str, device: str) -> Label | None:
        """The label of a device; None where nobody has said anything about it."""
        return self._labels.get((kind, device))

    def place(self, kind: str, device: str) -> tuple[str, str]:
        """The checkpoint and the facing of a device, "" where nobody has said."""
        label = self.of(kind, device)
        return (label.checkpoint, label.facing) if label is not None else ("", "")

    def __len__(self) -> int:
        return len(self._labels)

    def change(self, kind: object, device: object, given: dict[str, Any]) -> Label:
        """Store what is `given`: `name`, `checkpoint`, `facing`; what is not given stays, an empty text takes it away.

        Raises ContractError, Conflict, StoreBusy.
        """
        key, values = _key(kind, device), _values(given)
        with self._lock:
            before = self._labels.get(key)
            if before is None and len(self._labels) >= MAX_LABELS:
                raise Conflict(FULL)
            label = replace(before or Label(str(uuid.uuid4()), *key), **values, changed_at=self._now())
            if label.empty:
                if before is not None:
                    self._writer.write(self._repository.change((), [label.id]))
                    del self._labels[key]
            else:
                self._writer.write(self._repository.change([vars(label)]))
                self._labels[key] = label
        self._on_change(label.shown())
        return label


def _label_of(row: Row) -> Label:
    label = Label(**dict(row))
    if label.kind not in KINDS or label.facing not in FACINGS:
        raise ValueError("its kind or the way it faces is unknown")
    json_size(label.shown())
    return label


def _key(kind: object, device: object) -> Key:
    if kind not in KINDS:
        raise ContractError(f"kind is one of {', '.join(KINDS)}.", [f"kind: {str(kind)[:80]!r}"])
    if not isinstance(device, str) or not device or len(device) > MAX_ID or clean(device) != device:
        raise ContractError(
            f"id is the id of the device as /api/devices/overview shows it, at most {MAX_ID} characters.",
            [f"id: {str(device)[:80]!r}"],
        )
    return str(kind), device


def _values(given: dict[str, Any]) -> dict[str, str]:
    """What of a label is given, cleaned. Raises ContractError."""
    values: dict[str, str] = {}
    for key, most in (("name", MAX_NAME), ("checkpoint", MAX_CHECKPOINT), ("facing", 10)):
        if key not in given:
            continue
        value = given[key]
        if not isinstance(value, str) or len(clean(value)) > most:
            raise ContractError(f"{key} is a text of at most {most} characters.", [f"{key}: {str(value)[:80]!r}"])
        values[key] = clean(value)
    if not values:
        raise ContractError("Give name, checkpoint or facing.", ["nothing is given"])
    if values.get("facing", "") not in FACINGS:
        raise ContractError("facing is in, out, both, or empty where it is unknown.", [f"facing: {values['facing']!r}"])
    return values
