"""Both databases of the hub for tests with the marker `stores`: SQLite, and a PostgreSQL database of each hub's own.

`GATEHOUSE_TEST_STORE=postgresql` runs all tests on PostgreSQL, to find what else differs; those of files fail then.
"""

from __future__ import annotations

import atexit
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

SERVER = "postgresql://{user}@127.0.0.1:5432/{database}"
STORES = ("sqlite", "postgresql")
DEFAULT = os.environ.get("GATEHOUSE_TEST_STORE", "sqlite")
NO_SERVER = "needs a PostgreSQL server at 127.0.0.1:5432 that lets this user in and create databases"

_kind = "sqlite"
_databases: dict[Path, str] = {}  # instance folder -> name


def url(database: str) -> str:
    """The address of a database of the server."""
    return SERVER.format(user=os.environ.get("PGUSER") or os.environ.get("USER") or "root", database=database)


def server(statement: str, database: str = "postgres") -> list[Any]:
    """The rows of a statement, as the owner of the server's databases."""
    from hub.store.postgresql.driver import driver

    with driver().connect(url(database), autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@cache
def has_server() -> bool:
    """Whether databases can be created at the server."""
    try:
        return bool(server("SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolcreatedb OR rolsuper)"))
    except Exception:  # psycopg is missing, or the server
        return False


def environ(instance: Path) -> dict[str, str]:
    """The variables of a hub on this folder, which keeps its database over restarts."""
    if _kind == "sqlite":
        return {}
    name = _databases.get(instance)
    if name is None:
        name = _databases[instance] = new_database()
    return {"HUB_STORE_URL": url(name)}


def new_database() -> str:
    """The name of a new database with the tables of the newest revision."""
    name = f"gatehouse_test_{secrets.token_hex(8)}"
    server(f"CREATE DATABASE {name} TEMPLATE {_template()}")
    return name


@cache
def _template() -> str:
    """A database with the tables of the newest revision, from which the others are copied in a moment."""
    from hub.store.postgresql.backend import PostgresBackend
    from hub.store.postgresql.start import prepare

    name = f"gatehouse_test_{secrets.token_hex(8)}"
    server(f"CREATE DATABASE {name}")
    atexit.register(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    prepare(PostgresBackend(url(name), "NORMAL"))
    return name


def database(instance: Path) -> str:
    """The name of the database of a hub that has begun."""
    return _databases[instance]


def drop(instance: Path) -> None:
    """Drop the database of a hub that has ended, if it has one."""
    name = _databases.pop(instance, None)
    if name is not None:
        server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def using(kind: str) -> Iterator[str]:
    """Hubs that begin meanwhile use this kind of database; it is dropped at the end."""
    global _kind
    before, _kind = _kind, kind
    known = set(_databases)
    try:
        yield kind
    finally:
        _kind = before
        for instance in set(_databases) - known:
            drop(instance)
