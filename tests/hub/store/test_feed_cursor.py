"""Where a consumer is in its feeds: over restarts, where too much waits, where the database cannot write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from hub.store.feed_cursor import FeedCursor
from hub.store.feeds import FeedItem, FeedPage, Positions
from hub.store.migrations.runner import migrate
from hub.store.reader import Reader
from hub.store.sqlite.backend import SqliteBackend
from hub.store.writer import StoreBusy, Writer


class Numbers:
    """A feed of the numbers from 1 to `last`."""

    def __init__(self, last: int) -> None:
        self.last = last

    def newest(self) -> int:
        return self.last

    def after(self, seq: int, limit: int) -> FeedPage:
        found = range(seq + 1, min(self.last, seq + limit) + 1)
        return FeedPage([FeedItem(one, "x", 0.0, {}) for one in found], max(found, default=seq), len(found) == limit)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    backend = SqliteBackend(tmp_path / "hub.db")
    migrate(backend)
    made = Writer(backend)
    running = gevent.spawn(made.run)
    yield made
    made.close()
    running.join(10)


def cursor(writer: Writer, feed: Numbers, limit: int = 1000, clock: Clock | None = None) -> FeedCursor:
    positions = Positions(writer.backend, Reader(writer.backend))
    return FeedCursor("test", {"numbers": feed}, positions, writer, limit, clock or Clock())


def seqs(page: FeedPage) -> list[int]:
    return [item.seq for item in page.items]


def test_a_new_consumer_begins_with_the_next_row_and_goes_on_after_a_restart(writer: Writer) -> None:
    feed = Numbers(5)
    first = cursor(writer, feed)
    first.start()
    assert seqs(first.next("numbers", 10)) == []
    feed.last = 8
    again = cursor(writer, feed)  # nothing was delivered before the end
    again.start()
    assert seqs(again.next("numbers", 2)) == [6, 7]
    assert seqs(again.next("numbers", 2)) == [6, 7], "what is not done comes again"
    again.done("numbers", 7, 2)
    again.save(force=True)
    last = cursor(writer, feed)
    last.start()
    assert seqs(last.next("numbers", 10)) == [8]


def test_where_too_much_waits_the_oldest_are_left_out_and_counted(writer: Writer) -> None:
    feed = Numbers(0)
    made = cursor(writer, feed, limit=10)
    made.start()
    feed.last = 100
    assert seqs(made.next("numbers", 5)) == [91, 92, 93, 94, 95]
    assert (made.left_out, made.waiting["numbers"]) == (90, 10)
    made.done("numbers", 95, 5)
    feed.last = 200
    assert seqs(made.next("numbers", 5))[0] == 191
    assert made.left_out == 90 + 95
    made.count()
    assert made.waiting == {"numbers": 10}


def test_what_waits_while_the_consumer_is_away_is_bounded_when_it_is_back(writer: Writer) -> None:
    feed = Numbers(0)
    made = cursor(writer, feed, limit=10)
    made.start()
    feed.last = 3
    assert seqs(made.next("numbers", 50)) == [1, 2, 3]
    feed.last = 100
    made.away()
    assert seqs(made.next("numbers", 50)) == list(range(91, 101))


def test_a_position_of_another_database_begins_with_the_next_row(writer: Writer) -> None:
    feed = Numbers(50)
    cursor(writer, feed).start()
    feed.last = 3
    made = cursor(writer, feed)
    made.start()
    feed.last = 4
    assert seqs(made.next("numbers", 10)) == [4]


def test_positions_are_stored_once_a_second(writer: Writer) -> None:
    feed, clock = Numbers(0), Clock()
    made = cursor(writer, feed, clock=clock)
    made.start()
    feed.last = 10
    commits = writer.commits
    for seq in range(1, 6):
        made.done("numbers", seq)
        made.save()
    assert writer.commits == commits
    clock.now += 1.1
    made.save()
    made.save()
    assert writer.commits == commits + 1
    assert Positions(writer.backend, Reader(writer.backend)).load("test") == {"numbers": 5}


def test_a_database_that_cannot_write_is_no_failure_and_is_tried_again(writer: Writer, monkeypatch) -> None:
    feed, clock = Numbers(0), Clock()
    made = cursor(writer, feed, clock=clock)
    made.start()

    def busy(*_: object) -> None:
        raise StoreBusy("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "write", busy)
        made.done("numbers", 7)
        clock.now += 2
        made.save()
        with pytest.raises(StoreBusy):
            made.save(force=True)
    clock.now += 2
    made.save()
    assert Positions(writer.backend, Reader(writer.backend)).load("test") == {"numbers": 7}


def test_a_consumer_that_is_no_longer_used_is_forgotten(writer: Writer) -> None:
    feed = Numbers(5)
    made = cursor(writer, feed)
    made.start()
    made.forget()
    feed.last = 9
    again = cursor(writer, feed)
    again.start()
    assert seqs(again.next("numbers", 10)) == []
