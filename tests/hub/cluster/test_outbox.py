"""What waits to be sent to Redis is bounded."""

from __future__ import annotations

from hub.cluster import outbox
from hub.cluster.outbox import Outbox


def put(box: Outbox, text: str, key: object = None) -> None:
    box.put(("PUBLISH", "channel", text.encode()), key)


def texts(box: Outbox) -> list[str]:
    return [bytes(command[2]).decode() for command in box.take()]


def test_commands_leave_in_order_and_a_newer_one_replaces_that_with_its_key() -> None:
    box = Outbox(1000)
    for text, key in (("a", None), ("frame 1", "camera"), ("b", None), ("frame 2", "camera")):
        put(box, text, key)
    assert texts(box) == ["a", "b", "frame 2"]
    assert (box.replaced, box.left_out, box.queued_bytes) == (1, 0, 0)


def test_the_oldest_are_left_out_beyond_the_bytes_and_a_larger_one_at_once() -> None:
    box = Outbox(10)
    for text in ("first", "second", "much too long"):
        put(box, text)
    assert texts(box) == ["second"]
    assert box.left_out == 2


def test_the_oldest_are_left_out_beyond_the_number(monkeypatch) -> None:
    monkeypatch.setattr(outbox, "MAX_MESSAGES", 2)
    box = Outbox(1000)
    for text in "abc":
        put(box, text)
    assert texts(box) == ["b", "c"] and box.left_out == 1


def test_what_waits_is_left_out_when_redis_is_lost() -> None:
    box = Outbox(1000)
    put(box, "a")
    box.clear()
    assert (len(box), box.queued_bytes, box.left_out) == (0, 0, 1)
