"""Tables of which something is in memory: read again when another hub has changed them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import gevent
from gevent.event import Event
from sqlalchemy import Column, Table

from hub.contract.errors import RequestError
from hub.runtime.log_throttle import LogThrottle
from hub.store.errors import DatabaseError

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Watched:
    """A table, and the columns whose change counts; without any, every change of a row does."""

    table: str
    columns: tuple[str, ...] = ()


class SharedTables:
    """What is read again, by table. `run` reads; without other hubs nothing ever changes."""

    def __init__(self) -> None:
        self._reload: dict[str, list[Callable[[], object]]] = {}
        self._columns: dict[str, tuple[str, ...]] = {}
        self._due: set[str] = set()
        self._wake = Event()
        self._throttle = LogThrottle(60.0)

    def on(self, table: Table, reload: Callable[[], object], columns: Sequence[Column[object]] = ()) -> None:
        """Call `reload` after another hub has changed rows of a table.

        `columns`: those whose change in a row counts, beside new and deleted rows. `reload` may raise RequestError or
        DatabaseError, and is called again then.
        """
        name = str(table.name)
        self._reload.setdefault(name, []).append(reload)
        self._columns[name] = tuple(str(column.name) for column in columns)

    def watched(self) -> list[Watched]:
        """The tables, by name."""
        return [Watched(name, self._columns[name]) for name in sorted(self._reload)]

    def changed(self, tables: Iterable[str]) -> None:
        """Another hub has changed these tables. Never blocks."""
        self._due |= self._reload.keys() & set(tables)
        if self._due:
            self._wake.set()

    def changed_all(self) -> None:
        """Changes may have been missed. Never blocks."""
        self.changed(self._reload)

    def run(self) -> None:
        """The greenlet that reads again."""
        while True:
            self._wake.wait()
            self._wake.clear()
            due, self._due = self._due, set()
            for table in sorted(due):
                try:
                    for reload in self._reload[table]:
                        reload()
                except (RequestError, DatabaseError) as error:
                    self._due.add(table)
                    if self._throttle.due():
                        log.warning("What other hubs have changed in %s is read later: %s", table, error)
            if self._due:
                gevent.sleep(RETRY_SECONDS)
                self._wake.set()
