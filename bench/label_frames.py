"""Benchmark of reading several frames as one: `python bench/label_frames.py [--seeds N ...] [--vehicles N]`.

Renders vehicles of the simulated gate by night, each in five frames with different noise, reads the first one alone
and all five as a capture does, and prints per seed: read from one, read from five, wrong (another number was
reported), and the time of five. The exit status is 1 if a number was wrong. From a tag to the stored result:
`python bench/gate.py`, by night with AGENT_SIMULATE_NIGHT=1.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agent_lib.label import witnesses
from agent_lib.label.reader import LabelReader
from agent_lib.label.reading import LabelReading
from agent_lib.settings import OcrSettings
from agent_lib.simulator.night import Night
from agent_lib.simulator.scene import Scene

FRAMES = 5
JPEG_QUALITY = 88


@lru_cache(maxsize=1)
def _reader() -> LabelReader:
    return LabelReader(OcrSettings(engine="crnn"), 5)


def read_frames(frames: list[np.ndarray]) -> LabelReading:
    """The reading of several frames (BGR uint8) of one view, as a capture reads them."""
    return witnesses.read_frames(frames, _reader())


def night_frames(seed: int, index: int, number: str) -> list[np.ndarray]:
    """A vehicle that stands before the simulated gate's camera by night."""
    scene = Scene(seed, index, number)
    clean, plate, night = scene.frame(1.0), scene.plate_corners(1.0), Night(seed * 1000 + index)
    sent = [
        cv2.imencode(".jpg", night.seen(clean, plate), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
        for _ in range(FRAMES)
    ]
    return [cv2.imdecode(one, cv2.IMREAD_COLOR) for one in sent]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--vehicles", type=int, default=20)
    options = parser.parse_args()
    print(f"{'seed':>6} {'vehicles':>9} {'from one':>9} {'from five':>10} {'wrong':>6} {'median s':>9} {'worst s':>8}")
    any_wrong = 0
    for seed in options.seeds:
        one = five = wrong = 0
        times = []
        for index in range(options.vehicles):
            number = f"{np.random.default_rng([seed, index, 41]).integers(100_000):05d}"
            frames = night_frames(seed, index, number)
            alone = _reader().read(frames[0])
            began = time.perf_counter()
            together = read_frames(frames)
            times.append(time.perf_counter() - began)
            one += alone.number == number
            five += together.number == number
            wrong += any(each.number not in ("", number) for each in (alone, together))
        any_wrong += wrong
        print(
            f"{seed:>6} {options.vehicles:>9} {one:>9} {five:>10} {wrong:>6} "
            f"{np.median(times):>9.2f} {max(times):>8.2f}",
            flush=True,
        )
    return int(any_wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
