"""Several frames of one capture as one: aligned and averaged where the label is, then read.

Noise differs from frame to frame, the label does not: the mean of five frames has less than half the noise of one. Only
frames of the same view are averaged. A frame that shows something else where the label is (another vehicle, another
number) starts a new set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from agent_lib.label.align import GREY_LEVEL, MOST_SHIFT, Part, aligned
from agent_lib.label.reading import FrameReader, LabelReading
from agent_lib.label.vote import LabelVote, Verdict
from agent_lib.ocr import Texts
from agent_lib.runtime.arrays import Array, Image, Points

MOST_FRAMES = 6
"""Frames that are kept, the newest: grey, at most LARGEST_PIXELS each."""
LARGEST_PIXELS = 4_200_000
SMALLEST_SIDE = 160
# Room around the label, in its widths: the finder needs the background beside the board.
ROOM = 0.5
_BAND = 128
ENOUGH = 3
"""Frames of which the mean is less doubtful than one frame that is read with the same confidence."""
MEAN_ODDS = 1.5
"""By how much: the factor of its odds."""
MOST_PLACES = 3
"""Places of which the mean is read where no frame shows a label surely."""
SAME_SIZE = 0.25
"""How much two frames' boards may differ in size, as a share of it, to be the same."""


@dataclass
class _Witness:
    """A frame (grey), its own reading and its weight in the mean: the inverse of the noise's variance."""

    grey: Image
    reading: LabelReading
    weight: float


class Witnesses:
    """The frames of one capture, and what they show together. Not thread-safe.

    The label is looked for in their mean. Where only one of them shows it, the others and the mean are read there,
    too: noise hides a border sooner than digits that one knows where to look for. Where none shows it surely, it is
    looked for in the mean at each place where several of them may show one.
    """

    def __init__(self, reader: FrameReader) -> None:
        self._reader = reader
        self._kept: list[_Witness] = []
        self._beside: tuple[Texts, ...] = ()

    @property
    def beside(self) -> tuple[Texts, ...]:
        """The likely texts of those kept frames in which no label was found, read where the others show it."""
        return self._beside

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, image: Image, reading: LabelReading) -> LabelReading | None:
        """Add a frame (uint8, grey or BGR) and its own reading; the reading of all alike frames so far.

        None: there is only one such frame, the frame is the one before it once more, or it cannot be used (too small or
        too large). Corners are in pixels of the reference, which is the frame in which the label was found best. Raises
        what the reader raises.
        """
        if image.dtype != np.uint8 or min(image.shape[:2]) < SMALLEST_SIDE:
            return None
        if image.shape[0] * image.shape[1] > LARGEST_PIXELS:
            return None
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if self._kept and self._kept[0].grey.shape != grey.shape:
            self._kept.clear()
        if self._kept and np.array_equal(self._kept[-1].grey, grey):
            return None
        self._kept.append(_Witness(grey, reading, 1.0 / max(1.0, noise(grey)) ** 2))
        del self._kept[:-MOST_FRAMES]
        self._beside = ()
        return self._together() if len(self._kept) > 1 else None

    def _together(self) -> LabelReading | None:
        reference = max(self._kept, key=lambda one: (one.reading.found, not one.reading.weak, one.reading.score))
        places = [] if reference.reading.found else self._likely()
        if places:
            read = [self._at(corners) for corners in places]
            best, self._beside = max(read, key=lambda one: (one[0].found, not one[0].weak, one[0].score))
            return best
        box = _box(reference.reading.corners, reference.grey.shape)
        alike = _alike(self._kept, reference, box, reference.reading.corners)
        if len(alike) < 2 or all(one is not self._kept[-1] for one, _ in alike):
            # Something else is there now: the frames before it say nothing about it.
            del self._kept[:-1]
            return None
        reading, self._beside = self._read_all(alike, reference.reading, box)
        return reading

    def _likely(self) -> list[Points]:
        """Where the newest frame and others may show a label that none of them shows surely: the corners in it."""
        newest, *others = (one.reading.likely for one in reversed(self._kept))
        seen = [sum(any(_same_place(corners, each) for each in other) for other in others) for corners in newest]
        order = sorted((i for i in range(len(newest)) if seen[i]), key=lambda i: -seen[i])
        return [newest[i] for i in order[:MOST_PLACES]]

    def _at(self, corners: Points) -> tuple[LabelReading, tuple[Texts, ...]]:
        """`_read_all` around a place in the newest frame."""
        newest = self._kept[-1]
        box = _box(corners, newest.grey.shape)
        alike = _alike(self._kept, newest, box, corners)
        return self._read_all(alike, LabelReading(), box) if len(alike) > 1 else (LabelReading(), ())

    def _read_all(
        self, alike: list[tuple[_Witness, Image]], place: LabelReading, box: tuple[int, int, int, int]
    ) -> tuple[LabelReading, tuple[Texts, ...]]:
        """The reading of the mean of aligned pictures, which are cut out by `box`, and the likely texts of those in
        which no label was found, read where it is; `place` is that of the reference.
        """
        place = _within(place, box)
        mean = average([picture for _, picture in alike], [one.weight for one, _ in alike])
        reading = self._reader.read(mean)
        if not reading.found and place.found:
            reading = self._reader.read_at(mean, place)
        elif reading.found and not place.found:
            place = reading
        beside: tuple[Texts, ...] = ()
        if place.found:
            unfound = [picture for one, picture in alike if not one.reading.found]
            beside = tuple(self._reader.read_at(picture, place).alternatives for picture in unfound)
        if len(alike) >= ENOUGH:
            reading.confidence = less_doubtful(reading.confidence)
        for each in [reading, *reading.others]:
            if each.corners is not None:
                each.corners = each.corners + np.array(box[:2], np.float32)
        return reading, beside


