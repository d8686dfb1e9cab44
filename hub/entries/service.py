"""The list of captures and detections, newest first by when they happened, merged from what each kind hands over."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import gevent

from hub.contract.entries import EntryPage, EntrySource, Position, Wanted
from hub.contract.paging import MAX_PAGE_BYTES, json_size
from hub.contract.times import utc_text
from hub.entries.cursor import Cursor
from hub.runtime.lanes import LaneBusy

TRIES, PAUSE_SECONDS = 30, 1.0  # of a patient reader


@dataclass(frozen=True)
class Entry:
    """A stored record with its place in the list."""

    place: Position
    row: dict[str, Any]
    source: EntrySource

    @property
    def key(self) -> tuple[float, str, int]:
        """Smaller keys stand first."""
        return -self.place.time, self.source.kind, -self.place.seq

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.place.time, self.source.kind, self.place.seq)

    def show(self, host: str) -> dict[str, Any]:
        """The entry as readers see it, with the record under the name of its kind. On any thread."""
        kind, record = self.source.kind, self.source.show(self.row, host)
        return {
            "kind": kind,
            "id": self.row["id"],
            "happened_at": utc_text(self.place.time),
            "received_at": utc_text(self.row["received_at"]),
            kind: record,
        }


class Entries:
    """The entries of all kinds. Each kind finds its own by its indexes; two sorted lists are merged here."""

    def __init__(self, sources: Mapping[str, EntrySource]) -> None:
        self._sources = sources

    @property
    def kinds(self) -> list[str]:
        """The names of the kinds."""
        return sorted(self._sources)

    def source(self, kind: str) -> EntrySource:
        """The records of a kind. Raises KeyError."""
        return self._sources[kind]

    def newest_first(
        self, wanted: Wanted, after: Cursor | None, at_once: int, patient: bool = False
    ) -> Iterator[Entry]:
        """Every entry that matches and stands behind `after`; `at_once` rows are read at a time from each kind.

        Reads as it goes, off the event loop; a `patient` reader waits for a while where the hub is busy. Raises as
        `hub.store.reader.Reader.page`.
        """
        streams = [
            _stream(source, query, None if after is None else after.below(source.kind), at_once, patient)
            for source in self._sources.values()
            for query in source.queries(wanted)
        ]
        last = None
        for entry in heapq.merge(*streams, key=lambda entry: entry.key):
            if entry.key != last:  # what matches in two ways comes twice
                yield entry
            last = entry.key

    def page(self, wanted: Wanted, after: Cursor | None, limit: int) -> tuple[list[Entry], Cursor | None]:
        """Up to `limit` entries, and the cursor of the next page (None at the end)."""
        found = list(islice(self.newest_first(wanted, after, limit + 1), limit + 1))
        return found[:limit], found[limit - 1].cursor if len(found) > limit else None


def _stream(source: EntrySource, query: Any, below: Position | None, at_once: int, patient: bool) -> Iterator[Entry]:
    """The records of one query, page after page."""
    while True:
        page = _read(source, query, below, at_once, TRIES if patient else 1)
        yield from (Entry(place, row, source) for place, row in page.rows)
        if not page.more or not page.rows:
            return
        below = page.rows[-1][0]


def _read(source: EntrySource, query: Any, below: Position | None, at_once: int, tries: int) -> EntryPage:
    """A page of a kind. Raises LaneBusy after so many tries."""
    for _ in range(tries - 1):
        try:
            return source.page(query, below, at_once)
        except LaneBusy:
            gevent.sleep(PAUSE_SECONDS)
    return source.page(query, below, at_once)


def shown_page(
    entries: list[Entry],
    following: Cursor | None,
    host: str,
    max_bytes: int = MAX_PAGE_BYTES,
) -> tuple[list[dict[str, Any]], Cursor | None]:
    """Entries as shown, fewer where their JSON passes `max_bytes`, and the cursor of the next page. On any thread."""
    shown: list[dict[str, Any]] = []
    size = 0
    for place, entry in enumerate(entries):
        value = entry.show(host)
        size += json_size(value)
        if shown and size > max_bytes:
            return shown, entries[place - 1].cursor
        shown.append(value)
    return shown, following
