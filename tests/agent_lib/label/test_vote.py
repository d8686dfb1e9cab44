"""Label vote of one capture: what is reported at once, what needs a second frame, and what is not reported."""

from __future__ import annotations

import threading
import time
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from agent_lib.label.reading import LabelReading
from agent_lib.label.vote import MOST_KEPT, LabelVote
from agent_lib.settings import CaptureSettings
from agent_lib.station.capture import CaptureCycle
from tests.support.station import QuietReader


def seen(text: str, confidence: float, weak: bool = False, **more) -> LabelReading:
    """A reading as `LabelReader` gives it."""
    number = text if confidence >= 0.9 and not weak and len(text) == 5 and text.isdigit() else ""
    fields = {
        "found": True,
        "number": number,
        "raw_text": text,
        "confidence": confidence,
        "weak": weak,
        "reason": "" if number else "Label unreadable",
        "picture": None,
    }
    return LabelReading(**{**fields, **more})


def votes(*readings: tuple) -> tuple[list[str], str]:
    """What each reading led to ("" for nothing yet), up to the first verdict, and what is concluded at the end."""
    vote, said = LabelVote(5), []
    for reading in readings:
        verdict = vote.add(seen(*reading), None)
        said.append(verdict.number if verdict else "")
        if verdict:
            return said, verdict.number
    end = vote.conclude()
    return said, end.number if end else ""


@pytest.mark.parametrize(
    ("readings", "said", "end"),
    [
        ([("01001", 0.98)], ["01001"], "01001"),
        ([("01001", 0.9)], [""], "01001"),
        ([("01001", 0.89)], [""], ""),
        ([("01001", 0.95), ("01001", 0.95)], ["", "01001"], "01001"),
        ([("01001", 0.8)] * 4, ["", "", "", "01001"], "01001"),
        ([("01001", 0.6)] * 10, [""] * 10, ""),
        ([("01001", 0.95), ("07001", 0.95), ("01001", 0.95)], ["", "", ""], ""),
        ([("07001", 0.5), ("01001", 0.97)], ["", ""], ""),
        ([("07001", 0.2), ("01001", 0.98)], ["", "01001"], "01001"),
        ([("07001", 0.95), ("01001", 0.999)], ["", ""], ""),
        ([("07001", 0.5), ("01001", 0.999)], ["", "01001"], "01001"),
        ([("0?001", 0.99), ("0001", 0.99), ("", 0.0)], ["", "", ""], ""),
    ],
)
def test_votes(readings, said, end):
    assert votes(*readings) == (said, end)


def doubtful(*texts: tuple[str, float], weak: bool = False) -> LabelReading:
    """A reading with its likely texts, the likeliest first."""
    return seen(texts[0][0], 0.6 * texts[0][1], weak, alternatives=texts)


def together(*readings: LabelReading) -> str:
    """What is concluded of doubtful frames that are each seen once."""
    vote = LabelVote(5)
    found = [vote.add(reading, place) for place, reading in enumerate(readings)]
    end = next((verdict for verdict in found if verdict), None) or vote.conclude()
    return end.number if end else ""


RIGHT = ("80263", 0.5)
DOUBTS = [("80283", 0.3), ("86263", 0.3), ("80268", 0.3), ("00263", 0.3), ("80203", 0.3)]


def test_frames_with_different_doubts_decide_together():
    readings = [doubtful(RIGHT, other) for other in DOUBTS]
    assert together(*readings) == "80263"
    assert together(*readings[:2]) == ""


def test_the_verdict_of_doubtful_frames_carries_how_sure_they_are_together():
    vote = LabelVote(5)
    readings = [doubtful(RIGHT, other) for other in DOUBTS]
    assert not any([vote.add(reading, place) for place, reading in enumerate(readings)])  # noqa: C419  all are added
    verdict = vote.conclude()
    assert verdict.number == verdict.reading.raw_text == "80263"
    assert 0.98 <= verdict.reading.confidence < 1


def test_the_same_picture_once_more_counts_nothing():
    same = doubtful(("80263", 0.6), ("80283", 0.2))
    assert together(*[same] * 10) == ""
    assert together(*[replace(same, confidence=0.85)] * 10) == ""
    others = [doubtful(("80263", 0.6 + 0.01 * place), ("80283", 0.1)) for place in range(10)]
    assert together(*others) == "80263"


@pytest.mark.parametrize(("places", "mean_weak", "number"), [(1, True, ""), (2, True, "80263"), (1, False, "80263")])
def test_what_was_found_in_one_picture_only_is_not_read_in_all_of_them(places, mean_weak, number):
    vote = LabelVote(5)
    texts = [(RIGHT, other) for other in DOUBTS]
    for place in range(places):
        vote.add(doubtful(*texts[place]), place)
    beside = texts[places:]
    mean = doubtful(("80263", 0.8), weak=mean_weak)
    assert vote.add_mean(mean, 4, beside) is None
    verdict = vote.conclude()
    assert (verdict.number if verdict else "") == number


class Frame:
    """A picture, to which there are weak references."""


