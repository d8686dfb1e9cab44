"""Bound of what anybody could read by night: `python bench/label_bound.py [--seed N] [--scenes N] [--frames N]`.

An observer knows everything of a scene of `label_scenes.py`'s extreme level but one digit of its label: the place, the
typeface, where each corner lies, light, blur, motion, how strong the noise is and how the picture is compressed. For
each of the five places it draws the scene with each other digit, and compares how probable the frames are. A reader has
to find all of that out of the same frames, so it reads less. Printed: in how many scenes the right number is the most
probable one, in how many it is so with a probability of 0.99 and 0.999, and how many could be reported so that one of
5,000 scenes is wrong; before JPEG from all colours, and as sent, from the luminance (what colours tell after JPEG is
left out; that the other digits are known is more than anybody knows). About four seconds for each frame.
"""

from __future__ import annotations

import argparse
import copy
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from label_night import Camera, grain  # noqa: E402
from label_pose import FRAME, paste  # noqa: E402
from label_scenes import gate_by_night, label_by_night, moments, number_by_night  # noqa: E402

DIGITS = "0123456789"
BLOCK = 8
LUMINANCE = np.array([0.114, 0.587, 0.299], np.float32)
"""Share of blue, green and red in a picture's brightness, as JPEG has it (JFIF)."""
QUANTISED = np.array(
    """
    16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
    18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99
    """.split(),
    np.float64,
).reshape(BLOCK, BLOCK)
"""Steps of the brightness at quality 50 (ITU-T T.81, table K.1)."""
ROUNDING = 0.1
"""Variance that rounding to whole grey levels adds to a coefficient."""
AROUND = 16
MOST_WRONG = 1 / 5000


@dataclass
class Seen:
    """One frame: what the label's part of it shows, and what it takes to draw the same with another number."""

    camera: Camera
    corners: np.ndarray
    rng: np.random.Generator
    noisy: np.ndarray


