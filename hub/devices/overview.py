"""Every device of the hub in one list: those that wait for an operator first, then by how they are.

The kinds of devices tell which there are (`hub.context.Hub.device_states`); here they are joined with live pictures,
with the decisions of operators and with labels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hub.contract.device_state import DeviceState
from hub.devices.device import ADMITTED, CAMERA_ROLES, WAITING, Device
from hub.devices.known_devices import KnownDevices
from hub.devices.labels import Labels
from hub.devices.listed import GOOD, OFFLINE, PENDING, UNKNOWN, Listed, listed
from hub.devices.pairing import WAITING as ASKING
from hub.devices.pairing import Pairings
from hub.devices.sender_kind import kind_of
from hub.devices.service import APPROVED, Devices
from hub.devices.service import PENDING as UNAPPROVED
from hub.video.frames import Camera
from hub.video.store import FrameStore

VIDEO_SECONDS = 10.0  # a camera whose newest picture is older is offline
Rows = dict[tuple[str, str], Listed]


class Overview:
    """Makes the list."""

    def __init__(
        self,
        sources: list[Callable[[], Iterable[DeviceState]]],
        frames: FrameStore,
        known: KnownDevices,
        pairings: Pairings,
        registrations: Devices,
        labels: Labels,
    ) -> None:
        self._sources, self._frames, self._known = sources, frames, known
        self._pairings, self._registrations, self._labels = pairings, registrations, labels

    def rows(self, breathe: Callable[[], None] = lambda: None, since: float = 0.0) -> list[Listed]:
        """Every device in no order, or those that were heard at `since` (epoch seconds) or later.

        `breathe` is called after each device: it lets the event loop go on where that has taken long.
        """
        rows: Rows = {}
        for source in self._sources:
            for state in source():
                rows[state.kind, state.id] = listed(state)
                breathe()
        self._add_video(rows)
        self._add_admitted(rows)
        self._add_registrations(rows)
        for (kind, device), row in rows.items():
            row.label = self._labels.of(kind, device)
            breathe()
        found = [*self._pending(), *rows.values()]
        breathe()
        return [row for row in found if row.last_seen >= since]

    def _add_video(self, rows: Rows) -> None:
        """Live pictures are of a camera, board or station's camera of this name, else of a device of their own."""
        for camera in self._frames.cameras():
            if camera.frame is None:
                continue
            fps = camera.metrics.fps(time.monotonic())
            row = next((rows[key] for key in _same(camera.name) if key in rows), None)
            if row is None:
                rows["video", camera.name] = _video_row(camera, fps)
            else:
                row.fps = fps
                row.last_seen = max(row.last_seen, camera.frame.received_at)

    def _add_admitted(self, rows: Rows) -> None:
        """Devices that an operator has let in: the same as one that is listed, else one of their own."""
        by_address: dict[str, list[Listed]] = {}
        by_id: dict[str, list[Listed]] = {}
        for row in rows.values():
            if row.parent:
                continue  # the addresses of a station's reader and cameras are theirs at the station
            by_address.setdefault(row.address, []).append(row)
            by_id.setdefault(row.id, []).append(row)
        for device in self._known.in_state(ADMITTED):
            found = by_id.get(device.claimed, []) if device.claimed else by_address.get(device.address, [])
            for row in found:
                row.decision_id = device.id
                if device.claimed:
                    row.given_name = device.name
            if not found:
                row = _own_row(device)
                rows[row.kind, row.id] = row

    def _add_registrations(self, rows: Rows) -> None:
        """Cameras that registered themselves and were approved."""
        for device in self._registrations.known():
            if device["status"] != APPROVED:
                continue
            sent, serial = device["fields"]["sent"], device["serial"]
            row = rows.get(("camera", serial))
            if row is None:
                row = rows["other", serial] = Listed("other", serial, UNKNOWN, device["last_seen"])
                row.address = _text(sent.get("ip_address"))
            row.version = row.version or _version(sent)
            row.detail = row.detail or _text(sent.get("device_model"))

    def _pending(self) -> Iterator[Listed]:
        """Who waits for an operator."""
        for pairing in self._pairings.open():
            if pairing.state == ASKING:
                yield Listed(
                    "station",
                    pairing.name,
                    PENDING,
                    pairing.asked_at,
                    address=pairing.address,
                    decision="pairing",
                    decision_id=pairing.id,
                    detail=pairing.kind,
                )
        for device in self._known.in_state(WAITING):
            row = _own_row(device)
            row.state, row.decision = PENDING, "access"
            row.detail = " ".join(filter(None, [device.sent.get("method", ""), device.sent.get("path", "")]))
            yield row
        for registration in self._registrations.known():
            if registration["status"] == UNAPPROVED:
                sent = registration["fields"]["sent"]
                yield Listed(
                    "camera",
                    registration["serial"],
                    PENDING,
                    registration["last_seen"],
                    address=_text(sent.get("ip_address")),
                    version=_version(sent),
                    decision="registration",
                    decision_id=registration["id"],
                    detail=_text(sent.get("device_model")),
                )


def _same(name: str) -> Iterator[tuple[str, str]]:
    """The devices that live pictures of this name may be of."""
    yield "camera", name
    yield "board", name
    station, dash, role = name.rpartition("-")
    if dash and role in CAMERA_ROLES:
        yield "device", f"{station}:{role}"


def _video_row(camera: Camera, fps: float) -> Listed:
    frame = camera.frame
    assert frame is not None
    state = GOOD if frame.age <= VIDEO_SECONDS else OFFLINE
    return Listed("video", camera.name, state, frame.received_at, transport=camera.source, fps=fps)


def _own_row(device: Device) -> Listed:
    """A device that is known by its tries or by a decision alone."""
    return Listed(
        kind_of(device),
        device.claimed or device.address,
        UNKNOWN,
        device.last_seen,
        address=device.address,
        transport=device.transport,
        decision_id=device.id,
        given_name=device.name,
    )


def _text(value: Any) -> str:
    return str(value)[:200] if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _version(sent: dict[str, Any]) -> str:
    """The version that a device tells of itself when it registers."""
    metadata = sent.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    return next(filter(None, (_text(metadata.get(key)) for key in ("version", "firmware_version", "firmware"))), "")
