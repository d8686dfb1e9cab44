"""Find, rectify and read the weighbridge label in a camera frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from agent_lib.label.code import LabelCode, load_label_code
from agent_lib.label.finder import FoundLabel, LabelFinder
from agent_lib.ocr import make_reader

NOT_FOUND = "No label found"
UNREADABLE = "Label unreadable"
UNCERTAIN = "Label not certain"
# The rectified picture is about as wide as the label in the frame, within these bounds.
NARROWEST, WIDEST = 480, 1191
# The digits' strip in board units: around the panel's middle, clear of the marks at its edge.
STRIP_HALF_HEIGHT = 128
STRIP_INSET = 88
LARGEST_PIXELS = 64_000_000
# Of more labels than this the rest are counted but not read: one frame is worth a few readings.
MOST_READ = 4


class LabelError(ValueError):
    """The picture given is not one that can be looked at; the text says why."""


@dataclass
class LabelReading:
    """What was seen in one frame (wire/station.md "The label").

    `corners` is the outer board's TL, TR, BR, BL in frame pixels, (4, 2) float32; `picture` the
    rectified label, BGR; `score` (0..1) how well its edge code fits. `number` is "" unless one is
    reported; `raw_text` and `confidence` (0..1) say what the engine saw. `reason` is "" when a
    number is reported, else why not. A `weak` reading is of what may be something else: it reports no number
    and counts only where a second frame or reader agrees. `labels` is how many labels the frame shows; this is
    the best of them and `others` are the readings of the rest, best first; `message` says so.
    """

    found: bool = False
    number: str = ""
    raw_text: str = ""
    confidence: float = 0.0
    score: float = 0.0
    corners: np.ndarray | None = None
    picture: np.ndarray | None = field(default=None, repr=False)
    reason: str = NOT_FOUND
    engine: str = ""
    labels: int = 0
    weak: bool = False
    others: list[LabelReading] = field(default_factory=list, repr=False)

    @property
    def message(self) -> str:
        """One sentence for the operator when more than one label is in view, else ""."""
        if self.labels < 2:
            return ""
        numbers = ", ".join(one.number or "no number" for one in [self, *self.others])
        more = self.labels - 1 - len(self.others)
        rest = f" and {more} more" if more else ""
        return (
            f"{self.labels} labels are in view ({numbers}{rest}): the best seen one is taken. Keep one label in "
            "the camera's view."
        )


class LabelReader:
    """Finds and reads labels. One instance may serve several threads.

    Making one sets OpenCV to one thread for the process: a station's agent has about as many
    cameras as cores, and frames side by side beat one frame spread over all of them.
    The labels' edge code is `code`, or the file that
    `ocr.label_code` names, or the project's own. Raises ocr.OcrError where the engine cannot be had and LabelCodeError
    where the code file cannot be used.
    """

    def __init__(self, ocr, target_digits: int = 5, code: LabelCode | None = None):
        cv2.setNumThreads(1)
        self._finder = LabelFinder(code or load_label_code(getattr(ocr, "label_code", "")))
        self._reader = make_reader(ocr, target_digits)

    def read(self, image: np.ndarray) -> LabelReading:
        """Look at one BGR or grey uint8 frame. Raises LabelError where it is not such a picture."""
        image = checked(image)
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        labels = self._finder.find(grey)
        if not labels:
            return LabelReading(engine=self._reader.name)
        best, *others = [self._read(image, label) for label in labels[:MOST_READ]]
        best.labels, best.others = len(labels), others
        return best

    def _read(self, image: np.ndarray, label: FoundLabel) -> LabelReading:
        picture = rectify(image, label, self._finder.code)
        number, digits = self._reader.read(digit_strip(picture, self._finder.code))
        if label.weak:
            number = ""
        return LabelReading(
            found=True,
            number=number,
            raw_text=digits.text,
            confidence=digits.confidence,
            score=label.score,
            corners=label.corners,
            picture=picture,
            reason="" if number else UNCERTAIN if label.weak else UNREADABLE,
            engine=self._reader.name,
            labels=1,
            weak=label.weak,
        )


def checked(image: np.ndarray) -> np.ndarray:
    """The picture, grey or BGR, if it can be looked at. Raises LabelError with what is wrong."""
    if not isinstance(image, np.ndarray):
        raise LabelError(f"A frame is a numpy array, not {type(image).__name__}.")
    if image.dtype != np.uint8:
        raise LabelError(f"A frame has 8 bits per channel (uint8), not {image.dtype}: convert it first.")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim != 2 and (image.ndim != 3 or image.shape[2] != 3):
        raise LabelError(f"A frame is grey (height, width) or BGR (height, width, 3), not of shape {image.shape}.")
    height, width = image.shape[:2]
    if height == 0 or width == 0:
        raise LabelError("The frame is empty: it has no pixels.")
    if height * width > LARGEST_PIXELS or max(height, width) > 32000:
        raise LabelError(f"The frame of {width} x {height} pixels is too large: use at most 64 megapixels.")
    return image


def rectify(image: np.ndarray, label: FoundLabel, code: LabelCode) -> np.ndarray:
    """The label seen straight on, (height, width, 3) BGR, warped from the full frame."""
    top = np.linalg.norm(label.corners[1] - label.corners[0])
    bottom = np.linalg.norm(label.corners[2] - label.corners[3])
    width = int(np.clip(round(max(float(top), float(bottom))), NARROWEST, WIDEST))
    scale = width / code.width
    size = (width, round(code.height * scale))
    # Board units are measured at pixel borders, pixels at their centres.
    to_board = np.array([(1 / scale, 0, 0.5 / scale), (0, 1 / scale, 0.5 / scale), (0, 0, 1)])
    picture = cv2.warpPerspective(
        image,
        label.matrix @ to_board,
        size,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture


def digit_strip(picture: np.ndarray, code: LabelCode) -> np.ndarray:
    """The part of a rectified label where its digits are."""
    scale = picture.shape[1] / code.width
    x0, y0, x1, y1 = code.panel
    middle = (y0 + y1) / 2
    top, bottom = round((middle - STRIP_HALF_HEIGHT) * scale), round((middle + STRIP_HALF_HEIGHT) * scale)
    return picture[max(0, top) : bottom, round((x0 + STRIP_INSET) * scale) : round((x1 - STRIP_INSET) * scale)]
