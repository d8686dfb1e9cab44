"""The outgoing packets of one Engine.IO session: replies are kept, events of rooms dropped, both within bounds."""

from __future__ import annotations

import gevent
import pytest
from engineio.packet import MESSAGE, Packet
from gevent.queue import Empty

from hub.live.queues import QueueFull
from hub.runtime.budget import Budget
from hub.socketio.in_flight import EventsInFlight
from hub.socketio.outgoing import MAX_UPDATES, OutgoingPackets

MB = 1024 * 1024


def packet(text: str = "x", size: int = 0) -> Packet:
    return Packet(MESSAGE, data=text + "y" * size)


def drained(queue: OutgoingPackets) -> list[str]:
    texts = []
    while queue.qsize():
        texts.append(queue.get().data)
    return texts


def test_packets_come_in_order_and_the_end_last() -> None:
    queue = OutgoingPackets()
    queue.put(packet("1"))
    queue.put_update(packet("2"))
    queue.put(packet("3"))
    queue.put(None)
    assert [queue.get().data for _ in range(3)] == ["1", "2", "3"]
    assert queue.get() is None and queue.queued_bytes == 0
    with pytest.raises(Empty):
        queue.get(block=False)
    with pytest.raises(Empty):
        queue.get(timeout=0.01)


def test_a_waiting_get_is_woken() -> None:
    queue = OutgoingPackets()
    waiting = [gevent.spawn(queue.get, timeout=5) for _ in range(2)]
    gevent.sleep(0)
    queue.put(packet("1"))
    queue.put(packet("2"))
    gevent.joinall(waiting, timeout=5)
    assert sorted(greenlet.value.data for greenlet in waiting) == ["1", "2"]


def test_the_oldest_events_of_rooms_are_dropped_and_replies_are_not() -> None:
    queue = OutgoingPackets()
    queue.put(packet("reply"))
    dropped = sum(queue.put_update(packet(str(number))) for number in range(MAX_UPDATES + 10))
    assert dropped == 10 and queue.qsize() == MAX_UPDATES + 1
    texts = drained(queue)
    assert texts[0] == "reply" and texts[1] == "10" and texts[-1] == str(MAX_UPDATES + 9)


def test_a_reply_beyond_the_limit_takes_the_room_of_events_and_then_is_refused() -> None:
    budget = Budget("all", 100 * MB)
    queue = OutgoingPackets(MB, budget)
    for number in range(3):
        assert queue.put_update(packet(str(number), 300_000)) == 0
    queue.put(packet("reply", 500_000))
    queue.put(packet("reply", 500_000))
    assert queue.put_update(packet("late", 300_000)) == 1
    with pytest.raises(QueueFull):
        queue.put(packet("reply", 500_000))
    assert queue.queued_bytes <= MB and budget.held > 0
    queue.end(keep=False)
    assert queue.qsize() == 0 and queue.queued_bytes == budget.held == 0


def test_what_a_websocket_still_sends_is_kept_at_the_end_and_not_counted() -> None:
    budget = Budget("all", 100 * MB)
    queue = OutgoingPackets(MB, budget)
    queue.put(packet("1", 900_000))
    queue.end(keep=True)
    queue.put(None)
    assert budget.held == 0 and queue.get().data.startswith("1") and queue.get() is None
    assert queue.queued_bytes == 0


def test_one_packet_that_is_larger_than_the_limit_passes_an_empty_queue() -> None:
    queue = OutgoingPackets(MB)
    queue.put(packet("1", 2 * MB))
    with pytest.raises(QueueFull):
        queue.put(packet("2"))
    assert queue.get().data.startswith("1") and queue.queued_bytes == 0


def test_events_of_one_connection_wait_for_each_other_and_then_are_refused() -> None:
    budget = Budget("all", 10 * MB)
    events = EventsInFlight(budget, session_bytes=3 * MB, wait_seconds=0.2)
    assert events.admit("a", 2 * MB) and events.admit("b", 5 * MB)
    assert not events.admit("a", 2 * MB) and events.refused == 1
    waiting = gevent.spawn(events.admit, "a", 2 * MB)
    gevent.sleep(0.01)
    events.release("a", 2 * MB)
    assert waiting.get(timeout=5) is True
    events.release("a", 2 * MB)
    events.release("b", 5 * MB)
    assert events.bytes == budget.held == 0
