"""The tables of `bench/tag_detection.py`: small, blurred and dark tags, photographs, and pictures without a tag.

Beside our detector stands the AprilTag project's library, if `pupil-apriltags` is installed (requirements-dev.txt).
It searches at full size (quad_decimate 1); everything else is as it comes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from apriltag import Row

from hub.vision.apriltag.detector import AprilTagDetector
from tests.support.tag_scenes import TAGS, Cell, scene, without_tags

SIDES = (8, 10, 12, 14, 16, 20, 24, 30)
BLURS = (0.4, 1.0, 1.5)
LIGHTS = ((2.0, 1.0), (8.0, 1.0), (4.0, 0.3))
"""Noise in grey levels, and share of full light."""

CELLS = [Cell(side, blur, noise, light) for side in SIDES for blur in BLURS for noise, light in LIGHTS]

Ids = Callable[[np.ndarray], list[int]]


def ours(grey: np.ndarray) -> list[int]:
    """The first look of a camera, which always includes the search for small tags."""
    return [tag["tag_id"] for tag in AprilTagDetector().tags(grey)]


def reference() -> Ids | None:
    """The ids that the AprilTag project's library finds; None where it is not installed."""
    library = located_reference()
    return None if library is None else lambda grey: [tag_id for tag_id, _ in library(grey)]


class Timed:
    """A detector with the CPU time of each picture, in milliseconds."""

    def __init__(self, detect: Ids) -> None:
        self._detect = detect
        self.times: list[float] = []

    def __call__(self, grey: np.ndarray) -> list[int]:
        began = time.process_time()
        found = self._detect(grey)
        self.times.append((time.process_time() - began) * 1000)
        return found


def table(seeds: Iterable[int], pictures: int, one: Ids, other: Ids | None) -> Iterator[Row]:
    """Print the worst seed of each cell, and yield in how many cells the reference finds more over all seeds."""
    seeds, behind, wrong = list(seeds), 0, 0
    total = pictures * TAGS
    print(f"tags found of {total}, worst of {len(seeds)} seeds, with the mean in brackets")
    print(f"{'':<40} {'ours':>12} {'reference':>12}")
    for cell in CELLS:
        counts: dict[str, list[int]] = {"ours": [], "reference": []}
        for seed in seeds:
            found = {"ours": 0, "reference": 0}
            for number in range(pictures):
                grey, truth = scene(cell, seed * 1000 + number)
                for name, detect in (("ours", one), ("reference", other)):
                    ids = detect(grey) if detect is not None else []
                    found[name] += len(set(ids) & set(truth))
                    wrong += len([1 for tag_id in ids if tag_id not in truth]) if name == "ours" else 0
            for name, count in found.items():
                counts[name].append(count)
        less = sum(counts["ours"]) < sum(counts["reference"])
        behind += less
        texts = [f"{min(each)} ({np.mean(each):.1f})" for each in counts.values()]
        print(f"{cell.name:<40} {texts[0]:>12} {texts[1] if other else '-':>12}{'   less' if less else ''}", flush=True)
    if other is not None:
        yield Row("cells in which the reference finds more tags", behind, "cells", 0, True)
    yield Row("wrong ids in pictures with tags", wrong, "", 0, True)


def empty(seed: int, count: int, one: Ids, other: Ids | None) -> Iterator[Row]:
    """False tags in pictures without any."""
    false = {"ours": 0, "reference": 0}
    for number in range(count):
        grey = without_tags(seed * 100_000 + number)
        for name, detect in (("ours", one), ("reference", other)):
            false[name] += len(detect(grey)) if detect is not None else 0
    if other is not None:
        print(f"the reference finds {false['reference']} tags in {count} pictures without one")
    yield Row(f"tags found in {count} pictures without one", false["ours"], "", 0, True)


class Located(AprilTagDetector):
    """Our detector, with the centre (x, y) of each tag."""

    def locate(self, grey: np.ndarray) -> list[tuple[int, np.ndarray]]:
        self.centres: list[tuple[int, np.ndarray]] = []
        self.tags(grey)
        return self.centres

    def _tag(self, tag_id: int, quad: np.ndarray, margin: float) -> dict[str, Any]:
        self.centres.append((tag_id, quad.mean(axis=0)))
        return super()._tag(tag_id, quad, margin)


def photographs(folder: Path) -> Iterator[Row]:
    """The AprilTag project's test photographs: each NAME.jpg with lines `id, (x y), (x y), (x y), (x y)` in NAME.txt.

    Not every tag in them is listed, so further ones are printed, and only other ids are false.
    """
    library = located_reference()
    for path in sorted(folder.glob("*.jpg")):
        grey, listed = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), []
        for line in path.with_suffix(".txt").read_text("utf-8").splitlines():
            if numbers := re.findall(r"[\d.]+", line):
                listed.append((int(numbers[0]), np.array(numbers[1:], float).reshape(4, 2)))
        found = {"ours": Located().locate(grey), "reference": library(grey) if library else []}
        right = {name: sum(_is_in(tag, centres) for tag in listed) for name, centres in found.items()}
        strange = {tag_id for tag_id, _ in found["ours"]} - {tag_id for tag_id, _ in listed}
        counts = ", ".join(f"{name} {right[name]} and {len(found[name]) - right[name]} more" for name in found)
        print(f"{path.name}: {len(listed)} listed tags, {counts}")
        yield Row(f"{path.name}: listed tags found", right["ours"], "", right["reference"], False)
        yield Row(f"{path.name}: ids that are not there", len(strange), "", 0, True)


def _is_in(tag: tuple[int, np.ndarray], found: list[tuple[int, np.ndarray]]) -> bool:
    """True when a tag of that id was found within a quarter of its diagonal."""
    tag_id, corners = tag
    reach, centre = np.linalg.norm(corners[2] - corners[0]) / 4, corners.mean(axis=0)
    return any(tag_id == other and np.linalg.norm(where - centre) < reach for other, where in found)


def located_reference() -> Callable[[np.ndarray], list[tuple[int, np.ndarray]]] | None:
    """The AprilTag project's library with the centre of each tag; None where it is not installed."""
    try:
        from pupil_apriltags import Detector
    except ImportError:
        return None
    detector = Detector(families="tag36h11", quad_decimate=1.0)
    return lambda grey: [(tag.tag_id, tag.center) for tag in detector.detect(np.ascontiguousarray(grey))]


def far(seed: int, seeds: int, pictures: int, without: int, folder: Path | None) -> Iterator[Row]:
    """All tables; the figures that have a limit as rows."""
    library = reference()
    if library is None:
        print("pupil-apriltags is not installed (requirements-dev.txt), so there is nothing to compare with.")
    one, other = Timed(ours), Timed(library) if library is not None else None
    one(without_tags(1))  # templates are computed once
    one.times.clear()
    yield from table(range(seed, seed + seeds), pictures, one, other)
    for name, each in (("ours with a search", one), ("reference", other)):
        if each is not None:
            print(f"CPU time of a picture with {TAGS} tags, {name}: median {np.median(each.times):.1f} ms")
    yield from empty(seed, without, one, other)
    if folder is not None:
        yield from photographs(folder)
