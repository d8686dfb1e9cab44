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


def existing_store(settings: Settings, read_only: bool = False) -> OpenStore:
    """The store of the settings as it is: nothing is created or changed. Raises DatabaseError."""
    config = settings.store
    if config.url:
        return _postgresql(config.url, config.synchronous)
    backend = SqliteBackend(settings.database_path, config.synchronous, read_only)
    return OpenStore(backend, ImageStore(settings.images_path), PackStore(settings.packs_path))


def open_store(settings: Settings) -> OpenStore:
    """The store of a hub that starts: SQLite and files in the instance folder, or `store.url`. Raises DatabaseError."""
    config = settings.store
    store = existing_store(settings)
    if config.url:
        _prepare_postgresql(store.backend)
    else:
        migrate(store.backend, before=partial(copy_before_migration, settings.database_path, settings.backup_path))
    return store


def _postgresql(url: str, synchronous: str) -> OpenStore:
    # Imported here: a hub with SQLite needs neither these modules nor psycopg.
    from hub.store.postgresql.backend import PostgresBackend
    from hub.store.postgresql.picture_tables import PictureTables
    from hub.store.postgresql.pictures import PicturePartitions, PictureRows

    backend = PostgresBackend(url, synchronous)
    tables = PictureTables(backend)
    return OpenStore(backend, PictureRows(tables), PicturePartitions(tables))


def _prepare_postgresql(backend: Backend) -> None:
    from hub.store.postgresql.backend import PostgresBackend
    from hub.store.postgresql.start import prepare

    assert isinstance(backend, PostgresBackend)
    prepare(backend)
