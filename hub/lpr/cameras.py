"""Every camera from its first contact on: online or offline, and its health."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import tzinfo
from functools import partial
from typing import Any

from hub.access.name_register import NameRegister
from hub.contract.device_state import DeviceState
from hub.contract.paging import json_size
from hub.contract.times import local_text
from hub.live.bus import Bus
from hub.live.events import CAMERA_STATUS
from hub.lpr.camera import Camera, component_of
from hub.lpr.camera_message import message_of, take_counts, take_report
from hub.lpr.camera_rows import CameraRows
from hub.lpr.repository.cameras import CAMERAS, COMPONENTS
from hub.lpr.repository.repositories import Repositories
from hub.store.backend import Row
from hub.store.writer import Writer

log = logging.getLogger(__name__)

DISPLACED_PER_MINUTE = 200
MAX_NAME = 200
REGISTERED, HEALTHY, DETECTED = range(3)  # how far others give way before a camera: by what it has sent


class Cameras:
    """All cameras in memory; changed ones are written later, together (`flush`)."""

    def __init__(
        self,
        writer: Writer,
        repositories: Repositories,
        bus: Bus,
        zone: tzinfo | None,
        offline_seconds: float,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] | None = None,
        *,
        max_cameras: int,
        max_components: int,
    ) -> None:
        """`now` is shown and stored; `monotonic` decides what is online, `now` where it is None.

        `max_components`: of one camera.
        """
        self._bus, self._zone, self._now = bus, zone, now
        self._monotonic = monotonic or now
        self._repository, self._counters = repositories.cameras, repositories.counters
        self._offline_seconds = offline_seconds
        self._cameras: dict[str, Camera] = {}
        self._of: dict[object, set[str]] = {}
        self._rows = CameraRows(writer, repositories.cameras)
        self._to_tell: set[str] = set()  # cameras of whose state other hubs do not know yet
        self.names = NameRegister(max_cameras, DISPLACED_PER_MINUTE, self._monotonic)
        self._max_components = max_components

    def load(self) -> None:
        """Load what is stored, without what cannot be read."""
        unreadable, repository = self._repository.unreadable, self._repository
        counts: dict[tuple[str, str], int] = {
            (row["kind"], row["key"]): row["count"] for row in self._counters.load(["camera", "camera_health"])
        }
        cameras = unreadable.load(repository.load_cameras, self._loaded, CAMERAS)
        for camera in sorted(cameras, key=lambda camera: camera.heard):
            name = camera.camera_id
            camera.detections = counts.get(("camera", name), 0)
            camera.health_reports = counts.get(("camera_health", name), 0)
            self._cameras[name] = camera
            self.names.add(name, "", DETECTED if camera.detections else HEALTHY if camera.health_reports else 0)
        components = unreadable.load(repository.load_components, _loaded_component, COMPONENTS)
        for camera_id, _, component in sorted(components, key=lambda item: item[1]):
            if camera_id in self._cameras:
                self._keep_component(self._cameras[camera_id], component)
        removed = self.names.trim()
        if removed:
            log.warning(
                "%d more cameras are stored than the %d that the hub lists; those that were silent longest are removed "
                "from the list, their records stay.",
                len(removed),
                self.names.max_names,
            )
            self._remove(removed)

    def _loaded(self, row: Row) -> Camera:
        now = self._now()
        camera = Camera(row["camera_id"], row["checkpoint_id"], row["registered_at"])
        camera.last_seen = min(row["last_seen"], now)  # a clock that was ahead
        camera.address, camera.door = row["address"], row["door"]
        silent = now - camera.last_seen
        camera.heard = self._monotonic() - silent
        camera.online = silent <= self._offline_seconds
        json_size(camera.shown())
        return camera

    def known(self, camera_id: str) -> bool:
        """Whether this camera is in the list."""
        return camera_id in self._cameras

    def seen(self, camera_id: str, checkpoint_id: str, door: str, address: str, rank: int = REGISTERED) -> bool:
        """A record or a registration of a camera was received just now.

        False where the camera is new and no other gives way to it: it is not listed.
        """
        camera = self._cameras.get(camera_id)
        now = self._now()
        if camera is None:
            gone = self.names.make_room(address or "unknown address")
            if gone is None:
                self._rows.gone(camera_id)  # the record's commit has inserted its row
                return False
            self._remove(gone)
            camera = self._list(Camera(camera_id, checkpoint_id, now), address or "unknown address", rank)
        else:
            self.names.seen(camera_id, rank)
        camera.checkpoint_id, camera.last_seen, camera.door, camera.address = checkpoint_id, now, door, address
        camera.heard = camera.heard_here = self._monotonic()
        self._rows.changed(camera)
        self._to_tell.add(camera_id)
        self._set_online(camera, True)
        return True

    def _list(self, camera: Camera, sender: str, rank: int) -> Camera:
        """A camera that was not in the list, and is there now."""
        self._rows.listed(camera.camera_id)
        self.names.add(camera.camera_id, sender, rank)
        self._cameras[camera.camera_id] = camera
        return camera

    def _remove(self, camera_ids: list[str]) -> None:
        for camera_id in camera_ids:
            camera = self._cameras.pop(camera_id)
            self._to_tell.discard(camera_id)
            for connection in camera.connections:
                self._of.get(connection, set()).discard(camera_id)
            self._rows.gone(camera_id)

    def counted(self, camera_id: str, kind: str) -> None:
        """One more stored record of a camera."""
        camera = self._cameras.get(camera_id)
        if camera is not None:
            setattr(camera, kind, getattr(camera, kind) + 1)
            camera.untold_counts[kind] = camera.untold_counts.get(kind, 0) + 1
            self._to_tell.add(camera_id)

    def told_time(self, camera_id: str, sent: float | None, received: float) -> None:
        """A new record of a camera was sent at `sent` by its clock, None where it names no time (epoch seconds)."""
        camera = self._cameras.get(camera_id)
        if camera is not None:
            camera.clock.add(sent, received)

    def component(self, camera_id: str, row: dict[str, Any]) -> None:
        """A health report, unless a newer one by event time is known."""
        camera = self._cameras.get(camera_id)
        if camera is None:
            return
        before = camera.components.get(row["component"])
        if before is None or row["occurred_at"] >= min(before["at"], row["received_at"]):
            self._keep_component(camera, component_of(row))
            camera.untold_components.add(row["component"])
            self._to_tell.add(camera_id)

    def _keep_component(self, camera: Camera, component: dict[str, Any]) -> None:
        """Keep a component as the one that reported last; the one that was silent longest gives way."""
        name = component["component"]
        camera.components.pop(name, None)
        if len(camera.components) >= self._max_components:
            oldest = next(iter(camera.components))
            del camera.components[oldest]
            self._rows.component_gone(camera.camera_id, oldest)
        camera.components[name] = component
        self._rows.component_listed(camera.camera_id, name)

    def connected(self, camera_id: str, connection: object) -> None:
        """A camera sent over `connection`: it stays online while the connection is open."""
        camera = self._cameras.get(camera_id)
        if camera is not None:
            camera.connections.add(connection)
            self._of.setdefault(connection, set()).add(camera_id)

    def gone(self, connection: object) -> None:
        """A connection has ended; cameras without another one are offline."""
        for camera_id in self._of.pop(connection, ()):
            camera = self._cameras.get(camera_id)
            if camera is None:
                continue
            camera.connections.discard(connection)
            if not camera.connections and camera.heard <= camera.heard_here:
                self._to_tell.add(camera_id)
                self._set_online(camera, False)

    # -- other hubs

    def states_here(self, everything: bool) -> list[dict[str, Any]]:
        """The states of the cameras that this hub has heard itself, or of those that changed since the last call."""
        told, self._to_tell = self._to_tell, set()
        now = self._monotonic()
        names = list(self._cameras) if everything else [name for name in told if name in self._cameras]
        return [
            message_of(camera, now, everything)
            for camera in map(self._cameras.__getitem__, names)
            if now - camera.heard_here <= self._offline_seconds or (not everything and camera.heard_here > 0)
        ]

    def state_elsewhere(self, state: dict[str, Any]) -> None:
        """Another hub has heard of a camera. Raises KeyError, TypeError or ValueError for what is no state."""
        name, age = str(state["id"])[:MAX_NAME], float(state["age"])
        heard = self._monotonic() - max(0.0, age)
        camera = self._cameras.get(name)
        if camera is None:
            if not name or not state["online"] or len(self._cameras) >= self.names.max_names:
                return
            camera = self._list(Camera(name, str(state["checkpoint"])[:MAX_NAME], self._now()), "", REGISTERED)
        take_counts(camera, state)
        take_report(camera, state, partial(self._keep_component, camera))
        if heard < camera.heard_here or camera.connections:
            return
        if heard >= camera.heard:
            camera.checkpoint_id = str(state["checkpoint"])[:MAX_NAME]
            camera.door, camera.address = str(state["door"])[:MAX_NAME], str(state["address"])[:MAX_NAME]
            camera.heard, camera.last_seen = heard, self._now() - max(0.0, age)
        self._set_online(camera, bool(state["online"]))

    def watch(self) -> None:
        """Mark cameras offline that have sent nothing for `offline_seconds`."""
        limit = self._monotonic() - self._offline_seconds
        for camera in list(self._cameras.values()):
            if camera.online and camera.heard < limit:
                self._set_online(camera, False)

    def _set_online(self, camera: Camera, online: bool) -> None:
        """Publish a change of the state."""
        if camera.online == online:
            return
        camera.online = online
        self._bus.publish(
            CAMERA_STATUS,
            {
                "camera_id": camera.camera_id,
                "checkpoint_id": camera.checkpoint_id,
                "status": "online" if online else "offline",
                "timestamp": local_text(self._now(), self._zone),
            },
        )

    def flush(self) -> None:
        """Write the cameras that changed since the last call and delete those that gave way. Raises StoreBusy; what is
        not written is with the next call.
        """
        self._rows.flush(self._cameras)

    def newest_first(self) -> list[Camera]:
        """Every camera, the one seen last first."""
        return sorted(self._cameras.values(), key=lambda camera: -camera.heard)

    def listed(self) -> list[Camera]:
        """Every camera, in no order."""
        return list(self._cameras.values())

    def all(self) -> list[dict[str, Any]]:
        """Every camera as /api/cameras shows it, the one seen last first."""
        return [camera.shown() for camera in self.newest_first()]

    def states(self) -> Iterator[DeviceState]:
        """Whether each camera is online."""
        for name, camera in list(self._cameras.items()):
            yield DeviceState("camera", name, name, camera.online, camera.last_seen, details=camera.details)

    def counts(self) -> tuple[int, int]:
        """How many cameras there are, and how many are online."""
        return len(self._cameras), sum(camera.online for camera in self._cameras.values())


def _loaded_component(row: Row) -> tuple[str, float, dict[str, Any]]:
    """A stored component with its camera and when it was received."""
    component = component_of(dict(row))
    json_size(component)
    return row["camera_id"], row["received_at"], component
