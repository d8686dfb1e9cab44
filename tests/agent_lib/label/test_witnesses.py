"""Frames of one capture as one: what is averaged, and what is never mixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest

from agent_lib.label.align import aligned
from agent_lib.label.reader import LabelError, LabelReader
from agent_lib.label.reading import LabelReading
from agent_lib.label.vote import LabelVote
from agent_lib.label.witnesses import MOST_FRAMES, Witnesses, average, less_doubtful, read_frames
from agent_lib.settings import OcrSettings
from agent_lib.simulator.night import Night
from agent_lib.simulator.scene import Scene

SEED = 3


@lru_cache(maxsize=1)
def reader() -> LabelReader:
    return LabelReader(OcrSettings(engine="crnn"), 5)


@lru_cache(maxsize=2)
def by_night(number: str, count: int) -> tuple[np.ndarray, ...]:
    """Frames of a night of the simulated gate, as JPEGs give them."""
    scene = Scene(SEED, 0, number)
    night = Night(SEED, exposure=DARK[0], noise=DARK[1])
    clean, plate = scene.frame(1.0), scene.plate_corners(1.0)
    frames = [cv2.imencode(".jpg", night.seen(clean, plate))[1] for _ in range(count)]
    return tuple(cv2.imdecode(frame, cv2.IMREAD_COLOR) for frame in frames)


DARK = (0.1, 14.0)


def seen(text: str, confidence: float) -> LabelReading:
    return LabelReading(found=True, raw_text=text, confidence=confidence)


class Says:
    """A label reader that says of every picture what it is told to, and finds nothing where another shows a label."""

    def __init__(self, read: Callable[[np.ndarray], LabelReading]) -> None:
        self.read = read

    def read_at(self, image: np.ndarray, place: LabelReading) -> LabelReading:
        raise AssertionError("no picture has a place to read at")


class Finds:
    """The real label reader, but for what it finds: the label in the first of some pictures alone."""

    def __init__(self) -> None:
        self._found = False

    def read(self, image: np.ndarray) -> LabelReading:
        if self._found:
            return LabelReading()
        self._found = True
        return reader().read(image)

    def read_at(self, image: np.ndarray, place: LabelReading) -> LabelReading:
        return reader().read_at(image, place)


def test_a_label_found_in_one_frame_is_read_there_in_all_of_them() -> None:
    frames, found = by_night("80352", 5), Finds()
    witnesses, vote = Witnesses(found), LabelVote[int](5)
    for place, frame in enumerate(frames):
        reading = found.read(frame)
        vote.add(reading, place)
        mean = witnesses.add(frame, reading)
        vote.add_mean(mean, place, witnesses.beside)
    assert mean is not None and mean.found and mean.weak and not mean.number
    assert (mean.raw_text, mean.corners.tolist()) == ("80352", reader().read(frames[0]).corners.tolist())
    assert len(witnesses.beside) == 4, "each of the other frames was read at that place"
    assert sum(texts[0][0] == "80352" for texts in witnesses.beside) >= 3
    assert vote.conclude() is None, "one frame alone does not make something a label in all of them"
    vote.add(reader().read(frames[1]), 1)
    verdict = vote.conclude()
    assert verdict is not None and verdict.number == "80352"


class Doubts:
    """The real label reader, but for whole frames, in which it finds no label and says where one may be."""

    def __init__(self, likely: Callable[[int], list[np.ndarray]]) -> None:
        self._likely, self.frames, self.parts = likely, 0, 0

    def read(self, image: np.ndarray) -> LabelReading:
        if image.shape[:2] != by_night("40718", 5)[0].shape[:2]:
            self.parts += 1
            return reader().read(image)
        self.frames += 1
        return LabelReading(likely=self._likely(self.frames - 1))

    def read_at(self, image: np.ndarray, place: LabelReading) -> LabelReading:
        return reader().read_at(image, place)


def test_a_label_that_no_frame_shows_surely_is_read_from_all_where_they_may_show_it() -> None:
    true = Scene(SEED, 0, "40718").label_corners(1.0)
    wall = np.float32([(200, 200), (400, 200), (400, 340), (200, 340)])
    doubts = Doubts(lambda frame: [wall + 90 * frame, np.float32(true + np.array((3, -2)) * (frame % 3))])
    together = read_frames(by_night("40718", 5), doubts)
    assert (together.number, together.reason) == ("40718", "")
    assert together.corners is not None
    assert np.abs(together.corners - true).max() < 6
    assert doubts.parts == doubts.frames - 1 >= 2, "what one frame alone may show is not looked at"


def test_the_texts_of_single_frames_are_those_of_the_place_that_is_read() -> None:
    places = [np.float32([(x, 100), (x + 120, 100), (x + 120, 180), (x, 180)]) for x in (60, 420)]
    unsure = LabelReading(likely=places)
    # What the first mean shows is the better label of two.
    means = [replace(seen(text, 0.5), score=score, alternatives=((text, 0.5),)) for text, score in TWO_LABELS]
    reader = Says(lambda _: means.pop(0))
    reader.read_at = lambda _, place: place
    rng = np.random.default_rng(3)
    shown = cv2.GaussianBlur(rng.integers(0, 256, (400, 600), np.uint8), (0, 0), 3)
    together = Witnesses(reader)
    together.add(shown, unsure)
    reading = together.add(cv2.add(shown, np.full_like(shown, 2)), unsure)
    assert reading is not None and reading.raw_text == "40718"
    assert together.beside == ((("40718", 0.5),),) * 2


TWO_LABELS = (("40718", 0.7), ("93265", 0.6))


def test_a_place_that_one_frame_alone_may_show_is_not_read() -> None:
    wall = np.float32([(200, 200), (400, 200), (400, 340), (200, 340)])
    doubts = Doubts(lambda frame: [wall + 90 * frame])
    assert not read_frames(by_night("40718", 5)[:3], doubts).found
    assert (doubts.frames, doubts.parts) == (5, 0), "three frames and two means of whole frames"


def test_the_mean_of_frames_is_less_doubtful_than_a_frame() -> None:
    assert less_doubtful(0.0) == 0.0
    assert less_doubtful(0.5) == pytest.approx(0.6)
    assert less_doubtful(0.75) == pytest.approx(9 / 11)
    assert 0.99999 < less_doubtful(0.99999) < less_doubtful(1.0) <= 1.0


def test_nothing_is_read_at_a_place_that_no_frame_shows() -> None:
    frames = by_night("40718", 3)
    assert read_frames(frames, Says(lambda _: LabelReading())).number == ""
    with pytest.raises(LabelError, match="no place to read at"):
        reader().read_at(frames[0], LabelReading())


def test_a_number_unsure_in_one_frame_is_read_from_five() -> None:
    frames = by_night("40718", 5)
    assert [reader().read(frame).number for frame in frames].count("40718") < 5
    assert read_frames(frames, reader()).number == "40718"


def test_a_number_that_no_frame_reports_alone_is_that_of_the_vote() -> None:
    frames = [np.full((200, 200), level, np.uint8) for level in range(5)]
    together = read_frames(frames, Says(lambda _: seen("01001", 0.89)))
    assert (together.number, together.raw_text, together.reason) == ("01001", "01001", "")
    assert together.found
    assert together.confidence == 0.89


def test_two_numbers_in_the_same_place_are_not_mixed() -> None:
    first, second = by_night("40718", 5)[:3], by_night("93265", 2)
    assert read_frames([*first, *second], reader()).number in ("", "40718", "93265")
    # Where the noise hides nothing, the frames of the other number are told apart.
    days = [cv2.cvtColor(Scene(SEED, 0, number).frame(1.0), cv2.COLOR_BGR2GRAY) for number in ("40718", "93265")]
    x, y = Scene(SEED, 0, "40718").label_corners(1.0).min(axis=0).astype(int) - 20
    parts = [day[y : y + 300, x : x + 400] for day in days]
    assert aligned(*parts) is None
    assert aligned(parts[0], parts[0]) is not None


def test_shifted_frames_are_aligned_and_others_begin_again() -> None:
    rng = np.random.default_rng(1)
    clean = cv2.GaussianBlur(rng.integers(0, 256, (300, 400), np.uint8), (0, 0), 4)
    clean = cv2.normalize(clean, np.empty_like(clean), 20, 220, cv2.NORM_MINMAX)
    moved = cv2.warpAffine(clean, np.float32([(1, 0, 1.5), (0, 1, -0.75)]), (400, 300), borderMode=cv2.BORDER_REPLICATE)
    back = aligned(clean, moved)
    assert back is not None
    assert np.abs(back.astype(int) - clean)[20:-20, 20:-20].mean() < np.abs(moved.astype(int) - clean).mean() / 4
    read: list[np.ndarray] = []
    witnesses = Witnesses(Says(lambda image: read.append(image) or LabelReading()))
    assert witnesses.add(clean, LabelReading()) is None
    assert witnesses.add(clean, LabelReading()) is None, "the same picture once more says nothing new"
    assert witnesses.add(moved, LabelReading()) is not None
    assert witnesses.add(clean[::-1, ::-1].copy(), LabelReading()) is None
    assert (len(read), len(witnesses)) == (1, 1)
    for place in range(MOST_FRAMES + 2):
        witnesses.add(cv2.add(clean, np.full_like(clean, place % 3)), LabelReading())
    assert len(witnesses) <= MOST_FRAMES


def test_the_mean_has_less_noise_and_no_outliers() -> None:
    rng = np.random.default_rng(2)
    frames = [np.clip(rng.normal(90, 9, (120, 200)), 0, 255).astype(np.uint8) for _ in range(5)]
    frames[1][40:60, 40:60] = 255
    mean = average(frames, [1.0] * 5).astype(float)
    assert mean.std() < 6
    assert mean[40:60, 40:60].max() < 130


@pytest.mark.parametrize(
    ("singles", "mean", "number"),
    [
        ([], ("01001", 0.98), "01001"),
        ([], ("01001", 0.97), ""),
        ([("07001", 0.6)], ("01001", 0.98), ""),
        ([("07001", 0.6)], ("01001", 0.9995), "01001"),
        ([("01001", 0.8)], ("01001", 0.9), ""),
        ([("01001", 0.95)], ("01001", 0.981), "01001"),
    ],
)
def test_the_mean_counts_once(singles: list[tuple[str, float]], mean: tuple[str, float], number: str) -> None:
    vote: LabelVote[int] = LabelVote(5)
    for single in singles:
        vote.add(seen(*single), 0)
    for _ in range(5):
        verdict = vote.add_mean(seen(*mean), 0)
    assert (verdict.number if verdict else "") == number


@pytest.mark.parametrize(
    ("singles", "mean", "number"),
    [
        ([("07001", 0.4)], ("01001", 0.97), "01001"),
        ([("07001", 0.75)], ("01001", 0.97), ""),
        ([("07001", 0.4)], ("01001", 0.89), ""),
        ([("07001", 0.4), ("01001", 0.97)], None, ""),
    ],
)
def test_doubtful_frames_do_not_stand_against_their_mean_at_the_end(
    singles: list[tuple[str, float]], mean: tuple[str, float] | None, number: str
) -> None:
    vote: LabelVote[int] = LabelVote(5)
    for single in singles:
        assert vote.add(seen(*single), 0) is None
    assert vote.add_mean(seen(*mean) if mean else None, 0) is None
    verdict = vote.conclude()
    assert (verdict.number if verdict else "") == number


def test_a_label_that_moves_before_what_stands_still_is_aligned_in_noise() -> None:
    rng = np.random.default_rng(5)
    behind = cv2.GaussianBlur(rng.integers(0, 90, (220, 300), np.uint8), (0, 0), 3)
    label = np.full((80, 120), 20, np.uint8)
    label[10:-10, 10:-10] = 150
    cv2.putText(label, "40718", (16, 52), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 20, 2, cv2.LINE_AA)

    def frame(x: int, y: int) -> np.ndarray:
        image = behind.copy()
        image[70 + y : 150 + y, 90 + x : 210 + x] = label
        return np.clip(cv2.GaussianBlur(image, (0, 0), 1) * 0.3 + rng.normal(0, 9, image.shape), 0, 255).astype(
            np.uint8
        )

    place = slice(70, 150), slice(90, 210)
    first = frame(0, 0)
    for x, y in ((9, -6), (-3, 7), (0, 0), (4, 4)):
        back = aligned(first, frame(x, y), place)
        assert back is not None
        near = [cv2.GaussianBlur(one, (0, 0), 1.5)[place].astype(float) for one in (back, frame(0, 0))]
        assert np.corrcoef(near[0].ravel(), near[1].ravel())[0, 1] > 0.93
