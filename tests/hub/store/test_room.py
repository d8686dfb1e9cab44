"""Room for records: the reserve, what arrives between two looks at the disk, opening again with a margin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store.room import MB, ROW_BYTES, DiskRoom, NoRoom


def test_it_closes_below_the_reserve_and_opens_with_some_more() -> None:
    room, closed = DiskRoom(100), []
    room.on_close.append(lambda: closed.append(1))
    room.check()
    room.update(200 * MB)
    room.check()
    room.update(99 * MB)
    with pytest.raises(NoRoom) as refused:
        room.check()
    assert refused.value.status == 503 and refused.value.retry_after and "nearly full" in refused.value.message
    room.update(105 * MB)
    assert room.closed and not room.admits()
    room.update(110 * MB)
    assert not room.closed and room.admits()
    assert (room.refused, closed) == (2, [1])


def test_what_arrives_between_two_looks_counts() -> None:
    room = DiskRoom(100)
    room.update(110 * MB)
    assert [room.admits(4 * MB) for _ in range(4)] == [True, True, False, False]
    assert room.closed


def test_one_record_that_is_larger_than_the_room_closes_it() -> None:
    room = DiskRoom(100)
    room.update(101 * MB)
    assert not room.admits(2 * MB)


def test_without_a_reserve_nothing_is_refused() -> None:
    room = DiskRoom(0)
    room.update(0)
    assert room.admits(MB) and not room.closed


def test_an_unknown_free_space_refuses_nothing() -> None:
    room = DiskRoom(100)
    room.update(1)
    room.update(None)
    assert room.admits()


@given(
    st.integers(0, 50),
    st.lists(
        st.one_of(
            st.integers(0, 200).map(lambda mb: ("free", mb * MB)),
            st.integers(0, 20 * MB).map(lambda size: ("record", size)),
        )
    ),
)
def test_the_reserve_is_never_used_up(reserve: int, steps: list[tuple[str, int]]) -> None:
    room, free = DiskRoom(reserve), None
    for kind, amount in steps:
        if kind == "free":
            free = amount
            room.update(free)
        elif room.admits(amount) and free is not None and reserve:
            free -= amount + ROW_BYTES
            assert free >= reserve * MB
