"""What waits for a game: everything while it keeps up, the newest of each board and tag when it does not."""

from __future__ import annotations

from hub.live.queues import JOIN_BYTES, NewestPerKey
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
