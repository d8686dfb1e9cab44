"""Counts of a day, for reports: how many records happened in each hour, and which names came most often."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, func

from hub.contract.day_counts import CountedRecords
from hub.contract.entries import Day
from hub.store.reader import Reader


def count_day(records: CountedRecords, hours: Sequence[float]) -> Day:
    """Records by the hour. `hours`: where each begins, and the end of the last, in epoch seconds.

    Raises as `Reader.search`.
    """
    newest, day = records.newest(), Day()
    for begin, end in pairwise(hours):
        counts = records.hour(begin, end, newest)
        day.by_hour.append(sum(count.total for count in counts))
        day.read_by_hour.append(sum(count.read for count in counts))
    day.count, day.read = sum(day.by_hour), sum(day.read_by_hour)
    return day


def during(time: Any, hours: Sequence[float]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The conditions of rows between the first and the last of `hours`."""
    return time >= hours[0], time < hours[-1]


def most_frequent(reader: Reader, name: Any, counted: Select[Any], most: int) -> list[tuple[str, int]]:
    """The most frequent names among the rows of `counted`, a SELECT without columns, each with how often it came."""
    times = func.count().label("times")
    rows = reader.search(counted.add_columns(name.label("name"), times).order_by(times.desc(), "name").limit(most))
    return [(str(row["name"]), int(row["times"])) for row in rows]
