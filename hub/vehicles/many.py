"""SELECTs by many values that are compiled once: to compile one takes longer than to run it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam

from hub.store.backend import Backend, Query, Row
from hub.store.reader import Reader

SIZES = (8, 32, 128)  # values of one statement
Values = list[BindParameter[Any]]


class ManyValues:
    """A SELECT whose condition is that a column is one of some values."""

    def __init__(self, backend: Backend, reader: Reader, build: Callable[[Values], Select[Any]]) -> None:
        """`build`: the statement with these parameters in its condition."""
        self._reader = reader
        self._queries = {
            size: backend.compile(build([bindparam(f"value_{place}") for place in range(size)])) for size in SIZES
        }

    def rows(self, values: Iterable[Any]) -> list[Row]:
        """The rows of all values, off the event loop. Raises as `Reader.all`."""
        return self._reader.run(self.queries(values))

    def queries(self, values: Iterable[Any]) -> Iterator[Query]:
        """The statements that find the rows of all values."""
        left = list(values)
        for start in range(0, len(left), SIZES[-1]):
            some = left[start : start + SIZES[-1]]
            size = next(size for size in SIZES if len(some) <= size)
            query = self._queries[size]
            given = {f"value_{place}": value for place, value in enumerate(some + some[-1:] * (size - len(some)))}
            yield Query(query.sql, {**query.params, **given})
