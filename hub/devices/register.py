"""Registration of the device registry with the hub."""

from __future__ import annotations

from flask import Flask

from hub.context import Hub
from hub.devices import operations
from hub.devices.repository import DeviceRepository
from hub.devices.rest import devices_rest
from hub.devices.service import Devices


def register(app: Flask, hub: Hub) -> None:
    """Add the registry of devices with its routes."""
    devices = Devices(hub.writer, DeviceRepository(hub.backend, hub.reader))
    hub.add(devices)
    devices.load()
    hub.names["devices"] = devices.names.status
    app.register_blueprint(devices_rest)
    hub.operations.add(operations.OPERATIONS)
