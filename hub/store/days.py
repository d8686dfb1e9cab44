"""Counts of a day, for reports: how many rows of a table happened in each hour, and how many of them were read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select

from hub.contract.entries import Day
from hub.store.reader import Reader


def count_day(reader: Reader, time: Any, read: ColumnElement[bool], hours: Sequence[float]) -> Day:
    """Rows by the hour. `time`: an indexed column, epoch seconds; `hours`: where each begins, and the end of the last.

    Raises as `Reader.search`.
    """
    spans = [
        func.sum(case((and_(time >= begin, time < end), 1), else_=0)).label(f"span_{place}")
        for place, (begin, end) in enumerate(pairwise(hours))
    ]
    was_read = case((read, 1), else_=0).label("was_read")
    day = Day(by_hour=[0] * len(spans), read_by_hour=[0] * len(spans))
    for row in reader.search(select(was_read, *spans).where(*during(time, hours)).group_by(was_read)):
        numbers = [int(row[f"span_{place}"] or 0) for place in range(len(spans))]
        day.by_hour = [sum(pair) for pair in zip(day.by_hour, numbers, strict=True)]
        if row["was_read"]:
            day.read_by_hour = numbers
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
