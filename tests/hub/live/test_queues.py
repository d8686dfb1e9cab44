"""Drop policies, that of games above all: everything while a game keeps up, else the newest of each board and tag."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import pytest

from hub.live.queues import (
    JOIN_BYTES,
    BoundedQueue,
    DisconnectWhenFull,
    DropOldest,
    LatestOnDemand,
    NewestPerKey,
    QueueFull,
)
from hub.runtime.budget import Budget
from hub.websocket.connection import Prepared, prepare


def drain(queue: NewestPerKey) -> list[Prepared]:
    taken: list[Prepared] = []
    while frames := queue.take():
        taken += frames
    return taken


def test_a_game_that_keeps_up_gets_everything_in_order() -> None:
    queue = NewestPerKey(3)
    frames = [prepare(str(number)) for number in range(9)]
    for start in range(0, 9, 3):
        assert [queue.put(("board", 1), frame) for frame in frames[start : start + 3]] == [0, 0, 0]
        assert drain(queue) == frames[start : start + 3]
    assert not queue.behind


def test_a_game_that_is_behind_gets_the_newest_of_each_board_and_tag() -> None:
    queue = NewestPerKey(4)
    order = [("a", 1), ("a", 2), ("a", 1), ("b", 1), ("a", 1), ("a", 2), ("a", 2)]
    dropped = sum(queue.put(key, prepare(f"{number}")) for number, key in enumerate(order))
    assert queue.behind and len(queue) == 3 and dropped == 4
    assert drain(queue) == [prepare("3"), prepare("4"), prepare("6")]
    assert not queue.behind and len(queue) == 0
    assert queue.put(("a", 1), prepare("x")) == queue.put(("a", 1), prepare("y")) == 0
    assert drain(queue) == [prepare("x"), prepare("y")]


def test_a_thousand_tags_cost_no_more_than_the_limit() -> None:
    queue = NewestPerKey(4)
    dropped = sum(queue.put(("a", number), prepare(f"{number}")) for number in range(1000))
    assert len(queue) == 4 and dropped == 996
    assert drain(queue) == [prepare(f"{number}") for number in range(996, 1000)]


def test_one_send_has_whole_readings_and_a_bounded_size() -> None:
    queue = NewestPerKey(100)
    frame = prepare("x" * 5000)
    for number in range(10):
        queue.put(number, frame)
    assert len(queue.take()) == JOIN_BYTES // 5000 + 1
    assert queue.clear() == 10 - (JOIN_BYTES // 5000 + 1) and queue.take() == []


# -- the other policies


def test_a_full_queue_of_results_disconnects_and_drops_nothing() -> None:
    queue = DisconnectWhenFull(2)
    frames = [prepare(str(number)) for number in range(3)]
    assert [queue.put(None, frame) for frame in frames[:2]] == [0, 0]
    with pytest.raises(QueueFull, match="2 messages were waiting"):
        queue.put(None, frames[2])
    assert queue.take() == frames[:1] and queue.take() == frames[1:2] and queue.take() == []


def test_a_full_queue_of_updates_drops_the_oldest() -> None:
    queue = DropOldest(2)
    frames = [prepare(str(number)) for number in range(4)]
    assert [queue.put(None, frame) for frame in frames] == [0, 0, 1, 1]
    assert queue.take() == frames[2:3] and len(queue) == 1 and queue.clear() == 1 and queue.take() == []


@pytest.mark.parametrize("policy", [DisconnectWhenFull, DropOldest, NewestPerKey])
def test_waiting_ends_with_a_message_with_wake_and_with_time(policy: Callable[[int], BoundedQueue]) -> None:
    queue = policy(2)
    assert queue.wait(0.0) is False
    waiting = gevent.spawn(queue.wait)
    gevent.sleep(0)
    queue.put("key", prepare("x"))
    assert waiting.get(timeout=5) is True
    queue.clear()
    waiting = gevent.spawn(queue.wait)
    gevent.sleep(0)
    queue.wake()
    assert waiting.get(timeout=5) is True and queue.take() == []


class Newest:
    """A source whose newest item is `item`, and a receiver that records what it was sent."""

    def __init__(self) -> None:
        self.item: str | None = None
        self.ready, self.ended = True, False
        self.sizes: list[int] = []
        self.written = 0

    def wait(self, timeout: float) -> bool:
        return self.item is not None

    def take(self) -> str | None:
        item, self.item = self.item, None
        return item

    def wake(self) -> None:
        pass

    def begin(self, size: int) -> None:
        self.sizes.append(size)

    def done(self) -> None:
        self.written += 1


def test_the_newest_item_is_taken_when_the_receiver_is_ready() -> None:
    newest = Newest()
    queue = LatestOnDemand(newest, newest, lambda: newest.ready, prepare, lambda: newest.ended)
    newest.item = "old"
    assert queue.take() == [], "nothing before it was waited for"
    assert queue.wait()
    newest.item = "new"
    assert queue.take() == [prepare("new")] and newest.sizes == [len(prepare("new"))] and newest.written == 0
    queue.task_done()
    assert newest.written == 1 and queue.take() == []


def test_an_ended_source_and_a_dropped_receiver_end_the_queue() -> None:
    newest = Newest()
    queue = LatestOnDemand(newest, newest, lambda: newest.ready, prepare, lambda: newest.ended)
    newest.ended = True
    assert queue.wait() is False and queue.take() == []
    newest = Newest()
    queue = LatestOnDemand(newest, newest, lambda: newest.ready, prepare, lambda: newest.ended)
    newest.item, newest.ready = "item", False
    assert queue.wait() and queue.take() == [] and queue.wait() is False and newest.sizes == []


@pytest.mark.parametrize("policy", [DropOldest, NewestPerKey])
def test_bytes_are_bounded_as_well_and_the_oldest_are_dropped(policy: type[DropOldest] | type[NewestPerKey]) -> None:
    budget = Budget("all", 10_000_000)
    queue = policy(1000, 1_000_000, budget)
    messages = [prepare(bytes([number]) * 300_000) for number in range(10)]
    dropped = sum(queue.put(number, message) for number, message in enumerate(messages))
    assert dropped == 7 and len(queue) == 3 and queue.queued_bytes <= 1_000_000 and budget.held <= 1_000_000
    taken = []
    while frames := queue.take():
        assert queue.queued_bytes >= sum(len(frame) for frame in frames)  # counted until they are written
        taken += frames
        queue.task_done()
    assert taken == messages[7:] and queue.queued_bytes == budget.held == 0


def test_a_listener_with_too_many_bytes_is_to_be_disconnected() -> None:
    budget = Budget("all", 10_000_000)
    queue = DisconnectWhenFull(1000, 1_000_000, budget)
    queue.put(None, prepare(b"x" * 2_000_000))  # one message always fits
    with pytest.raises(QueueFull, match=r"1\.9 MB of messages were waiting"):
        queue.put(None, prepare(b"x"))
    queue.take()
    assert queue.clear() == 0 and queue.queued_bytes == budget.held == 0


def test_all_queues_together_are_bounded_and_one_that_keeps_up_is_served() -> None:
    budget = Budget("all", 1_000_000)
    slow = [DropOldest(1000, 1_000_000, budget) for _ in range(5)]
    for queue in slow:
        for _ in range(20):
            queue.put(None, prepare(b"x" * 100_000))
    assert budget.held <= 1_000_000
    quick = DropOldest(1000, 1_000_000, budget)
    for _ in range(5):
        assert quick.put(None, prepare(b"y" * 50_000)) == 0
        assert len(quick.take()[0]) > 50_000
        quick.task_done()
    for queue in slow:
        queue.clear()
    assert budget.held == 0
