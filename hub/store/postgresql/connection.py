"""Connections to a PostgreSQL database, all opened the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from hub.store.backend import Cursor
from hub.store.postgresql.driver import driver

CONNECT_SECONDS = 5
IDLE_IN_TRANSACTION = "60s"  # a hub that was cut off does not keep the others from writing for longer
WRITERS_LOCK = 0x47415445  # of one writer at a time: "GATE"
NUL, SHOWN = "\0", "\ufffd"  # a text of PostgreSQL cannot hold U+0000


class PostgresConnection:
    """`hub.store.backend.Connection`. Rows are dicts; commits are explicit.

    `begin` waits for other writers, of this hub and of others, so that a transaction may look first and insert then,
    and sequence numbers become visible in their order.
    """

    lasting = True

    def __init__(self, raw: Any, keys: Mapping[str, str]) -> None:
        """`raw`: a psycopg connection in autocommit mode. `keys`: the generated key's column, by INSERT."""
        self._raw, self._keys = raw, keys
        self._psycopg = driver()
        self._limited = self.timed_out = False

    def execute(self, sql: str, params: Any = None, /) -> Cursor:
        cursor = self._raw.cursor()
        try:
            cursor.execute(sql, params)
        except self._psycopg.errors.QueryCanceled:
            self.timed_out = self._limited
            raise
        except self._psycopg.DataError:
            cleaned = _without_nul(params)
            if cleaned == params:
                raise
            cursor.execute(sql, cleaned)  # the refused one was not sent
        result: Cursor = cursor
        return result

    def executemany(self, sql: str, params: Iterable[Any], /) -> Cursor:
        rows = list(params)
        if len(rows) == 1:
            return self.execute(sql, rows[0])
        cursor = self._raw.cursor()
        if rows:
            cursor.executemany(sql, [_without_nul(row) for row in rows])
        result: Cursor = cursor
        return result

    def insert(self, sql: str, params: Any, /) -> int:
        row = self.execute(f"{sql} RETURNING {self._keys[sql]} AS key", params).fetchone()
        return int(row["key"]) if row is not None else 0

    def begin(self) -> None:
        self._raw.execute(f"BEGIN; SELECT pg_advisory_xact_lock({WRITERS_LOCK})")

    def commit(self) -> None:
        self._raw.execute("COMMIT")

    def rollback(self) -> None:
        if self._raw.info.transaction_status != self._psycopg.pq.TransactionStatus.IDLE:
            self._raw.execute("ROLLBACK")

    def savepoint(self) -> None:
        self._raw.execute("SAVEPOINT job")

    def rollback_to_savepoint(self) -> None:
        self._raw.execute("ROLLBACK TO job")

    def release_savepoint(self) -> None:
        self._raw.execute("RELEASE job")

    def on_notice(self, channel: str, notify: Callable[[str], None]) -> None:
        """Call `notify` with the text of each notice of a channel that came with the answer to a statement."""
        self._raw.add_notify_handler(lambda notice: notify(notice.payload))
        self._raw.execute(f"LISTEN {channel}")

    def limit_time(self, seconds: float | None) -> None:
        self.timed_out, self._limited = False, seconds is not None
        self._raw.execute(f"SET statement_timeout = {0 if seconds is None else max(1, int(seconds * 1000))}")

    @property
    def broken(self) -> bool:
        """Whether the server or the network has ended the connection."""
        return bool(self._raw.closed)

    @property
    def server_version(self) -> int:
        """Such as 150020 for 15.20."""
        return int(self._raw.info.server_version)

    def close(self) -> None:
        with suppress(self._psycopg.Error):
            self._raw.close()


def connect(url: str, synchronous: str, keys: Mapping[str, str], application: str) -> PostgresConnection:
    """A new connection, by the name `application` at the server. Raises psycopg.Error."""
    psycopg = driver()
    raw = psycopg.connect(
        url,
        autocommit=True,
        row_factory=psycopg.rows.dict_row,
        connect_timeout=CONNECT_SECONDS,
        client_encoding="utf8",
        application_name=application,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )
    try:
        for kind, loader in _loaders(psycopg).items():
            raw.adapters.register_loader(kind, loader)
        raw.execute(
            f"SET synchronous_commit = {'off' if synchronous == 'NORMAL' else 'on'}; "
            f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION}'; "
            "SET client_min_messages = error"
        )
    except psycopg.Error:
        raw.close()
        raise
    return PostgresConnection(raw, keys)


@cache
def _loaders(psycopg: Any) -> dict[str, Any]:
    """Types of PostgreSQL as the values that SQLite gives: truths as 0 and 1, sums and averages as plain numbers."""

    class TruthLoader(psycopg.adapt.Loader):  # type: ignore[misc]
        def load(self, data: Any) -> int:
            return int(bytes(data) == b"t")

    class NumberLoader(psycopg.adapt.Loader):  # type: ignore[misc]
        def load(self, data: Any) -> int | float:
            text = bytes(data).decode()
            return int(text) if text.lstrip("-").isdigit() else float(text)

    return {"bool": TruthLoader, "numeric": NumberLoader}


def _without_nul(params: Any) -> Any:
    """The values with U+0000 replaced in texts."""
    if isinstance(params, Mapping):
        return {name: clean(value) for name, value in params.items()}
    return [clean(value) for value in params] if params is not None else None


def clean(value: Any) -> Any:
    """A value with U+0000 replaced, where it is a text."""
    return value.replace(NUL, SHOWN) if isinstance(value, str) and NUL in value else value
