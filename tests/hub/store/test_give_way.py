"""The pause of work that can wait, by the records that are stored meanwhile."""

from __future__ import annotations

from hub.store.give_way import MANY, PAUSE_SECONDS, SAMPLE_SECONDS, GiveWay


def test_many_records_make_a_pause_until_they_are_fewer() -> None:
    stored, clock = [0], [100.0]
    give_way = GiveWay(lambda: stored[0], lambda: clock[0])

    def after(records: int, seconds: float) -> float:
        stored[0] += records
        clock[0] += seconds
        return give_way()

    assert after(0, 0.0) == 0
    assert after(int(MANY), SAMPLE_SECONDS / 2) == 0, "too short a time to tell"
    assert after(int(MANY), SAMPLE_SECONDS) == PAUSE_SECONDS
    assert after(0, SAMPLE_SECONDS / 2) == PAUSE_SECONDS
    assert after(int(MANY / 2), 1.0) == 0
    assert after(int(MANY * 2), 10.0) == 0
