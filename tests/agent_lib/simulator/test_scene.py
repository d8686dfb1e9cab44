"""The simulated gate's pictures: the same for the same seed, and what the position says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent_lib.simulator.scene import Scene, empty_gate


def _changed(a, b) -> float:
    """Share of the picture that differs by more than sensor noise."""
    return float((cv2.absdiff(a, b).max(axis=2) > 60).mean())


@pytest.mark.parametrize("kind", ["primary", "secondary"])
def test_a_frame_is_a_full_hd_picture(kind):
    frame = Scene(3, 1, "01234", kind).frame(1.0)
    assert frame.shape == (1080, 1920, 3)
    assert frame.dtype == np.uint8
    assert frame.std() > 15


def test_the_same_seed_gives_the_same_pictures():
    frame = Scene(5, 9, "01234").frame(0.7)
    assert np.array_equal(frame, Scene(5, 9, "01234").frame(0.7))
    assert not np.array_equal(frame, Scene(5, 10, "01234").frame(0.7))
    assert not np.array_equal(frame, Scene(6, 9, "01234").frame(0.7))
    assert np.array_equal(empty_gate(5), empty_gate(5))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["primary", "secondary"])
def test_the_vehicle_arrives_stands_and_leaves(kind):
    gate = empty_gate(8, kind)
    scene = Scene(8, 4, "55555", kind)
    shares = [_changed(gate, scene.frame(p)) for p in (0.0, 0.1, 0.4, 1.0, 1.6, 2.0)]
    assert shares[0] < 0.002, "nothing is in view at 0"
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] > 0.05
    assert shares[3] > 0.12
    assert shares[4] < shares[3]
    assert shares[5] < 0.002, "it is gone at 2"
    assert np.array_equal(scene.frame(7), scene.frame(2)), "a position beyond is the nearest one"


def test_a_caller_may_keep_and_change_a_frame():
    scene = Scene(2, 1, "00001")
    first = scene.frame(1.0)
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(scene.frame(1.0), kept)
    gate = empty_gate(2)
    gate[:] = 0
    assert empty_gate(2).any()


@pytest.mark.slow
@pytest.mark.parametrize("position", [0.5, 0.8, 1.0])
def test_the_label_is_in_view_and_light_on_dark(position):
    for index in range(4):
        scene = Scene(20 + index, index, "43210")
        corners = scene.label_corners(position)
        assert corners.min() >= 0
        assert corners[:, 0].max() < 1920
        assert corners[:, 1].max() < 1080
        assert np.linalg.norm(corners[1] - corners[0]) > 110
        middle = corners.mean(axis=0)
        grey = cv2.cvtColor(scene.frame(position), cv2.COLOR_BGR2GRAY)
        panel = np.mean([grey[tuple(np.int32(middle + (c - middle) * 0.6)[::-1])] for c in corners])
        frame = np.mean([grey[tuple(np.int32(middle + (c - middle) * 0.96)[::-1])] for c in corners])
        assert panel > frame + 25


def test_the_secondary_camera_sees_another_side():
    assert Scene(4, 2, "12121", "secondary").label_corners(1.0) is None
    assert _changed(Scene(4, 2, "12121").frame(1.0), Scene(4, 2, "12121", "secondary").frame(1.0)) > 0.1


def test_other_sizes():
    frame = Scene(3, 3, "98989", size=(960, 540)).frame(1.0)
    assert frame.shape == (540, 960, 3)
    whole = cv2.resize(Scene(3, 3, "98989").frame(1.0), (960, 540), interpolation=cv2.INTER_AREA)
    assert cv2.absdiff(frame, whole).mean() < 12
    assert empty_gate(3, "primary", (960, 540)).shape == (540, 960, 3)


def test_an_unknown_camera_is_refused():
    with pytest.raises(ValueError, match="primary, secondary"):
        Scene(1, 1, "1", "third")
    with pytest.raises(ValueError, match="primary, secondary"):
        empty_gate(1, "roof")