class Observer:
    """What is known of one scene, seen in `count` frames."""

    def __init__(self, seed: int, index: int, count: int) -> None:
        rng, self._empty, camera = gate_by_night(seed, "extreme", index)
        self.number, self._face = number_by_night(rng)
        self._index, self._before = index, copy.deepcopy(rng)
        sheet, corners, _, self._covers = label_by_night(rng, index, self.number, self._face)
        low = np.maximum(np.floor(corners.min(axis=0)) - AROUND, 0).astype(int) // BLOCK * BLOCK
        high = np.minimum(np.ceil(corners.max(axis=0)) + AROUND + BLOCK, FRAME).astype(int) // BLOCK * BLOCK
        self._part = slice(low[1], high[1]), slice(low[0], high[0])
        self._frames: list[Seen] = []
        for now, moved in moments(rng, camera, corners, count):
            then = copy.deepcopy(rng)
            noisy = now.noisy(self._sensed(sheet, now, moved, rng), rng)
            self._frames.append(Seen(now, moved, then, noisy[self._part]))

    def odds(self) -> np.ndarray:
        """Log likelihood ratios (45, 2) of the numbers with one other digit to the right one; before JPEG, as sent."""
        right = self._likelihood(self.number)
        others = [
            self.number[:place] + digit + self.number[place + 1 :]
            for place in range(len(self.number))
            for digit in DIGITS
            if digit != self.number[place]
        ]
        return np.array([self._likelihood(other) - right for other in others])

    def _sensed(self, sheet: np.ndarray, camera: Camera, corners: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        image = self._empty.copy()
        paste(image, sheet, corners, self._covers)
        return camera.on_sensor(image, rng)

    def _likelihood(self, number: str) -> np.ndarray:
        sheet = label_by_night(copy.deepcopy(self._before), self._index, number, self._face)[0]
        total = np.zeros(2)
        for seen in self._frames:
            clean = self._sensed(sheet, seen.camera, seen.corners, copy.deepcopy(seen.rng))
            total += _likelihood(seen.noisy, clean[self._part], seen.camera)
        return total


def _likelihood(noisy: np.ndarray, clean: np.ndarray, camera: Camera) -> np.ndarray:
    """Log probability of a noisy picture (BGR uint8, sides of whole blocks) where `clean` fell on the sensor: before
    JPEG, and of its brightness as sent.
    """
    mean, variance = (table[clean] for table in _clipped(camera.noise))
    shape = _shape(round(camera.blotch, 2))
    before = 0.0
    for colour in range(3):
        spread = _level(variance[..., colour]) * shape[colour]
        far = _blocks(noisy[..., colour].astype(np.float64)) - _blocks(mean[..., colour])
        before += float((-(far**2) / (2 * spread) - np.log(spread) / 2).sum())
    steps = _steps(camera.quality)
    sent = np.round(_blocks(noisy @ LUMINANCE - 128.0) / steps) * steps
    spread = np.sqrt(_level(variance @ LUMINANCE**2) / float((LUMINANCE**2).sum()) * shape[3] + ROUNDING)
    centre = _blocks(mean @ LUMINANCE - 128.0)
    return np.array([before, _between((sent - steps / 2 - centre) / spread, (sent + steps / 2 - centre) / spread)])


def _between(low: np.ndarray, high: np.ndarray) -> float:
    """Sum of the log probabilities of standard normal numbers between `low` and `high`."""
    turned = low > 0
    low, high = np.where(turned, -high, low), np.where(turned, -low, high)
    under_low, under_high = (torch.special.log_ndtr(torch.from_numpy(side)) for side in (low, high))
    part = torch.log1p(-torch.exp(torch.clamp(under_low - under_high, max=-1e-12)))
    return float((under_high + part).sum())


def _blocks(picture: np.ndarray) -> np.ndarray:
    """The cosine transform of each block of a picture: (blocks, 8, 8)."""
    tall, wide = (side // BLOCK for side in picture.shape)
    blocks = picture.reshape(tall, BLOCK, wide, BLOCK).transpose(0, 2, 1, 3)
    return _cosines() @ blocks.reshape(-1, BLOCK, BLOCK) @ _cosines().T


def _level(variance: np.ndarray) -> np.ndarray:
    """Mean of each block: (blocks, 1, 1)."""
    tall, wide = (side // BLOCK for side in variance.shape)
    return variance.reshape(tall, BLOCK, wide, BLOCK).mean(axis=(1, 3)).reshape(-1, 1, 1)


@lru_cache(maxsize=1)
def _cosines() -> np.ndarray:
    places = np.arange(BLOCK)
    waves = np.cos((2 * places[None] + 1) * places[:, None] * np.pi / (2 * BLOCK)) / 2
    waves[0] /= np.sqrt(2)
    return waves


@lru_cache(maxsize=128)
def _shape(blotch: float) -> np.ndarray:
    """Variances (4, 8, 8) of the coefficients of noise of standard deviation 1: blue, green, red, brightness."""
    noise = grain(1.0, blotch, np.random.default_rng(5))
    colours = [noise[..., colour] for colour in range(3)] + [noise @ LUMINANCE]
    return np.array([(_blocks(each.astype(np.float64)) ** 2).mean(axis=0) for each in colours])


@lru_cache(maxsize=16)
def _clipped(sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (256) of what a sensor with this noise makes of each grey level, whole and within 0..255."""
    sent, clean = np.arange(256)[None], np.arange(256)[:, None]
    low = np.where(sent == 0, -1e9, (sent - 0.5 - clean) / sigma)
    high = np.where(sent == 255, 1e9, (sent + 0.5 - clean) / sigma)
    chance = (torch.special.ndtr(torch.from_numpy(high)) - torch.special.ndtr(torch.from_numpy(low))).numpy()
    mean = (chance * sent).sum(axis=1)
    return mean, (chance * sent**2).sum(axis=1) - mean**2


def _steps(quality: int) -> np.ndarray:
    """Steps of the brightness' coefficients at a JPEG quality, as libjpeg scales them."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return np.clip(np.floor((QUANTISED * scale + 50) / 100), 1, 255)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="which scenes (default 1)")
    parser.add_argument("--scenes", type=int, default=60, help="how many (default 60)")
    parser.add_argument("--frames", type=int, default=1, help="frames of each (default 1)")
    given = parser.parse_args()
    if given.seed < 0 or given.scenes < 1 or given.frames < 1:
        parser.error("--seed is at least 0, --scenes and --frames at least 1")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    highest, doubt = [], []
    for index in range(given.scenes):
        odds = Observer(given.seed, index, given.frames).odds()
        highest.append(odds.max(axis=0))
        rest = np.exp(np.minimum(odds, 50.0)).sum(axis=0)
        doubt.append(rest / (1 + rest))
        print(f"{index + 1} of {given.scenes} scenes", file=sys.stderr, flush=True)
    print(f"{'':12} {'right':>7} {'0.99':>7} {'0.999':>7} {'1 wrong in 5,000':>17}")
    for name, most, doubts in zip(("before JPEG", "as sent"), np.transpose(highest), np.transpose(doubt), strict=True):
        wrong = np.cumsum(np.sort(doubts)) / len(doubts)
        shares = [(most < 0).mean(), (doubts <= 0.01).mean(), (doubts <= 0.001).mean(), (wrong <= MOST_WRONG).mean()]
        print(f"{name:12} {shares[0]:>7.1%} {shares[1]:>7.1%} {shares[2]:>7.1%} {shares[3]:>17.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
