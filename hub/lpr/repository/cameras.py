"""Statements of cameras and of the newest state of their components."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select

from hub.lpr.tables import LprCamera, LprComponent
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.statements import numbered, upsert
from hub.store.tables import table_of
from hub.store.transaction import Transaction

CAMERAS, COMPONENTS = table_of(LprCamera), table_of(LprComponent)
TOGETHER = 25  # cameras of one statement


class CameraRepository:
    """Cameras by `camera_id`, components by `camera_id` and `component`."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self.unreadable = reader.unreadable
        self._reader = reader
        self._upsert_camera = upsert(backend, CAMERAS, keep=("registered_at",))
        self._upsert_cameras = upsert(backend, CAMERAS, keep=("registered_at",), rows=TOGETHER)
        component = COMPONENTS
        self._delete_camera = backend.compile(delete(CAMERAS).where(LprCamera.camera_id == bindparam("camera"))).sql
        of_camera = delete(COMPONENTS).where(LprComponent.camera_id == bindparam("camera"))
        self._delete_components = backend.compile(of_camera).sql
        self._delete_component = backend.compile(of_camera.where(LprComponent.component == bindparam("name"))).sql
        self._upsert_component = upsert(
            backend, component, where=lambda new: new.occurred_at >= component.columns.occurred_at
        )

    def load_cameras(self) -> list[Row]:
        """Every camera."""
        return self._reader.all(select(CAMERAS))

    def load_components(self) -> list[Row]:
        """The newest state of every component."""
        return self._reader.all(select(COMPONENTS))

    def upsert_camera(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Insert a camera or update it; when it was registered stays."""
        transaction.execute(self._upsert_camera, row)

    def upsert_cameras(self, transaction: Transaction, rows: Sequence[dict[str, Any]]) -> None:
        """The same for several cameras, TOGETHER by one statement."""
        whole = len(rows) - len(rows) % TOGETHER
        for start in range(0, whole, TOGETHER):
            transaction.execute(self._upsert_cameras, numbered(rows[start : start + TOGETHER]))
        transaction.execute_many(self._upsert_camera, rows[whole:])

    def delete_cameras(self, transaction: Transaction, cameras: Iterable[str]) -> None:
        """Delete cameras with their components."""
        names = [{"camera": camera} for camera in cameras]
        transaction.execute_many(self._delete_components, names)
        transaction.execute_many(self._delete_camera, names)

    def delete_components(self, transaction: Transaction, components: Iterable[tuple[str, str]]) -> None:
        """Delete components by camera and name."""
        names = [{"camera": camera, "name": name} for camera, name in components]
        transaction.execute_many(self._delete_component, names)

    def upsert_component(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Keep the state of a component, unless a newer one by event time is stored."""
        transaction.execute(self._upsert_component, row)
