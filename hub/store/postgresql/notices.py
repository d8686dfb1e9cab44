"""Triggers by which the server tells every hub that rows of a table have changed, with the commit of the change."""

from __future__ import annotations

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


class WatchedTable(Protocol):
    """A table, and the columns whose change counts (`hub.cluster.shared_tables.Watched`)."""

    @property
    def table(self) -> str: ...

    @property
    def columns(self) -> tuple[str, ...]: ...


def create_triggers(connection: PostgresConnection, tables: Collection[WatchedTable]) -> None:
    """Have the changes of these tables notified; waits for another hub that does the same. Raises psycopg.Error."""
    connection.begin()
    try:
        connection.execute(FUNCTION)
        for watched in tables:
            for statement in _triggers(watched):
                connection.execute(statement)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _triggers(watched: WatchedTable) -> list[str]:
    table = watched.table
    call = f"EXECUTE FUNCTION {CHANNEL}()"
    if not watched.columns:
        events = "INSERT OR UPDATE OR DELETE"
        return [f"CREATE OR REPLACE TRIGGER {CHANNEL} AFTER {events} ON {table} FOR EACH STATEMENT {call}"]
    differs = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in watched.columns)
    return [
        f"CREATE OR REPLACE TRIGGER {CHANNEL}_rows AFTER INSERT OR DELETE ON {table} FOR EACH ROW {call}",
        f"CREATE OR REPLACE TRIGGER {CHANNEL}_values AFTER UPDATE ON {table} FOR EACH ROW WHEN ({differs}) {call}",
    ]
