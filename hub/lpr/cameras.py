"""Every camera from its first contact on: online or offline, and its health."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

import orjson

from hub.contract.times import local_text, utc_text
from hub.live.bus import Bus
from hub.live.events import CAMERA_STATUS
from hub.lpr.repository.repositories import Repositories
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

MAX_CAMERAS = 10_000
WORST = ("error", "warning", "ok")


class Camera:
    """One camera as the hub knows it. Times are epoch seconds."""

    def __init__(self, camera_id: str, checkpoint_id: str, registered_at: float) -> None:
        self.camera_id, self.checkpoint_id, self.registered_at = camera_id, checkpoint_id, registered_at
        self.last_seen = registered_at
        self.address, self.door = "", ""
        self.online = False
        self.detections = self.health_reports = 0
        self.components: dict[str, dict[str, Any]] = {}
        self.connections: set[object] = set()
        self.changed = False

    def row(self) -> dict[str, Any]:
        """The row of the table of cameras."""
        return {
            "camera_id": self.camera_id,
            "checkpoint_id": self.checkpoint_id,
            "registered_at": self.registered_at,
            "last_seen": self.last_seen,
            "address": self.address,
            "door": self.door,
        }

    @property
    def health(self) -> str:
        """The worst status of the components; an unknown status ranks between ok and warning."""
        if not self.components:
            return "unknown"
        states = {component["status"] for component in self.components.values()}
        strange = sorted(states - set(WORST))
        return (
            next((state for state in ("error", "warning", *strange, "ok") if state in states), "unknown") or "unknown"
        )


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
    ) -> None:
        self._writer, self._bus, self._zone, self._now = writer, bus, zone, now
        self._repository, self._counters = repositories.cameras, repositories.counters
        self._offline_seconds = offline_seconds
        self._cameras: dict[str, Camera] = {}
        self._of: dict[object, set[str]] = {}
        self._full = False

    def load(self) -> None:
        """Load what is stored."""
        for row in self._repository.load_cameras():
            camera = self._cameras[row["camera_id"]] = Camera(
                row["camera_id"], row["checkpoint_id"], row["registered_at"]
            )
            camera.last_seen, camera.address, camera.door = row["last_seen"], row["address"], row["door"]
            camera.online = self._now() - camera.last_seen <= self._offline_seconds
        for row in self._repository.load_components():
            if row["camera_id"] in self._cameras:
                self._cameras[row["camera_id"]].components[row["component"]] = _component(dict(row))
        for row in self._counters.load(["camera", "camera_health"]):
            if row["key"] in self._cameras:
                setattr(
                    self._cameras[row["key"]],
                    "detections" if row["kind"] == "camera" else "health_reports",
                    row["count"],
                )

    def known(self, camera_id: str) -> bool:
        """Whether this camera is in the list."""
        return camera_id in self._cameras

    def seen(self, camera_id: str, checkpoint_id: str, door: str, address: str) -> None:
        """A record or a registration of a camera was received just now."""
        camera = self._cameras.get(camera_id)
        now = self._now()
        if camera is None:
            if len(self._cameras) >= MAX_CAMERAS:
                if not self._full:
                    log.warning(
                        "More than %d cameras: records of new ones are stored, but they are not listed as cameras.",
                        MAX_CAMERAS,
                    )
                self._full = True
                return
            camera = self._cameras[camera_id] = Camera(camera_id, checkpoint_id, now)
        camera.checkpoint_id, camera.last_seen, camera.door, camera.address, camera.changed = (
            checkpoint_id,
            now,
            door,
            address,
            True,
        )
        self._set_online(camera, True)

    def counted(self, camera_id: str, kind: str) -> None:
        """One more stored record of a camera."""
        camera = self._cameras.get(camera_id)
        if camera is not None:
            setattr(camera, kind, getattr(camera, kind) + 1)

    def component(self, camera_id: str, row: dict[str, Any]) -> None:
        """A health report, unless a newer one by event time is known."""
        camera = self._cameras.get(camera_id)
        if camera is None:
            return
        before = camera.components.get(row["component"])
        if before is None or row["occurred_at"] >= before["at"]:
            camera.components[row["component"]] = _component(row)

    def connected(self, camera_id: str, connection: object) -> None:
        """A camera sent over `connection`: it stays online while the connection is open."""
        camera = self._cameras.get(camera_id)
        if camera is not None:
            camera.connections.add(connection)
            self._of.setdefault(connection, set()).add(camera_id)

    def gone(self, connection: object) -> None:
        """A connection has ended; cameras without another one are offline."""
        for camera_id in self._of.pop(connection, ()):
            camera = self._cameras[camera_id]
            camera.connections.discard(connection)
            if not camera.connections:
                self._set_online(camera, False)

    def watch(self) -> None:
        """Mark cameras offline that have sent nothing for `offline_seconds`."""
        limit = self._now() - self._offline_seconds
        for camera in list(self._cameras.values()):
            if camera.online and camera.last_seen < limit:
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
        """Write the cameras that changed since the last call, in one commit."""
        changed = [camera for camera in self._cameras.values() if camera.changed]
        if not changed:
            return
        rows = [camera.row() for camera in changed]
        for camera in changed:
            camera.changed = False

        def job(transaction: Transaction) -> None:
            for row in rows:
                self._repository.upsert_camera(transaction, row)

        self._writer.write(job)

    def all(self) -> list[dict[str, Any]]:
        """Every camera as /api/cameras shows it, the one seen last first."""
        return [self._shown(camera) for camera in sorted(self._cameras.values(), key=lambda camera: -camera.last_seen)]

    def counts(self) -> tuple[int, int]:
        """How many cameras there are, and how many are online."""
        return len(self._cameras), sum(camera.online for camera in self._cameras.values())

    def _shown(self, camera: Camera) -> dict[str, Any]:
        return {
            "camera_id": camera.camera_id,
            "checkpoint_id": camera.checkpoint_id,
            "registered_at": utc_text(camera.registered_at),
            "last_seen": utc_text(camera.last_seen),
            "status": "active" if camera.online else "offline",
            "online": camera.online,
            "detection_count": camera.detections,
            "health_count": camera.health_reports,
            "health_status": camera.health,
            "components": [
                {key: value for key, value in camera.components[name].items() if key != "at"}
                for name in sorted(camera.components)
            ],
            "door": camera.door,
            "address": camera.address,
        }


def _component(row: dict[str, Any]) -> dict[str, Any]:
    """A component as shown; `at` is for comparison only."""
    return {
        "component": row["component"],
        "status": row["status"],
        "message": row["message"],
        "details": orjson.loads(row["details"]),
        "occurred_at": utc_text(row["occurred_at"]),
        "received_at": utc_text(row["received_at"]),
        "at": row["occurred_at"],
    }
