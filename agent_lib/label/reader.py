"""Find, rectify and read the weighbridge label in a camera frame."""

from __future__ import annotations

import cv2
import numpy as np

from agent_lib.label.code import LabelCode
from agent_lib.label.code_file import load_label_code
from agent_lib.label.finder import FoundLabel, LabelFinder
from agent_lib.label.reading import UNCERTAIN, UNREADABLE, LabelReading
from agent_lib.ocr import EngineSettings, OcrError, make_reader
from agent_lib.runtime.arrays import Image
from agent_lib.runtime.network import NetworkError

# Bounds of the rectified picture's width, which is about that of the label in the frame.
NARROWEST, WIDEST = 480, 1191
# The strip of digits in board units: around the panel's middle, clear of the marks at its border.
STRIP_HALF_HEIGHT = 128
STRIP_INSET = 88
LARGEST_PIXELS = 64_000_000
# Further labels are counted but not read, to bound the time spent on one frame.
MAX_READ = 4


class LabelError(ValueError):
    """The image cannot be processed; the message says why."""


class LabelReader:
    """Finds and reads labels. Thread-safe.

    Creating one limits OpenCV to one thread for the process: an agent has about as many cameras as cores, and frames
    in parallel are faster than one frame spread over all cores. The edge code is `code`, or the file named by
    `ocr.label_code`, or the default one. Raises ocr.OcrError if the engine is unavailable and LabelCodeError if the
    code file cannot be used.
    """

    def __init__(self, ocr: EngineSettings, target_digits: int = 5, code: LabelCode | None = None) -> None:
        cv2.setNumThreads(1)
        try:
            self._finder = LabelFinder(code or load_label_code(getattr(ocr, "label_code", "")))
        except NetworkError as error:
            raise OcrError(f"{error} Install the agent again: the file is part of it.") from error
        self._reader = make_reader(ocr, target_digits)

    def read(self, image: Image) -> LabelReading:
        """Find and read the labels in one BGR or grey uint8 frame. Raises LabelError if it is not such an image."""
        image = checked(image)
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        labels, likely = self._finder.search(grey)
        if not labels:
            return LabelReading(engine=self._reader.name, likely=likely)
        best, *others = [self._read(image, label) for label in labels[:MAX_READ]]
        best.labels, best.others = len(labels), others
        return best

    def read_at(self, image: Image, place: LabelReading) -> LabelReading:
        """Read the label where another picture of the same view shows it: a weak reading, since this one need not.

        `image` as for `read`; `place` is a reading with corners. Raises LabelError if the image cannot be processed or
        nothing was found at `place`.
        """
        if place.corners is None:
            raise LabelError("There is no place to read at: no label was found in the other picture.")
        return self._read(checked(image), self._finder.placed(place.corners, place.score))

    def _read(self, image: Image, label: FoundLabel) -> LabelReading:
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
            alternatives=digits.alternatives,
        )


def checked(image: Image) -> Image:
    """The image, grey or BGR, if it can be processed. Raises LabelError with the reason."""
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


def rectify(image: Image, label: FoundLabel, code: LabelCode) -> Image:
    """The label seen head-on, (height, width, 3) BGR, warped from the full frame."""
    top = np.linalg.norm(label.corners[1] - label.corners[0])
    bottom = np.linalg.norm(label.corners[2] - label.corners[3])
    width = int(np.clip(round(max(float(top), float(bottom))), NARROWEST, WIDEST))
    scale = width / code.width
    size = (width, round(code.height * scale))
    # Board units count from pixel borders, pixel coordinates from pixel centres.
    to_board = np.array([(1 / scale, 0, 0.5 / scale), (0, 1 / scale, 0.5 / scale), (0, 0, 1)])
    picture = cv2.warpPerspective(
        image,
        label.matrix @ to_board,
        size,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture


def digit_strip(picture: Image, code: LabelCode) -> Image:
    """The part of a rectified label that contains its digits."""
    scale = picture.shape[1] / code.width
    x0, y0, x1, y1 = code.panel
    middle = (y0 + y1) / 2
    top, bottom = round((middle - STRIP_HALF_HEIGHT) * scale), round((middle + STRIP_HALF_HEIGHT) * scale)
    return picture[max(0, top) : bottom, round((x0 + STRIP_INSET) * scale) : round((x1 - STRIP_INSET) * scale)]
