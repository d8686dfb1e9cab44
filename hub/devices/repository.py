"""Statements of device registrations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, delete, select

from hub.devices.tables import DeviceRegistration
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.tables import table_of
from hub.store.transaction import Transaction

DEVICES = table_of(DeviceRegistration)


class DeviceRepository:
    """Registrations by id."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        self._replace = backend.replace(DEVICES)
        self._delete = backend.compile(delete(DEVICES).where(DeviceRegistration.serial == bindparam("device"))).sql

    def load(self) -> list[Row]:
        """Every registration."""
        return self._reader.all(select(DEVICES))

    def replace_device(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Store a registration, in place of the one with its id."""
        transaction.execute(self._replace, row)

    def delete_devices(self, transaction: Transaction, serials: Iterable[str]) -> None:
        """Delete registrations by serial."""
        transaction.execute_many(self._delete, [{"device": serial} for serial in serials])