def less_doubtful(confidence: float) -> float:
    """The confidence of a reading of the mean of ENOUGH frames, given the one that it would have of a single frame."""
    odds = confidence / max(1e-9, 1.0 - confidence) * MEAN_ODDS
    return odds / (1.0 + odds)


def read_frames(frames: Sequence[Image], reader: FrameReader, digits: int = 5) -> LabelReading:
    """The reading of several frames of one view, in the order of capture: what a capture makes of them.

    `number` is empty unless the vote of a capture decides for one; `confidence` is that of the reading that decided.
    Raises ValueError without frames, and what the reader raises.
    """
    if not len(frames):
        raise ValueError("Give at least one frame.")
    vote: LabelVote[int] = LabelVote(digits)
    witnesses = Witnesses(reader)
    best = LabelReading()
    for place, frame in enumerate(frames):
        reading = reader.read(frame)
        verdict = vote.add(reading, place)
        if verdict is None:
            mean = witnesses.add(frame, reading)
            verdict = vote.add_mean(mean, place, witnesses.beside)
            reading = mean if mean is not None and mean.found else reading
        if verdict is not None:
            return _decided(verdict)
        best = max(best, reading, key=lambda one: (one.found, one.confidence))
    verdict = vote.conclude()
    if verdict is not None:
        return _decided(verdict)
    best.number = ""
    return best


def _decided(verdict: Verdict[int]) -> LabelReading:
    """The reading that decided, with the number of the vote: no single frame may have reported one."""
    return replace(verdict.reading, number=verdict.number, reason="")


def noise(grey: Image) -> float:
    """Standard deviation of a grey frame's noise, in grey levels, from the differences of diagonal neighbours."""
    some = grey[::3, ::3].astype(np.int16)[:, :-1]
    beside = grey[1::3, 1::3].astype(np.int16)
    height, width = min(some.shape[0], beside.shape[0]), min(some.shape[1], beside.shape[1])
    spread = np.abs(some[:height, :width] - beside[:height, :width]).mean()
    return float(spread) * 1.2533 / 1.4142