def test_few_frames_are_kept_and_the_right_one_is_found_among_them():
    vote: LabelVote[Frame] = LabelVote(5)
    frames = []
    for number in range(12):
        frame = Frame()
        frames.append(weakref.ref(frame))
        hopeless = doubtful((f"{number:05d}", 0.3), RIGHT)
        vote.add(hopeless if number % 2 else doubtful(RIGHT, DOUBTS[number % 5]), frame)
        del frame
    assert 0 < sum(frame() is not None for frame in frames) <= MOST_KEPT
    verdict = vote.conclude()
    assert verdict.number == "80263"
    assert verdict.frame in [frame() for frame in frames[::2]]


@pytest.mark.parametrize(
    "readings",
    [
        [doubtful(("80263", 0.5), ("80283", 0.45))] * 10,  # the same doubt in every frame
        [doubtful(("80?63", 0.6), ("80263", 0.3))] * 10,  # a digit that nobody can read
        [doubtful(other, ("80263", 0.3)) for other in DOUBTS],
        [doubtful(("80263", 0.6)), *[doubtful(("17455", 0.6))] * 2] * 3,  # two labels
        [doubtful(RIGHT, other, weak=True) for other in DOUBTS],  # perhaps no label at all
        [doubtful(("8026", 0.5), other) for other in DOUBTS],
        [doubtful(("80263", 0.02)), doubtful(("80264", 0.02))],
        [*[doubtful(RIGHT, other) for other in DOUBTS[:2]], seen("17455", 0.9)],  # one frame says something else
        [*[doubtful(("19691", 0.85), ("19694", 0.1))] * 4, doubtful(("19691", 0.8), ("1969?", 0.12))],  # half a digit
        [doubtful(("98823", 0.7), ("96823", 0.2)), doubtful(("96823", 0.5), ("06823", 0.5)), doubtful(("98823", 0.7))],
        [],
    ],
    ids=[
        "same doubt",
        "unreadable",
        "likeliest nowhere",
        "two labels",
        "weak",
        "too short",
        "hardly likely",
        "contradicted",
        "taped",
        "divided",
        "nothing",
    ],
)
def test_doubtful_frames_that_decide_nothing(readings):
    assert together(*readings) == ""


def test_a_label_found_weakly_needs_a_second_frame_that_agrees():
    assert votes(("01001", 0.9999, True)) == ([""], "")
    assert votes(("01001", 0.9999, True), ("01001", 0.99, True)) == (["", "01001"], "01001")
    assert votes(("01001", 0.95, True), ("01001", 0.95)) == (["", "01001"], "01001")
    assert votes(("01001", 0.9999, True), ("07001", 0.9999, True)) == (["", ""], "")


def test_the_verdict_carries_the_surest_reading_and_its_frame():
    vote = LabelVote(5)
    assert vote.add(seen("01001", 0.95), "first") is None
    verdict = vote.add(seen("01001", 0.91), "second")
    assert (verdict.number, verdict.frame, verdict.reading.confidence) == ("01001", "first", 0.95)


class Frames:
    """A camera whose frames are at hand, each newer than the one before; counts what was taken."""

    error = ""

    def __init__(self) -> None:
        self.taken = 0

    def wait_newer(self, mono: float, _timeout: float):
        self.taken += 1
        image = np.full((4, 4, 3), self.taken, np.uint8)
        return SimpleNamespace(
            mono=mono + 0.001, image=lambda: image, jpeg=lambda number=self.taken: b"frame %d" % number
        )

    def status(self):
        return {"fps": 1000.0}


class Says:
    """A label reader that gives the readings it was made with, in turn."""

    def __init__(self, *readings) -> None:
        self._readings = list(readings)

    def read(self, _image):
        return self._readings.pop(0)

    def read_at(self, _image, place):
        return place


def capture(*readings, attempts: int | None = None):
    frames = Frames()
    settings = CaptureSettings(max_attempts=attempts or len(readings), retry_interval_seconds=0)
    cycle = CaptureCycle(settings, frames, None, Says(*readings), QuietReader(), threading.Event())
    return cycle.run(time.monotonic()), frames


def test_a_sure_reading_ends_the_capture_at_once():
    outcome, frames = capture(seen("01001", 0.999), attempts=10)
    assert (outcome.success, outcome.number, outcome.attempts, frames.taken) == (True, "01001", 1, 1)
    assert outcome.errors == []


def test_two_frames_that_agree_end_it_with_the_surer_ones_picture():
    outcome, frames = capture(seen("", 0.0), seen("01001", 0.95), seen("01001", 0.92), attempts=10)
    assert (outcome.success, outcome.number, outcome.raw_text, outcome.attempts, outcome.message) == (
        True,
        "01001",
        "01001",
        3,
        "Successfully detected label",
    )
    assert outcome.pictures["primary"] == b"frame 2"


def test_a_number_read_well_enough_is_reported_when_no_frame_says_more():
    outcome, _ = capture(seen("01001", 0.93), seen("", 0.0), seen("", 0.0))
    assert (outcome.success, outcome.number, outcome.attempts, outcome.errors) == (True, "01001", 3, [])
    assert outcome.pictures["primary"] == b"frame 1"


def test_frames_that_disagree_give_no_number():
    outcome, _ = capture(seen("01001", 0.95), seen("07001", 0.95))
    assert (outcome.success, outcome.number, outcome.message) == (False, "", "Max attempts reached (2)")
    assert outcome.errors == [
        "Max attempts reached (2)",
        "Label detection failed: Read 01001, not surely enough to report it from one picture (attempt 1)",
        "Label detection failed: Read 07001, not surely enough to report it from one picture (attempt 2)",
    ]
