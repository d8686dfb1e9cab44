"""The connection by which a hub is one of several on a database: locks, and notices of changed tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hub.store.postgresql.backend import PostgresBackend
from hub.store.postgresql.connection import PostgresConnection
from hub.store.postgresql.driver import driver
from hub.store.postgresql.notices import CHANNEL, WatchedTable, create_triggers

LEADERS_LOCK = 0x47415445  # with 0; a lock of two numbers is another than the writers' one
KEYS_LOCK = 0x47415500  # and the following, one for each secret; with a fingerprint
SECRETS = ("session_key", "device_token.txt", "apriltag_token", "tracking_key")
IDLE_SECONDS = 7  # the server ends a session of which nothing was asked for so long
LEADER_BEATS = 4  # the name of the leader is asked for with each so many
NAME_BYTES = 44  # with the application's name 63, which is all that PostgreSQL keeps
OWN_DATABASE = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
LEADER = (
    "SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    f"WHERE l.locktype = 'advisory' AND l.granted AND l.{OWN_DATABASE} AND l.classid = {LEADERS_LOCK} "
    "AND l.objid = 0 AND l.objsubid = 2"
)
OTHER_KEYS = (
    f"SELECT DISTINCT classid::bigint AS class, objid::bigint AS print FROM pg_locks WHERE locktype = 'advisory' "
    f"AND {OWN_DATABASE} AND objsubid = 2 AND classid BETWEEN {KEYS_LOCK} AND {KEYS_LOCK + len(SECRETS)}"
)


@dataclass
class Beat:
    """What the database said. `is_new`: the connection is new, so notices may have been missed.

    `changed`: tables that other hubs have changed. `other_keys`: secrets that another hub has differently.
    """

    leads: bool
    leader: str
    is_new: bool
    changed: set[str] = field(default_factory=set)
    other_keys: list[str] = field(default_factory=list)


class Session:
    """Used on one native thread. `fingerprints`: of the secrets that all hubs share, by the name of their file."""

    def __init__(self, backend: PostgresBackend, fingerprints: Mapping[str, str]) -> None:
        self._backend, self._prints = backend, fingerprints
        self.address = backend.address
        self.errors: tuple[type[Exception], ...] = backend.errors
        self._connection: PostgresConnection | None = None
        self._leads = False
        self._changed: set[str] = set()
        self._shown = self._leader = ""
        self._other_keys: list[str] = []
        self._beats = 0

    def beat(self, name: str, tables: Collection[WatchedTable] | None = None) -> Beat:
        """Ask for the lead and for what has changed. `tables`: they notify from now on. Raises one of `errors`."""
        is_new = self._connection is None
        try:
            connection = self._connection or self._open()
            if tables is not None:
                create_triggers(connection, tables)
            return self._beat(connection, name, is_new)
        except self.errors:
            self.close()
            raise

    def _open(self) -> PostgresConnection:
        connection = self._connection = self._backend.connect()
        self._leads, self._shown, self._beats = False, "", 0
        connection.on_notice(CHANNEL, self._note)
        connection.execute(f"SET idle_session_timeout = '{IDLE_SECONDS}s'")
        connection.execute(f"SET statement_timeout = '{IDLE_SECONDS}s'")
        # A machine that has vanished is noticed by the network alone. Not every system knows these.
        for option in ("tcp_keepalives_idle = 2", "tcp_keepalives_interval = 2", "tcp_keepalives_count = 2"):
            with suppress(driver().Error):
                connection.execute(f"SET {option}")
        self._other_keys = self._check_keys(connection)
        return connection

    def _check_keys(self, connection: PostgresConnection) -> list[str]:
        """Hold a lock for each secret, and find those that another hub has differently."""
        own: dict[int, int] = {}
        for index, name in enumerate(SECRETS):
            if name in self._prints:
                own[KEYS_LOCK + index] = _number(self._prints[name])
                connection.execute(
                    f"SELECT pg_advisory_lock_shared({KEYS_LOCK + index}, {own[KEYS_LOCK + index]}) IS NULL AS done"
                )
        others = connection.execute(OTHER_KEYS).fetchall()
        classes = {row["class"] for row in others if own.get(row["class"], row["print"]) != row["print"]}
        return [SECRETS[number - KEYS_LOCK] for number in sorted(classes)]

    def _beat(self, connection: PostgresConnection, name: str, is_new: bool) -> Beat:
        if self._shown != name:
            connection.execute(
                "SELECT set_config('application_name', %s, false)", [f"{self._backend.application} {_short(name)}"]
            )
            self._shown = name
        if not self._leads:
            found = connection.execute(f"SELECT pg_try_advisory_lock({LEADERS_LOCK}, 0) AS got").fetchone()
            self._leads = bool(found["got"])
        else:
            connection.execute("SELECT 1")
        if not self._leads and self._beats % LEADER_BEATS == 0:
            row: Any = connection.execute(LEADER).fetchone()
            self._leader = "" if row is None else str(row["name"]).partition(" ")[2]
        self._beats += 1
        changed, self._changed = self._changed, set()
        return Beat(self._leads, "" if self._leads else self._leader, is_new, changed, self._other_keys)

    def _note(self, payload: str) -> None:
        table, _, sender = payload.partition(" ")
        if not sender.startswith(self._backend.application):
            self._changed.add(table)

    def close(self) -> None:
        """Give up the locks with the connection."""
        connection, self._connection = self._connection, None
        self._leads = False
        if connection is not None:
            connection.close()


def _number(fingerprint: str) -> int:
    """A fingerprint as the second number of a lock."""
    return int.from_bytes(hashlib.sha256(json.dumps(fingerprint).encode()).digest()[:4], "big") & 0x7FFFFFFF


def _short(name: str) -> str:
    return name.encode("ascii", "replace")[:NAME_BYTES].decode()