def average(parts: list[Image], weights: list[float]) -> Image:
    """The weighted mean of aligned grey pictures, without the values that lie far from the median of each pixel."""
    shares = np.array(weights, np.float32) / sum(weights)
    spread = float(np.median(cv2.absdiff(parts[0][::2, ::2], parts[-1][::2, ::2])))
    far = 6.0 * max(GREY_LEVEL, spread)
    mean = np.empty(parts[0].shape, np.uint8)
    for top in range(0, len(mean), _BAND):
        mean[top : top + _BAND] = _band([part[top : top + _BAND] for part in parts], shares, far)
    return mean


def _band(parts: list[Image], shares: Array, far: float) -> Image:
    """`average` of some rows, so that little memory is needed at a time."""
    stack = np.stack(parts)
    middle = np.sort(stack, axis=0)[len(parts) // 2]
    # The median itself counts a little, so that a pixel on which no two frames agree has a value.
    total, weight = middle * np.float32(1e-3), np.full(middle.shape, 1e-3, np.float32)
    for part, share in zip(parts, shares, strict=True):
        near = (cv2.absdiff(part, middle) <= far) * share
        total += part * near
        weight += near
    return np.asarray(np.clip(total / weight + 0.5, 0, 255), np.uint8)


def _alike(
    kept: list[_Witness], reference: _Witness, box: tuple[int, int, int, int], corners: Points | None
) -> list[tuple[_Witness, Image]]:
    """The frames that show the same as the reference, and what they show, cut out by `box` and laid over it."""
    view, label = _part(reference.grey, box), _inside(corners, box)
    found = []
    for one in kept:
        part = _part(one.grey, box)
        moved = part if one is reference else aligned(view, part, label)
        if moved is not None:
            found.append((one, moved))
    return found


def _same_place(first: Points, second: Points) -> bool:
    """Whether boards with these corners may be one, which a hand moved a little from one frame to another."""
    size = np.ptp(first, axis=0)
    moved = np.abs(first.mean(axis=0) - second.mean(axis=0)).max()
    return bool(moved <= MOST_SHIFT and np.abs(np.ptp(second, axis=0) - size).max() <= SAME_SIZE * size.max())


def _box(corners: Points | None, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 around a label with room, or the whole frame where none was found."""
    height, width = shape[:2]
    if corners is None:
        return 0, 0, width, height
    room = ROOM * float(np.ptp(corners[:, 0])) + 24
    x0, y0 = np.floor(corners.min(axis=0) - room).astype(int)
    x1, y1 = np.ceil(corners.max(axis=0) + room).astype(int)
    x0, y0, x1, y1 = max(0, int(x0)), max(0, int(y0)), min(width, int(x1)), min(height, int(y1))
    return (x0, y0, x1, y1) if min(x1 - x0, y1 - y0) >= 48 else (0, 0, width, height)


def _within(reading: LabelReading, box: tuple[int, int, int, int]) -> LabelReading:
    """A frame's reading with its corners in the pixels of the part that `box` cuts out."""
    if reading.corners is None:
        return reading
    return replace(reading, corners=reading.corners - np.array(box[:2], np.float32))


def _inside(corners: Points | None, box: tuple[int, int, int, int]) -> Part | None:
    """Where a label lies in the picture that `box` cuts out."""
    if corners is None:
        return None
    x0, y0, x1, y1 = box
    low = np.floor(np.maximum(corners.min(axis=0) - (x0, y0), 0)).astype(int)
    high = np.ceil(np.minimum(corners.max(axis=0) - (x0, y0), (x1 - x0, y1 - y0))).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _part(grey: Image, box: tuple[int, int, int, int]) -> Image:
    x0, y0, x1, y1 = box
    return grey[y0:y1, x0:x1]
