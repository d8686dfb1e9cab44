"""The database at the start of the hub: whether it can be used, and its tables. Every fault is one sentence."""

from __future__ import annotations

import logging

from hub.store.backend import Connection
from hub.store.errors import DatabaseError, StoreUnusable
from hub.store.migrations.runner import SchemaTooNew, migrate
from hub.store.postgresql.backend import PostgresBackend
from hub.store.postgresql.connection import PostgresConnection
from hub.store.postgresql.picture_tables import TABLES as PICTURE_TABLES
from hub.store.postgresql.picture_tables import create_tables

log = logging.getLogger(__name__)

OLDEST = 140000
BEING_COPIED = "copy_of_a_store"  # a table that is there until a hub starts on what `copy-store` has copied
OWN_TABLE = "lpr_records"  # of revision 1
# Words of the server's refusal, which carries no code before the login, and what to do.
REFUSALS = (
    ("password authentication failed", "the password or the user of store.url is wrong; correct it there"),
    ("no password supplied", "it wants a password; write it into store.url (postgresql://USER:PASSWORD@HOST/DATABASE)"),
    ("no pg_hba.conf entry", "it does not let this machine in; add a line for it to pg_hba.conf of the server"),
    ("role", "there is no such user; create it with `createuser`, or correct store.url"),
    ("database", "there is no such database; create it with `createdb`, or correct store.url"),
)


def prepare(backend: PostgresBackend, to_be_copied: bool = False) -> None:
    """Bring an empty or older database to the newest revision. Raises StoreUnusable.

    `to_be_copied`: the data of another hub is copied into it now; otherwise a hub starts, and that has ended.
    """
    where = f"The PostgreSQL database {backend.address}"
    errors: tuple[type[Exception], ...] = backend.errors
    try:
        connection = backend.connect()
    except backend.errors as error:
        raise StoreUnusable(f"{where} cannot be used: {_reason(error)}.") from error
    try:
        _check(backend, connection, where)
        migrate(backend, before=_before)
        create_tables(connection)
        if not to_be_copied:
            connection.execute(f"DROP TABLE IF EXISTS {BEING_COPIED}")
    except SchemaTooNew as error:
        raise StoreUnusable(
            f"{where} cannot be used: {error}. Start the newer version, or name another database in store.url."
        ) from error
    except StoreUnusable:
        raise
    except (DatabaseError, *errors) as error:  # type: ignore[misc]
        raise StoreUnusable(
            f"{where} cannot be used ({error}). The user of store.url must be allowed to create tables in it."
        ) from error
    finally:
        connection.close()


def _check(backend: PostgresBackend, connection: PostgresConnection, where: str) -> None:
    if connection.server_version < OLDEST:
        found = connection.server_version // 10000
        raise StoreUnusable(
            f"{where} cannot be used: it is of version {found} of PostgreSQL, and Gatehouse needs {OLDEST // 10000} or "
            "newer; upgrade the server, or name another one in store.url."
        )
    encoding = _value(
        connection, "SELECT pg_encoding_to_char(encoding) AS value FROM pg_database WHERE datname = current_database()"
    )
    if encoding != "UTF8":
        raise StoreUnusable(
            f"{where} cannot be used: its encoding is {encoding}, and Gatehouse needs UTF8; create another one with "
            "`createdb --encoding UTF8 --template template0`."
        )
    if not _value(connection, "SELECT count(*) AS value FROM pg_available_extensions WHERE name = 'pg_trgm'"):
        raise StoreUnusable(
            f"{where} cannot be used: the server lacks the extension pg_trgm; install PostgreSQL's contrib package."
        )
    others = backend.table_names(connection) - set(PICTURE_TABLES)
    if others and OWN_TABLE not in others:
        raise StoreUnusable(
            f"{where} has tables of another program; create a database for Gatehouse alone and name it in store.url."
        )


def _value(connection: Connection, sql: str) -> object:
    return connection.execute(sql).fetchone()["value"]


def _before(newest: int) -> None:
    log.warning(
        "The tables are being changed to revision %d; a copy made with pg_dump is the way back to the version before.",
        newest,
    )


def _reason(error: Exception) -> str:
    """Why no connection could be made, with the next step; the server's own words where they are others."""
    said = " ".join(str(error).split())
    for words, step in REFUSALS:
        if words in said and (words not in ("role", "database") or "does not exist" in said):
            return f"{step} ({said})"
    return f"{said}; start PostgreSQL, or correct store.url"
