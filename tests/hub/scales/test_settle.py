"""When a weight is settled: once for each vehicle, by the indicator's own flag or by time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.scales.contract import Reading
from hub.scales.settle import EMPTY, MOVING, OVERLOAD, STEADY, Settling


def settled(rows: list[tuple[float, float | None, bool | None]], **changes: float) -> list[float]:
    """The weights that readings (seconds, kg, stable) settle."""
    settling = Settling(**{"min_kg": 200.0, "steady_kg": 20.0, "steady_seconds": 2.0, **changes})
    found = [settling.add(Reading(kg, stable, False, ""), at) for at, kg, stable in rows]
    return [kg for kg in found if kg is not None]


def test_the_stable_flag_is_respected() -> None:
    drive = [(0.0, 0.0, True), (0.1, 8000.0, False), (5.0, 12340.0, False), (5.1, 12340.0, True), (5.2, 12340.0, True)]
    assert settled(drive) == [12340]
    assert settled([*drive, (9.0, 7000.0, False), (9.1, 40.0, False), (9.2, 0.0, True)]) == [12340, 0]


def test_without_a_flag_it_has_to_stay_for_a_while() -> None:
    rows = [(second / 10, 12340.0 + second % 3 * 10, None) for second in range(19)]
    assert settled(rows) == []
    assert settled([*rows, (2.0, 12350.0, None)]) == [12350]
    assert settled([(0.0, 5000.0, None), (1.9, 5021.0, None), (3.8, 5021.0, None)]) == []
    drift = [(second / 10, 12340.0 + second * 5, None) for second in range(100)]
    assert settled(drift) == [], "a weight that creeps is not steady"


def test_each_vehicle_is_settled_once() -> None:
    stands = [(float(at), 12340.0 + at % 2 * 20, True) for at in range(100)]
    assert settled(stands) == [12340], "a weight that flickers by a division is the same"
    after = [(200.0, 0.0, True), (300.0, 12340.0, True)]
    assert settled(stands + after) == [12340, 0, 12340], "the same weight again is another vehicle"
    assert settled([*stands, (200.0, 20000.0, False), (201.0, 20000.0, True)]) == [12340, 20000], "bumper to bumper"


def test_empty_negative_and_overload() -> None:
    assert settled([(0.0, 0.0, True), (1.0, 199.0, True), (2.0, -500.0, True)]) == []
    assert settled([(0.0, 200.0, True)]) == [200]
    assert settled([(0.0, 0.0, True)], min_kg=0) == []
    assert settled([(0.0, 9000.0, True), (1.0, None, False), (2.0, 9000.0, True)]) == [9000]


def test_states_and_a_lost_indicator() -> None:
    settling = Settling(200, 20, 2)
    states = []
    for at, kg, stable in ((0, 0.0, None), (1, 500.0, None), (4, 500.0, None), (5, None, None), (6, 500.0, None)):
        settling.add(Reading(kg, stable, False, ""), at)
        states.append(settling.state)
    assert states == [EMPTY, MOVING, STEADY, OVERLOAD, MOVING]
    settling.pause()
    assert settling.add(Reading(500.0, None, False, ""), 60) is None and settling.state == MOVING
    assert settling.add(Reading(500.0, None, False, ""), 62.5) is None, "it stood there before"


@given(st.lists(st.tuples(st.floats(-50_000, 90_000), st.sampled_from([True, False, None])), max_size=60))
def test_weights_and_zeros_alternate_sensibly(readings: list[tuple[float, bool | None]]) -> None:
    found = settled([(number * 0.5, kg, stable) for number, (kg, stable) in enumerate(readings)])
    assert all(kg == 0 or kg >= 200 for kg in found)
    assert found[:1] != [0], "nothing was there yet"
    for before, after in zip(found, found[1:], strict=False):
        assert before != after and (before == 0 or after == 0 or abs(before - after) > 20)
