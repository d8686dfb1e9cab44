"""The bound of what can be read by night looks at the bench's own scenes, and knows what is clear and what is not."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "bench"))

import label_bound  # noqa: E402
import label_night  # noqa: E402
import label_scenes  # noqa: E402

pytestmark = pytest.mark.slow


def test_the_observer_looks_at_the_scene_that_readers_see():
    observer = label_bound.Observer(536, 1, 2)
    for seen, one in zip(observer._frames, label_scenes.frames(536, 1, 2), strict=True):
        assert observer.number == one.number
        assert np.array_equal(seen.corners, one.corners)
        # JPEG alone lies between the two.
        sent = one.image[observer._part].astype(np.float64)
        assert np.corrcoef(seen.noisy.mean(axis=2).ravel(), sent.mean(axis=2).ravel())[0, 1] > 0.8


@pytest.mark.parametrize(("noise", "quality", "clear"), [(2.0, 95, True), (120.0, 95, False), (2.0, 1, None)])
def test_clear_digits_are_told_apart_and_drowned_ones_are_not(monkeypatch, noise, quality, clear):
    night = replace(
        label_night.NIGHT, exposure=(0.4, 0.5), noise=(noise, noise), blur=(0.3, 0.4), motion=(1, 1), drops=0.0
    )
    monkeypatch.setattr(label_night, "NIGHT", replace(night, quality=(quality, quality)))
    before, sent = label_bound.Observer(537, 0, 1).odds().T
    assert len(sent) == 45
    if clear is None:
        assert before.max() < -50 < sent.max()
    else:
        assert bool(sent.max() < -50) == clear
        assert bool(before.max() < -50) == clear


def test_a_coefficient_lies_within_its_bounds_as_often_as_a_normal_number_does():
    low, high = np.array([-1.0, 3.0, -40.0]), np.array([1.0, 4.0, 40.0])
    assert label_bound._between(low, high) == pytest.approx(np.log(0.682689) + np.log(0.00131823) + 0.0, abs=1e-4)


def test_steps_are_those_of_the_quality():
    assert label_bound._steps(50)[0, 0] == 16
    assert label_bound._steps(25)[0, 1] == 22
    assert label_bound._steps(100).max() == 1
