"""The store of a hub: the lock of its folder, the database and the packs, and what watches them."""

from __future__ import annotations

from flask import Flask

from hub.backup.damaged import mend
from hub.context import Hub
from hub.live.events import STORAGE_CHANGED
from hub.runtime.durable_file import make_folder
from hub.settings.limits import MEGABYTE
from hub.settings.model import Settings
from hub.store.check import DatabaseCheck
from hub.store.disk import DiskWatch
from hub.store.examine import DecodeLimits
from hub.store.instance_lock import InstanceLock
from hub.store.open import OpenStore, open_store
from hub.store.searched_fill import SearchedFill
from hub.store.tables import db


def acquire(settings: Settings) -> InstanceLock:
    """The lock of the instance folder. Raises InstanceInUse."""
    lock = InstanceLock(settings.instance)
    lock.acquire()
    return lock


def prepare_store(app: Flask, settings: Settings) -> OpenStore:
    """Create the instance folder and the database, or bring its tables to the newest revision. Raises DatabaseError."""
    make_folder(settings.instance)
    if not settings.store.url:
        mend(settings.instance)
    store = open_store(settings)
    db.init_app(app)
    return store


def decode_limits(settings: Settings) -> DecodeLimits:
    """What a picture may take to be decoded."""
    images = settings.images
    return DecodeLimits(images.max_megapixels, images.max_scans, images.max_decode_mb * MEGABYTE)


def watch_storage(hub: Hub, lock: InstanceLock) -> None:
    """Show on the status page what is wrong with the disk, the database and the packs; keep the lock up to date."""
    disk = DiskWatch(
        hub.settings.instance,
        hub.writer,
        hub.settings.store.warn_free_mb,
        hub.room,
        on_change=lambda trouble: hub.bus.publish(STORAGE_CHANGED, trouble),
    )
    hub.trouble = lambda: disk.trouble
    check = DatabaseCheck(hub.backend, hub.reader.faults)
    if lock.warning:
        hub.warnings.append(lock.warning)
    hub.warning_sources += [disk.warnings, hub.reader.faults.warnings, hub.packs.faults.warnings]
    hub.add(disk)
    hub.status["disk"] = disk.status
    hub.conditions.append(disk.condition)
    hub.status["database"] = hub.reader.faults.status
    hub.status["packs"] = hub.packs.faults.status
    hub.supervisor.keep("disk watch", disk.run)
    hub.lifecycle.listening.append(lambda: lock.write_port(hub.addresses["main"]))
    hub.lifecycle.listening.append(lambda: hub.supervisor.spawn("database check", check.run))
    hub.lifecycle.closing.append(check.stop)
    hub.lifecycle.ended.append(lock.release)


def fill_searched(hub: Hub) -> None:
    """Once the hub listens, let the values of older records be searched by their parts, too."""

    def begin() -> None:
        fill = SearchedFill(hub.backend, hub.writer, hub.parts, hub.searched)
        hub.status["searched"] = fill.status
        hub.supervisor.spawn("values that are searched", fill.run)

    hub.lifecycle.listening.append(begin)
