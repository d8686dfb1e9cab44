"""Small, blurred and dark tags, pictures without a tag, and a camera's pictures one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from hub.apriltag.detection import WatchedCamera
from hub.settings.apriltag import TagDetection
from hub.vision.apriltag import small_tags
from hub.vision.apriltag.detector import AprilTagDetector
from tests.support.helpers import wait_for
from tests.support.tag_pictures import View, turned
from tests.support.tag_scenes import TAGS, Cell, scene, without_tags

SMALL = View([(41, 10.0, turned(15, 20, 10), np.array([20.0, 10.0, 500.0]))], blur=0.5)
"""12 pixels wide: a cell is one and a half."""


def ids(grey: np.ndarray, detector: AprilTagDetector | None = None) -> list[int]:
    return [tag["tag_id"] for tag in (detector or AprilTagDetector()).tags(grey)]


@pytest.mark.parametrize("cell", [Cell(10, 0.4, 8), Cell(12, 0.4, 4, 0.3), Cell(16, 1, 8), Cell(24, 1.5, 2)], ids=str)
def test_tags_that_cannot_be_read_bit_by_bit(cell: Cell) -> None:
    grey, truth = scene(cell, 1)
    found = ids(grey)
    assert set(found) <= set(truth) and len(found) == len(set(found))
    assert len(found) >= 0.85 * TAGS


@pytest.mark.parametrize("seed", range(8))
def test_pictures_without_a_tag(seed: int) -> None:
    """Noise, textures, checkerboards, QR codes, other markers, text, squares and grids."""
    assert ids(without_tags(seed)) == []


def test_the_distance_of_a_small_tag() -> None:
    (tag,) = AprilTagDetector(tag_size_cm=10.0, **SMALL.lens).tags(SMALL.grey())
    assert tag["tag_id"] == 41
    assert tag["range_cm"] == pytest.approx(np.linalg.norm(SMALL.tags[0][3]), rel=0.05)


def test_a_small_tag_is_followed_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    detector, grey = AprilTagDetector(), SMALL.grey()
    assert ids(grey, detector) == [41]
    monkeypatch.setattr(small_tags, "candidates", lambda grey: np.empty((0, 4, 2)))
    for _ in range(3):
        grey = np.roll(grey, (1, -1), axis=(0, 1))
        assert ids(grey, detector) == [41]


def test_a_small_tag_that_comes_later_is_found_by_a_later_search() -> None:
    detector = AprilTagDetector()
    assert ids(View([]).grey(), detector) == []
    wait_for(lambda: ids(SMALL.grey(), detector) == [41], what="a search of the camera's pictures")


def test_a_tag_is_reported_once_it_was_in_enough_pictures_in_a_row() -> None:
    camera = WatchedCamera(TagDetection(camera="gate-1", confirm_pictures=2))
    ghost, tag = {"tag_id": 3}, {"tag_id": 7}
    pictures: list[list[dict]] = [[tag, ghost], [tag, tag], [tag], [], [tag, ghost]]
    assert [camera.confirm(one) for one in pictures] == [[], [tag, tag], [tag], [], []]
    assert WatchedCamera(TagDetection(camera="gate-1")).confirm([tag]) == [tag]
