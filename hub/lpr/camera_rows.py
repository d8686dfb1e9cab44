"""The stored rows of cameras: what is still to be written or deleted, and doing it a few in each commit."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from hub.lpr.camera import Camera
from hub.lpr.repository.cameras import CameraRepository
from hub.store.transaction import Transaction
from hub.store.writer import StoreBusy, Writer

STEP = 100  # cameras that one commit writes


class CameraRows:
    """What has changed of the listed cameras since the last `flush`."""

    def __init__(self, writer: Writer, repository: CameraRepository) -> None:
        self._writer, self._repository = writer, repository
        self._changed: dict[str, Camera] = {}
        self._gone: set[str] = set()
        self._gone_components: set[tuple[str, str]] = set()

    def changed(self, camera: Camera) -> None:
        """A listed camera's row is to be written."""
        self._changed[camera.camera_id] = camera

    def listed(self, camera_id: str) -> None:
        """A camera has come into the list: its row stays."""
        self._gone.discard(camera_id)

    def gone(self, camera_id: str) -> None:
        """A camera is not in the list any more, or never was though it has a row: that is to be deleted."""
        self._changed.pop(camera_id, None)
        self._gone.add(camera_id)

    def component_listed(self, camera_id: str, component: str) -> None:
        """A camera has this component: its row stays."""
        self._gone_components.discard((camera_id, component))

    def component_gone(self, camera_id: str, component: str) -> None:
        """A camera's component gave way to another: its row is to be deleted."""
        self._gone_components.add((camera_id, component))

    def flush(self, cameras: Container[str]) -> None:
        """Write and delete what is to be; `cameras` are the listed ones, at each moment.

        A few in each commit: the records that arrive meanwhile wait for one of them, not for all. Raises StoreBusy;
        what is not written is with the next call.
        """
        changed, self._changed = self._changed, {}
        gone, self._gone = self._gone, set()
        components, self._gone_components = self._gone_components, set()
        names = list(changed)
        steps = [names[start : start + STEP] for start in range(0, len(names), STEP)]
        if not steps and (gone or components):
            steps = [[]]
        for position, step in enumerate(steps):
            try:
                self._write([changed[name].row() for name in step if name in cameras], gone, components)
            except StoreBusy:
                left = [name for rest in steps[position:] for name in rest if name in cameras]
                self._changed = {name: changed[name] for name in left} | self._changed
                self._gone |= {name for name in gone if name not in cameras}
                self._gone_components |= components
                raise
            gone, components = set(), set()

    def _write(self, rows: list[dict[str, Any]], gone: set[str], components: set[tuple[str, str]]) -> None:
        """Write some cameras and delete others, in one commit. Raises StoreBusy."""

        def job(transaction: Transaction) -> None:
            self._repository.delete_cameras(transaction, gone)
            self._repository.delete_components(transaction, components)
            self._repository.upsert_cameras(transaction, rows)

        self._writer.write(job)
