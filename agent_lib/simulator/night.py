"""The simulated gate at night: low exposure, the noise of a small sensor, some blur, and headlights.

Noise is in part coloured and in blotches, as the noise reduction of cheap cameras leaves it, and differs in every
frame. A number can be read from several frames, but often not from one.
"""

from __future__ import annotations

import cv2
import numpy as np

from agent_lib.runtime.arrays import Array, Image, Points

FRAMES_A_SECOND = 8
STANDING_FRAMES = 10
"""Pictures of a vehicle that stands, each with its own noise; shown in turn."""

EXPOSURE = (0.09, 0.14)
"""Of the frame's brightness, drawn for each seed."""
_BRIGHT = 190.0
"""A frame's brightest part (98th percentile) before the exposure: the light of the seed may be dim already."""
NOISE = (12.0, 16.0)
"""Standard deviation of a pixel's noise, in grey levels; drawn for each seed."""
_BLUR = (1.3, 1.8)
_BLOTCHES, _BLOTCH_PIXELS = 0.35, 6
_TINT = (1.0, 0.92, 0.88)
_BAND = 64
"""Rows that are computed at a time, so that a picture takes little memory."""
_LAMP_LEVEL, _BEAM_LEVEL = 255.0, 34.0
_LAMP_SPREAD, _LAMP_RADIUS = 1.7, 0.16


class Night:
    """Makes pictures of a night. The same seed gives the same light, and the same sequence of noise."""

    def __init__(self, seed: int, exposure: float | None = None, noise: float | None = None) -> None:
        """`exposure` and `noise`: instead of those drawn from EXPOSURE and NOISE."""
        self._rng = np.random.default_rng([seed, 31])
        drawn = float(self._rng.uniform(*EXPOSURE)), float(self._rng.uniform(*NOISE))
        self._exposure = drawn[0] if exposure is None else exposure
        self._noise = drawn[1] if noise is None else noise
        self._blur = float(self._rng.uniform(*_BLUR))

    def seen(self, frame: Image, plate: Points | None = None) -> Image:
        """A new picture of a BGR uint8 frame by night. `plate`: corners (4, 2) of the licence plate, in pixels, beside
        which the headlights are; None: there is no vehicle.
        """
        bright = max(40.0, float(np.percentile(frame[::8, ::8], 98)))
        gain = np.array(_TINT, np.float32) * np.float32(self._exposure * max(1.0, _BRIGHT / bright))
        height, width = frame.shape[:2]
        picture = cv2.GaussianBlur(frame, (0, 0), self._blur)
        light = None if plate is None else _headlights((height, width), plate)
        small = (height // _BLOTCH_PIXELS + 1, width // _BLOTCH_PIXELS + 1, 3)
        blotches = self._rng.standard_normal(small, np.float32) * np.float32(self._noise * _BLOTCHES)
        for top in range(0, height, _BAND):
            rows = picture[top : top + _BAND]
            dark = rows * gain
            if light is not None:
                dark += light[top : top + _BAND, :, None]
            dark += self._rng.standard_normal(rows.shape, np.float32) * np.float32(self._noise)
            dark += _enlarged(blotches, (height, width), top, len(rows))
            dark += 0.5
            picture[top : top + _BAND] = np.clip(dark, 0, 255, out=dark)
        return picture


def _enlarged(small: Array, size: tuple[int, int], top: int, rows: int) -> Array:
    """Some rows of `small` enlarged to `size` (height, width): (rows, width, 3) float32."""
    scale = small.shape[0] / size[0], small.shape[1] / size[1]
    x = (np.arange(size[1], dtype=np.float32) + 0.5) * np.float32(scale[1]) - 0.5
    y = (np.arange(top, top + rows, dtype=np.float32) + 0.5) * np.float32(scale[0]) - 0.5
    across, down = np.meshgrid(x, y)
    return cv2.remap(small, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _headlights(shape: tuple[int, ...], plate: Points) -> Array:
    """Light that two headlights add, (height, width) float32."""
    height, width = shape
    scale = 8
    glow = np.zeros((height // scale + 1, width // scale + 1), np.float32)
    wide = float(np.ptp(plate[:, 0]))
    middle = plate.mean(axis=0)
    for side in (-1, 1):
        place = (middle + np.array((side * wide * _LAMP_SPREAD, -wide * 0.2))) / scale
        centre = (round(float(place[0])), round(float(place[1])))
        cv2.circle(glow, centre, max(1, round(wide * _LAMP_RADIUS / scale)), _LAMP_LEVEL, -1)
    halo = cv2.GaussianBlur(glow, (0, 0), max(1.0, wide * 0.35 / scale)) * np.float32(_BEAM_LEVEL / 16)
    return np.asarray(cv2.resize(glow + halo, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
