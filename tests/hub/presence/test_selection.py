"""Which detected vehicle counts, and the pace of examined pictures."""

from __future__ import annotations

import pytest

from hub.presence.pace import Pace
from hub.presence.selection import select_vehicle
from hub.settings.presence import VehicleWatch


def result(*found: tuple[list[float], float]) -> dict:
    rows = [{"box": box, "kind": "car", "confidence": confidence} for box, confidence in found]
    return {"width": 1000, "height": 500, "vehicles": rows}


def test_the_most_confident_one_counts() -> None:
    watch = VehicleWatch(camera="a")
    assert select_vehicle(result(), watch) is None
    found = select_vehicle(result(([0, 0, 500, 500], 0.4), ([500, 0, 900, 400], 0.8)), watch)
    assert found is not None and (found.box, found.confidence) == ((500, 0, 900, 400), 0.8)
    assert (found.kind, found.width, found.height) == ("car", 1000, 500)


@pytest.mark.parametrize(
    ("settings", "box", "counts"),
    [
        ({}, [0, 0, 80, 60], True),
        ({}, [0, 0, 79, 60], False),
        ({"min_size": 0.5}, [100, 0, 599, 400], False),
        ({"min_size": 0}, [100, 0, 101, 400], True),
        ({"min_confidence": 0.6}, [0, 0, 500, 500], False),
        ({"region": [0.5, 0.0, 1.0, 1.0]}, [0, 0, 999, 500], False),  # its centre is left of the region
        ({"region": [0.5, 0.0, 1.0, 1.0]}, [2, 0, 1000, 500], True),
        ({"region": [0.0, 0.6, 1.0, 1.0]}, [0, 0, 500, 500], False),
        ({"region": [0.0, 0.0, 1.0, 0.4]}, [0, 0, 500, 500], False),
    ],
)
def test_region_size_and_confidence(settings: dict, box: list[float], counts: bool) -> None:
    found = select_vehicle(result((box, 0.5)), VehicleWatch(camera="a", **settings))
    assert (found is not None) is counts


def test_turns_are_evenly_spaced_and_never_more_than_the_limit() -> None:
    clock, turns = [100.0], []
    pace = Pace(4, now=lambda: clock[0], sleep=lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    for pause in (0, 0, 0, 2.0, 0, 0.1):
        clock[0] += pause
        pace.wait()
        turns.append(clock[0])
    assert turns == [100.0, 100.25, 100.5, 102.5, 102.75, 103.0]
