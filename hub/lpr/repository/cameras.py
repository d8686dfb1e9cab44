"""Statements of cameras and of the newest state of their components."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from hub.lpr.tables import LprCamera, LprComponent
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.statements import upsert
from hub.store.tables import table_of
from hub.store.transaction import Transaction


class CameraRepository:
    """Cameras by `camera_id`, components by `camera_id` and `component`."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader = reader
        self._upsert_camera = upsert(backend, table_of(LprCamera), keep=("registered_at",))
        component = table_of(LprComponent)
        self._upsert_component = upsert(
            backend, component, where=lambda new: new.occurred_at >= component.columns.occurred_at
        )

    def load_cameras(self) -> list[Row]:
        """Every camera."""
        return self._reader.all(select(table_of(LprCamera)))

    def load_components(self) -> list[Row]:
        """The newest state of every component."""
        return self._reader.all(select(table_of(LprComponent)))

    def upsert_camera(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Insert a camera or update it; when it was registered stays."""
        transaction.execute(self._upsert_camera, row)

    def upsert_component(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Keep the state of a component, unless a newer one by event time is stored."""
        transaction.execute(self._upsert_component, row)
