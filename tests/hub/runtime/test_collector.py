"""Collections go through what is new; what lives long is freed without them, and what is left over is found."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from hub.runtime.collector import Collector

NEW = 5_000  # objects that other parts of this process may have made meanwhile


class Thing:
    """An object that may refer to itself."""

    other: object = None


@pytest.fixture
def collector() -> Iterator[Collector]:
    before = gc.get_threshold()
    made = Collector(margin=1_000)
    made.start()
    yield made
    made.stop()
    gc.set_threshold(*before)


def test_a_full_collection_does_not_go_through_what_survived_the_last_one(collector: Collector) -> None:
    """The objects of thousands of connections blocked the event loop for 150 ms each time."""
    kept: list[list[int]] = [[] for _ in range(20 * NEW)]
    gc.collect()
    assert len(gc.get_objects()) < NEW and len(kept) == 20 * NEW


def test_full_collections_come_before_there_is_much_to_go_through(collector: Collector) -> None:
    kept: list[list[int]] = []
    for _ in range(20 * NEW):
        kept.append([])
        if len(kept) % 1000 == 0:
            assert len(gc.get_objects()) < 35_000 + NEW


def test_what_is_frozen_is_freed_once_nothing_refers_to_it(collector: Collector) -> None:
    thing = Thing()
    gc.collect()
    left = weakref.ref(thing)
    del thing
    assert left() is None


def test_frozen_objects_are_counted_only_where_there_may_be_too_many(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To count those of 2,000 connections blocked the event loop for 40 ms, once a minute."""
    counts: list[int] = []
    real = gc.get_freeze_count
    monkeypatch.setattr(gc, "get_freeze_count", lambda: counts.append(real()) or counts[-1])
    for _ in range(3):
        collector.look()
    assert counts == []
    for _ in range(2):  # as many as there are already, and all of them are freed
        kept = [Thing() for _ in range(real())]
        gc.collect()
        del kept
    collector.look()
    assert len(counts) == 1 and collector.thawed == 0
    collector.look()
    assert len(counts) == 1


def test_cycles_that_lived_long_are_found_once_there_are_many(collector: Collector) -> None:
    things = [Thing() for _ in range(2_000)]
    for thing in things:
        thing.other = thing
    gc.collect()
    left = weakref.ref(things[0])
    del things, thing
    assert left() is not None
    others = [Thing() for _ in range(gc.get_freeze_count() + 2_000)]  # as many again as there were at the start
    gc.collect()
    collector.look()
    assert left() is None and collector.thawed == 1
    collector.look()
    assert collector.thawed == 1 and others
