"""psycopg, imported only where a PostgreSQL database is used."""

from __future__ import annotations

import os
from types import ModuleType

from hub.store.errors import StoreUnusable

# gevent has patched select, and psycopg would then wait with it; its own wait in C blocks the native thread alone.
WAIT = "wait_c"


def driver() -> ModuleType:
    """The module psycopg. Raises StoreUnusable where it is not installed."""
    os.environ.setdefault("PSYCOPG_WAIT_FUNC", WAIT)
    try:
        import psycopg
    except ImportError as error:
        raise StoreUnusable(
            f"store.url names a PostgreSQL database, and psycopg cannot be loaded ({error}): install it with "
            "`python -m pip install -r requirements.txt`, or leave store.url empty for SQLite."
        ) from error
    return psycopg
