"""Brings a database to the newest schema revision when the hub starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from hub.store.backend import Backend, Connection
from hub.store.errors import DatabaseError
from hub.store.migrations.revisions import REVISIONS, Revision
from hub.store.migrations.schema import Schema

log = logging.getLogger(__name__)


class SchemaTooNew(DatabaseError):
    """The database has a schema revision that this version of the hub does not know."""


def nothing(newest: int) -> None:
    """A step before a migration that does nothing."""


def migrate(
    backend: Backend, revisions: Sequence[Revision] = REVISIONS, before: Callable[[int], object] = nothing
) -> None:
    """Create the tables of a new database, or apply the revisions that an existing one lacks, all in one transaction.

    A database from before revisions existed has no stamp: revision 1 creates only the tables that are missing, so it
    applies to that one too. `before` is called with the newest revision when tables that exist are to be changed; what
    it raises ends the migration. Raises SchemaTooNew, DatabaseError or OSError; the database is then as it was.
    """
    try:
        connection = backend.connect()
        try:
            _upgrade(backend, connection, revisions, before)
        finally:
            connection.close()
    except backend.errors as error:
        raise DatabaseError(str(error)) from error


def _upgrade(
    backend: Backend, connection: Connection, revisions: Sequence[Revision], before: Callable[[int], object]
) -> None:
    newest = revisions[-1].number
    if _current(backend, connection, newest) == newest:
        return
    if backend.table_names(connection):
        before(newest)
    connection.begin()
    try:
        current = _current(backend, connection, newest)  # again, since another hub may have been first
        schema = Schema(backend, connection)
        for revision in revisions:
            if revision.number > current:
                log.info("Database schema: applying revision %d.", revision.number)
                revision.upgrade(schema)
        backend.set_revision(connection, newest)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _current(backend: Backend, connection: Connection, newest: int) -> int:
    """The revision of the database. Raises SchemaTooNew."""
    current = backend.revision(connection)
    if current > newest:
        raise SchemaTooNew(
            f"its database was written by a newer version of Gatehouse: it has schema revision {current}, "
            f"and this version knows revisions up to {newest}"
        )
    return current
