"""The database and the pictures that the settings name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from hub.settings.model import Settings
from hub.store.backend import Backend
from hub.store.images import ImageStore
from hub.store.migrations.before import copy_before_migration
from hub.store.migrations.runner import migrate
from hub.store.packs import PackStore
from hub.store.picture_store import CapturePictures, RecordPictures
from hub.store.sqlite.backend import SqliteBackend


@dataclass(frozen=True)
class OpenStore:
    """A database whose tables are of the newest revision, and where its pictures are."""

    backend: Backend
    images: CapturePictures
    packs: RecordPictures


def backend_of(settings: Settings) -> Backend:
    """The database of the settings, as it is: nothing is created or changed. Raises DatabaseError."""
    if not settings.store.url:
        return SqliteBackend(settings.database_path, settings.store.synchronous)
    from hub.store.postgresql.backend import PostgresBackend

    return PostgresBackend(settings.store.url, settings.store.synchronous)


def open_store(settings: Settings) -> OpenStore:
    """The store of a hub that starts: SQLite and files in the instance folder, or `store.url`. Raises DatabaseError."""
    config = settings.store
    if config.url:
        return _postgresql(config.url, config.synchronous)
    backend = SqliteBackend(settings.database_path, config.synchronous)
    migrate(backend, before=partial(copy_before_migration, settings.database_path, settings.backup_path))
    return OpenStore(backend, ImageStore(settings.images_path), PackStore(settings.packs_path))


def _postgresql(url: str, synchronous: str) -> OpenStore:
    # Imported here: a hub with SQLite needs neither these modules nor psycopg.
    from hub.store.postgresql.backend import PostgresBackend
    from hub.store.postgresql.pictures import PicturePartitions, PictureRows, PictureTables
    from hub.store.postgresql.start import prepare

    backend = PostgresBackend(url, synchronous)
    prepare(backend)
    tables = PictureTables(backend)
    return OpenStore(backend, PictureRows(tables), PicturePartitions(tables))
