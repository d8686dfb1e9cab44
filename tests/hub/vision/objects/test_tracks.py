"""Tracks and distances, without pictures: boxes that move, vectors made for the purpose."""

from __future__ import annotations

import numpy as np
import pytest

from hub.vision.objects.interfaces import PERSON, Box
from hub.vision.objects.likeness import distances
from hub.vision.objects.tracks import MAX_MISSED, MAX_SAMPLES, Tracks


def box(x: float, y: float = 100, height: float = 100) -> Box:
    return Box(x, y, x + 0.4 * height, y + height, 0.9, PERSON)


def vectors(*numbers: int) -> np.ndarray:
    """Unit vectors along axes: as different as histograms can be."""
    return np.eye(8, dtype=np.float32)[list(numbers)]


def test_people_who_cross_keep_their_tracks_by_appearance():
    tracks = Tracks()
    names = [[], []]
    for step in range(21):
        left, right = box(100 + 10 * step), box(300 - 10 * step)
        found = tracks.update([left, right], vectors(0, 1))
        names[0].append(found[0].number)
        names[1].append(found[1].number)
    assert set(names[0]) == {1} and set(names[1]) == {2}


def test_a_person_who_was_hidden_is_found_where_the_walk_leads():
    tracks = Tracks()
    for step in range(5):
        tracks.update([box(100 + 20 * step)], vectors(0))
    for _ in range(MAX_MISSED - 1):
        tracks.update([], vectors())
    assert tracks.update([box(100 + 20 * (4 + MAX_MISSED))], vectors(0))[0].number == 1


def test_a_track_ends_and_a_new_one_begins():
    tracks = Tracks()
    tracks.update([box(100)], vectors(0))
    for _ in range(MAX_MISSED + 1):
        tracks.update([], vectors())
    assert tracks.current == []
    assert tracks.update([box(100)], vectors(0))[0].number == 2


@pytest.mark.parametrize("other", [box(600), box(100, height=230)])
def test_a_box_that_cannot_be_the_person_is_another_track(other):
    tracks = Tracks()
    tracks.update([box(100)], vectors(0))
    assert tracks.update([other], vectors(0))[0].number == 2


def test_a_box_of_another_appearance_is_another_track():
    tracks = Tracks()
    tracks.update([box(100)], vectors(0))
    assert tracks.update([box(100)], vectors(1))[0].number == 2


def test_vectors_of_people_who_overlap_do_not_count():
    tracks = Tracks()
    tracks.update([box(100), box(400)], vectors(0, 1))
    mixed = np.array([[0.8, 0.6, 0, 0, 0, 0, 0, 0]], np.float32)
    first = tracks.update([box(105), box(395)], np.concatenate([mixed, vectors(1)]))[0]
    assert first.averaged == 2 and first.mean[1] > 0
    before = first.mean.copy()
    tracks.update([box(110), box(112)], np.concatenate([mixed, vectors(1)]))
    assert first.averaged == 2
    np.testing.assert_array_equal(first.mean, before)


def test_a_long_track_keeps_few_samples_from_all_of_its_time():
    tracks = Tracks()
    angles = np.linspace(0, 1, 500)
    for angle in angles:
        vector = np.zeros((1, 8), np.float32)
        vector[0, :2] = np.cos(angle), np.sin(angle)
        track = tracks.update([box(100)], vector)[0]
    kept = [float(np.arctan2(sample[1], sample[0])) for sample in track.samples]
    assert MAX_SAMPLES / 2 <= len(kept) <= MAX_SAMPLES
    assert min(kept) < 0.1 and max(kept) > 0.9
    assert np.linalg.norm(track.mean) == pytest.approx(1, abs=1e-5)


def test_of_people_in_one_frame_only_the_nearest_stays_near():
    person = vectors(0)[0]
    alike = np.array([[0.9, 0.436, 0, 0, 0, 0, 0, 0], [0.95, 0, 0.312, 0, 0, 0, 0, 0]], np.float32)
    together = Tracks()
    both = together.update([box(100), box(400)], alike)
    near = distances(person, both, together.current, 0.5)
    alone = Tracks()
    only = alone.update([box(100)], alike[:1])
    (single,) = distances(person, only, alone.current, 0.5)
    assert near[1] == pytest.approx(0.5 * np.linalg.norm(alike[1] - person), abs=1e-4)
    assert single == pytest.approx(0.5 * np.linalg.norm(alike[0] - person), abs=1e-4)
    assert near[0] > single + 0.02


def test_a_track_that_began_after_another_ended_is_no_rival():
    person = vectors(0)[0]
    tracks = Tracks()
    tracks.update([box(100)], vectors(0))
    later = tracks.update([box(600)], vectors(1))
    assert len(tracks.current) == 2
    assert distances(person, later, tracks.current, 0.5) == [pytest.approx(0.5 * np.sqrt(2), abs=1e-4)]


def test_a_second_box_of_a_person_for_a_moment_is_no_rival_afterwards():
    person = vectors(0)[0]
    alike = np.array([[0.9, 0.436, 0, 0, 0, 0, 0, 0]], np.float32)
    tracks = Tracks()
    tracks.update([box(100)], vectors(0))
    double = tracks.update([box(100), box(130)], np.concatenate([vectors(0), alike]))[1]
    during = distances(person, [double], tracks.current, 0.5)[0]
    tracks.update([box(130)], alike)
    after = distances(person, [double], tracks.current, 0.5)[0]
    assert after == pytest.approx(0.5 * np.linalg.norm(alike[0] - person), abs=1e-3)
    assert during > after + 0.1


def test_the_same_person_has_distance_zero():
    tracks = Tracks()
    found = tracks.update([box(100)], vectors(3))
    assert distances(vectors(3)[0], found, tracks.current, 0.5) == [pytest.approx(0, abs=1e-6)]
