"""Statements of device registrations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from hub.devices.tables import DeviceRegistration
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.tables import table_of
from hub.store.transaction import Transaction


class DeviceRepository:
    """Registrations by id."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader = reader
        self._replace = backend.replace(table_of(DeviceRegistration))

    def load(self) -> list[Row]:
        """Every registration."""
        return self._reader.all(select(table_of(DeviceRegistration)))

    def replace_device(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Store a registration, in place of the one with its id."""
        transaction.execute(self._replace, row)
