"""The task "vehicles": drawn cars."""

from __future__ import annotations

import pytest

from hub.vision.objects.interfaces import Box
from hub.vision.objects.suppression import merge_kinds
from hub.vision.objects.vehicles import VehicleFinder
from tests.support.people import RED, frame, jpeg
from tests.support.vehicles import car, car_box


@pytest.mark.parametrize("length", [160, 300, 420])
def test_a_car_is_found_once_where_it_stands(length):
    reply = VehicleFinder(min_confidence=0.43).look(jpeg(car(length=length)), {"max_megapixels": 25})
    assert (reply["width"], reply["height"]) == (640, 480)
    (vehicle,) = reply["vehicles"]
    assert vehicle["kind"] in ("car", "vehicle") and vehicle["confidence"] > 0.5
    assert vehicle["box"] == pytest.approx(car_box(length=length), abs=0.12 * length)


def test_the_limit_of_the_request_counts():
    assert VehicleFinder().look(jpeg(car()), {"min_confidence": 0.99})["vehicles"] == []


def test_a_street_without_a_vehicle_has_none():
    assert VehicleFinder().look(jpeg(frame([RED])), {})["vehicles"] == []


def test_what_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="Failed to decode frame"):
        VehicleFinder().look(b"no picture", {})


def test_a_car_that_is_a_vehicle_as_well_is_one_box():
    both = [Box(0, 0, 100, 50, 0.4, "vehicle"), Box(2, 0, 100, 52, 0.7, "car"), Box(200, 0, 300, 50, 0.5, "vehicle")]
    assert [(box.kind, box.confidence) for box in merge_kinds(both)] == [("car", 0.7), ("vehicle", 0.5)]
