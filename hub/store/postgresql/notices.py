"""Triggers by which the server tells every hub that rows of a table have changed, with the commit of the change."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Protocol

from hub.store.postgresql.connection import PostgresConnection

CHANNEL = "gatehouse_changed"
# The sender is in the notice, so that a hub leaves out its own. Equal notices of one commit come once.
FUNCTION = f"""
CREATE OR REPLACE FUNCTION {CHANNEL}() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_notify('{CHANNEL}', TG_TABLE_NAME || ' ' || current_setting('application_name'));
    RETURN NULL;
END
$body$
"""


EXISTING = (
    "SELECT tgname AS name, relname AS relation FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    f"WHERE tgname LIKE '{CHANNEL}%'"
)


class WatchedTable(Protocol):
    """A table, and the columns whose change counts (`hub.cluster.shared_tables.Watched`)."""

    @property
    def table(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...]: ...


def create_triggers(connection: PostgresConnection, tables: Collection[WatchedTable]) -> None:
    """Have the changes of these tables notified; waits for another hub that does the same. Raises psycopg.Error.

    Tables that have their triggers are not locked: other hubs write to them.
    """
    wanted = {(watched.table, name): sql for watched in tables for name, sql in _triggers(watched).items()}
    rows = connection.execute(EXISTING).fetchall()
    existing = {(row["relation"], row["name"]) for row in rows}
    if wanted.keys() <= existing:
        return
    connection.begin()
    try:
        connection.execute(FUNCTION)
        for table, name in sorted(existing - wanted.keys()):
            if table in {watched.table for watched in tables}:
                connection.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        for key in sorted(wanted.keys() - existing):
            connection.execute(wanted[key])
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _triggers(watched: WatchedTable) -> dict[str, str]:
    """The statements that create the triggers of a table, by the trigger's name, which tells of what it does."""
    call = f"EXECUTE FUNCTION {CHANNEL}()"
    if watched.columns:
        differs = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in watched.columns)
        parts = [
            ("INSERT OR DELETE", f"FOR EACH ROW {call}"),
            ("UPDATE", f"FOR EACH ROW WHEN ({differs}) {call}"),
        ]
    else:
        parts = [("INSERT OR UPDATE OR DELETE", f"FOR EACH STATEMENT {call}")]
    made = {}
    for events, rest in parts:
        name = f"{CHANNEL}_{hashlib.sha256(f'{events} {rest}'.encode()).hexdigest()[:8]}"
        made[name] = f"CREATE OR REPLACE TRIGGER {name} AFTER {events} ON {watched.table} {rest}"
    return made
