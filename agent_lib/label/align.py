"""Lay one frame's picture of a label over another's, and tell whether both show the same.

The shift is where the label's own part of one frame is most similar to the other frame (normalised cross-correlation,
refined by a parabola). A correlation of phases would count every frequency alike, and in a dark frame most of them are
noise.
"""

from __future__ import annotations

import cv2
import numpy as np

from agent_lib.runtime.arrays import Array, Image

# Comparison of two frames: smoothed by this sigma (pixels), which keeps the strokes of digits and takes most of the
# noise; the largest shift (pixels, each way) that is still the same view; the least correlation; and how far from the
# spread of the noise the strongest differences may be. Equal frames give about 4, another number 8 and more.
SMOOTH = 1.5
MOST_SHIFT = 12
ALIKE = 0.5
STRONGEST = 7.0
# The part of a picture that is compared has at most so many pixels a side.
LARGEST = 512
# Pixels around that part that are needed to smooth and to shift it.
AROUND = MOST_SHIFT + 8
GREY_LEVEL = 1.0

Part = tuple[slice, slice]
"""Rows and columns."""


def aligned(reference: Image, picture: Image, label: Part | None = None) -> Image | None:
    """`picture` moved (to a fraction of a pixel) so that it lies over `reference`; None if it shows something else.

    Both are grey and of the same shape. `label` is where the label lies in `reference`; only that part is compared,
    since what is behind a label need not move with it. By default it is all but the border.
    """
    rows, columns = label or (slice(0, reference.shape[0]), slice(0, reference.shape[1]))
    rows, columns = _core(rows, reference.shape[0]), _core(columns, reference.shape[1])
    # Only what is compared is smoothed: a whole frame of floats takes four times its memory.
    top, left = max(0, rows.start - AROUND), max(0, columns.start - AROUND)
    around = slice(top, rows.stop + AROUND), slice(left, columns.stop + AROUND)
    base = cv2.GaussianBlur(reference[around], (0, 0), SMOOTH).astype(np.float32)
    other = cv2.GaussianBlur(picture[around], (0, 0), SMOOTH).astype(np.float32)
    part = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
    x, y = _shift(base, other, part)
    if not alike(base[part], _moved(other, x, y)[part]):
        # The shift of a frame full of noise may be wrong: a camera that stands still has none.
        x = y = 0.0
        if not alike(base[part], other[part]):
            return None
    return _moved(picture, x, y)


def alike(first: Array, second: Array) -> bool:
    """Whether two smoothed pictures (float32) differ by noise alone."""
    a, b = first - first.mean(), second - second.mean()
    strength = float(np.sqrt((a * a).sum() * (b * b).sum()))
    if strength <= 0 or float((a * b).sum()) / strength < ALIKE:
        return False
    # Brighter parts have more noise, and an exposure that changes is no other label: compare with the same gain.
    gain = float((a * b).sum()) / max(1e-6, float((b * b).sum()))
    rest = np.abs(a - gain * b)
    spread = max(GREY_LEVEL, float(np.median(rest)) * 1.4826)
    # Regions, not pixels: a stroke of a digit is many pixels, an edge that lies a quarter of a pixel off is few.
    regions = cv2.blur(rest, (5, 5))
    return float(np.percentile(regions, 99.8)) < STRONGEST * spread


def _shift(base: Array, other: Array, part: Part) -> tuple[float, float]:
    """How far (x, y) what lies at `part` of one picture has moved in the other, in pixels."""
    (rows, columns), (height, width) = part, other.shape
    top, left = max(0, rows.start - MOST_SHIFT), max(0, columns.start - MOST_SHIFT)
    field = other[top : min(height, rows.stop + MOST_SHIFT), left : min(width, columns.stop + MOST_SHIFT)]
    scores = cv2.matchTemplate(field, base[part], cv2.TM_CCOEFF_NORMED)
    y, x = np.unravel_index(int(scores.argmax()), scores.shape)
    return (
        float(x) + _peak(scores[y], int(x)) - (columns.start - left),
        float(y) + _peak(scores[:, x], int(y)) - (rows.start - top),
    )


def _peak(scores: Array, place: int) -> float:
    """How far beside its highest value a curve's peak lies, by the parabola through three values: -0.5..0.5."""
    if not 0 < place < len(scores) - 1:
        return 0.0
    before, at, after = (float(v) for v in scores[place - 1 : place + 2])
    bend = before - 2 * at + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < -1e-9 else 0.0


def _core(span: slice, length: int) -> slice:
    """A span within 0..length, clear of the ends that a shift would take away, and at most LARGEST long."""
    room = min(MOST_SHIFT // 2, length // 8)
    start, stop = max(room, span.start), min(length - room, span.stop)
    cut = max(0, stop - start - LARGEST)
    return slice(start + cut // 2, stop - (cut - cut // 2))


def _moved(picture: Array, x: float, y: float) -> Array:
    if x == 0 and y == 0:
        return picture
    matrix = np.array([(1, 0, x), (0, 1, y)], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, picture.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
