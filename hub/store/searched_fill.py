"""Adds the numbers, plates and tags of older records to the values that can be searched by a part, in small steps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

import gevent
from sqlalchemy import bindparam, select, update

from hub.contract.errors import RequestError
from hub.store.backend import Backend, Query
from hub.store.errors import DatabaseError
from hub.store.pace import PacedWriter
from hub.store.searched import FIELDS, VALUES, PartIndex, SearchedField, Source
from hub.store.statements import insert_or_ignore
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

VALUES_AT_ONCE = 500
RETRY_SECONDS = 30.0


class SearchedFill:
    """`run()` ends when every field is complete; it goes on after a restart where it was."""

    def __init__(self, backend: Backend, writer: Writer, parts: PartIndex, sources: Sequence[Source]) -> None:
        self._parts, self._sources = parts, sources
        self._steps = PacedWriter(writer, VALUES_AT_ONCE)
        self._next = {source.field: _next_value(backend, source) for source in sources}
        self._insert = insert_or_ignore(backend, VALUES, ["field", "value"])
        found = select(SearchedField.last).where(SearchedField.field == bindparam("name"))
        self._last = backend.compile(found).sql
        kept = update(FIELDS).where(SearchedField.field == bindparam("name"))
        self._keep = backend.compile(kept.values(last=bindparam("after"), complete=bindparam("done"))).sql
        self.added = 0

    def run(self) -> None:
        """In a greenlet: complete one field after the other."""
        for source in self._sources:
            while source.field not in self._parts.complete:
                try:
                    if self._steps.write(partial(self._step, source)):
                        self._parts.complete.add(source.field)
                        log.info("Every %s of the stored records can be searched by a part of it.", source.field)
                except (RequestError, DatabaseError) as error:
                    log.warning("The stored records can be searched by parts later: %s", error)
                    gevent.sleep(RETRY_SECONDS)

    def _step(self, source: Source, transaction: Transaction) -> bool:
        """On the writer's thread: add the next values; whether there are no more."""
        row = transaction.one(self._last, {"name": source.field})
        if row is None:
            return True
        query, last, added = self._next[source.field], str(row["last"]), 0
        while added < self._steps.items:
            found = transaction.one(query.sql, {**query.params, "after": last})
            if found is None:
                break
            last, added = found["value"], added + 1
            transaction.execute(self._insert, {"field": source.field, "value": last})
        done = added < self._steps.items
        transaction.execute(self._keep, {"name": source.field, "after": last, "done": done})
        self.added += added
        return done

    def status(self) -> dict[str, object]:
        """For the status page: which fields are complete, and how many values were added since the start."""
        fields = {source.field: source.field in self._parts.complete for source in self._sources}
        return {"complete": fields, "added": self.added, "longest_step_ms": round(self._steps.longest_ms, 1)}


def _next_value(backend: Backend, source: Source) -> Query:
    """SELECT of the next value after one, by the index: its time depends on how many different values there are."""
    value = source.value
    some = select(value.label("value")).where(value > bindparam("after"), *backend.texts_only(value))
    return backend.compile(some.order_by(value).limit(1))
