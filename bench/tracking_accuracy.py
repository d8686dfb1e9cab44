"""Does a person who was cropped from one frame match later on, and nobody else? Part of bench/tracking.py.

Each reference picture is a crop with a margin of a tenth of the box, as an operator would cut it, sent to the task as a
JPEG. A new session then gets all later frames at some rate. A sighting is a box that the detector found around a person
whose box is known. A visit ends when a person is out of sight for three seconds; sightings after that are listed as
seen again. The limit is for all later sightings, those after an absence included.

The constants of hub/vision/objects/{tracks,likeness,stripes}.py were chosen on the video of tracking_boxes.json, so its
figures are those of the data they were fitted to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tracking_boxes import Boxes, boxes_of, read_frames
from tracking_row import Row

from hub.vision.objects import models
from hub.vision.objects.interfaces import PERSON, Box, Picture
from hub.vision.objects.people import MIN_CONFIDENCE, PeopleFinder
from hub.vision.objects.suppression import corners_of, drop_parts, iou

MIN_MATCHED, MAX_OTHERS = 92.0, 2.0
SAME_IOU = 0.4
MAX_IGNORED_IOU = 0.3
MARGIN = 0.1
AWAY_SECONDS = 3.0
MAX_PEOPLE = 10
LEAST_SIGHTINGS = 20
MAX_ALONE_IOU = 0.1
DISTANCE = 0.38
DISTANCES = (0.34, 0.36, 0.38, 0.40, 0.42)


@dataclass
class Figures:
    """Distances of one person's own later boxes, of those after an absence, and of other people's boxes."""

    own: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)


class Sightings:
    """What the detector and the encoder say of every frame, computed once: sessions differ in tracks only."""

    def __init__(self, frames: list[np.ndarray], boxes: Boxes, quality: int) -> None:
        self.detector, self.encoder = models.detector({}), models.encoder({})
        self.found: list[list[Box]] = []
        self.vectors: list[np.ndarray] = []
        self.names: list[dict[int, str]] = []
        for number, frame in enumerate(frames):
            encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
            found = self.detector.detect(picture, frozenset({PERSON}))
            self.found.append(drop_parts([box for box in found if box.confidence >= MIN_CONFIDENCE]))
            self.vectors.append(self.encoder.encode(picture, self.found[-1]))
            known = {name: each[number] for name, each in boxes.people.items() if number in each}
            self.names.append(assign(self.found[-1], known))


class Replay:
    """A detector and an encoder that return what was computed before, for the frame with this number."""

    def __init__(self, sightings: Sightings) -> None:
        self._sightings, self.number = sightings, 0
        self.name, self.size, self.scale = (
            sightings.encoder.name,
            sightings.encoder.size,
            sightings.encoder.scale,
        )

    def detect(self, picture: Picture, kinds: frozenset[str]) -> list[Box]:
        return self._sightings.found[self.number]

    def encode(self, picture: Picture, boxes: list[Box]) -> np.ndarray:
        return self._sightings.vectors[self.number]


def rows(video: Path, quality: int, references: int) -> Iterator[Row]:
    """Measure; the table of all people at every rate, and the detector's recall and precision."""
    frames, fps = read_frames(video)
    boxes = boxes_of(video, frames, fps)
    sightings = Sightings(frames, boxes, quality)
    yield from detector_rows(sightings, boxes)
    chosen = reference_frames(sightings, boxes, references)
    print(f"{len(chosen)} people, {sum(map(len, chosen.values()))} reference pictures, JPEG quality {quality}")
    for step in (1, 2, 6):
        figures, single = defaultdict(Figures), []
        for name, numbers in chosen.items():
            for number in numbers:
                one = follow(sightings, frames, boxes, name, number, step, fps, quality)
                for part in ("own", "again", "others"):
                    getattr(figures[name], part).extend(getattr(one, part))
                single.append(one)
        yield from match_rows(figures, single, fps / step, boxes.by_hand)


def detector_rows(sightings: Sightings, boxes: Boxes) -> Iterator[Row]:
    """Recall and precision of the detector in the frames in which everybody's box is known."""
    found = right = known = 0
    for number, everybody in boxes.complete.items():
        detected = sightings.found[number]
        pairs = assign(detected, {str(index): box for index, box in enumerate(everybody)})
        ignored = boxes.ignored.get(number, np.empty((0, 4), np.float32))
        corners = corners_of(detected)
        extra = [
            index
            for index in range(len(detected))
            if index not in pairs and not (len(ignored) and iou(corners[index], ignored).max() > MAX_IGNORED_IOU)
        ]
        right, known, found = right + len(pairs), known + len(everybody), found + len(pairs) + len(extra)
    against = "boxes checked by eye" if boxes.by_hand else "the slow reference"
    place = f"in {len(boxes.complete)} frames, against {against}"
    yield Row(f"detector: recall of {known} people {place}", 100 * right / max(known, 1), "%")
    yield Row(f"detector: precision of {found} boxes {place}", 100 * right / max(found, 1), "%")


def match_rows(figures: dict[str, Figures], single: list[Figures], rate: float, by_hand: bool) -> Iterator[Row]:
    """The rows of one rate; the means are over people."""
    at = f"{rate:.3g} looks/s"
    for distance in DISTANCES:
        matched = np.mean([share(each.own, distance) for each in figures.values() if each.own])
        others = np.mean([share(each.others, distance) for each in figures.values() if each.others])
        usual = distance == DISTANCE
        yield Row(f"{at}, distance {distance:.2f}: later sightings of the same visit that match", matched, "%")
        yield Row(
            f"{at}, distance {distance:.2f}: other people's boxes that match",
            others,
            "%",
            MAX_OTHERS if usual else None,
            True,
        )
    for name, each in figures.items():
        print(
            f"    {name}: {share(each.own, DISTANCE):.0f} % of {len(each.own)} sightings, "
            f"{share(each.others, DISTANCE):.1f} % of {len(each.others)} other boxes"
        )
    worst = min(share(each.own, DISTANCE) for each in single if each.own)
    yield Row(f"{at}: later sightings that match, the worst reference picture", worst, "%")
    yield Row(
        f"{at}: other people's boxes, the worst reference picture",
        max(share(each.others, DISTANCE) for each in single),
        "%",
    )
    everything = np.mean([share(each.own + each.again, DISTANCE) for each in figures.values() if each.own])
    yield Row(f"{at}: all later sightings that match, those after an absence included", everything, "%", MIN_MATCHED)
    again = [value for each in figures.values() for value in each.again]
    if again:
        yield Row(
            f"{at}: seen again after {AWAY_SECONDS:g} s or more out of sight, matched", share(again, DISTANCE), "%"
        )


def follow(
    sightings: Sightings,
    frames: list[np.ndarray],
    boxes: Boxes,
    name: str,
    number: int,
    step: int,
    fps: float,
    quality: int,
) -> Figures:
    """Distances in the frames after `number`, from which the reference picture of the person is cut."""
    reference = PeopleFinder().look(cut(frames[number], boxes.people[name][number], quality), {"op": "embed"})
    replay = Replay(sightings)
    finder = PeopleFinder()
    finder._detector = finder._encoder = replay  # the same frames are looked at for many reference pictures
    request: dict[str, Any] = {"op": "match", "embedding": reference["embedding"], "model": reference["model"]}
    figures = Figures()
    end = end_of_visit(boxes.people[name], number, fps)
    for replay.number in range(number + step, len(frames), step):
        result = finder._match(frames[replay.number], request)
        by_box = {tuple(each["box"]): each["distance"] for each in result["people"]}
        for index, who in sightings.names[replay.number].items():
            distance = nearest(by_box, sightings.found[replay.number][index])
            if who != name:
                figures.others.append(distance)
            else:
                (figures.own if replay.number <= end else figures.again).append(distance)
    return figures


def reference_frames(sightings: Sightings, boxes: Boxes, references: int) -> dict[str, list[int]]:
    """Frames for reference pictures: the person is found, nobody overlaps, and enough sightings follow."""
    chosen = {}
    for name in boxes.people:
        seen = [number for number, names in enumerate(sightings.names) if name in names.values()]
        alone = [number for number in seen[: max(0, len(seen) - LEAST_SIGHTINGS)] if is_alone(boxes, name, number)]
        if alone:
            spread = np.linspace(0, len(alone) - 1, references).astype(int)
            chosen[name] = sorted({alone[index] for index in spread})
    return dict(list(chosen.items())[:MAX_PEOPLE])


def is_alone(boxes: Boxes, name: str, number: int) -> bool:
    others = [each[number] for other, each in boxes.people.items() if other != name and number in each]
    return not others or float(iou(boxes.people[name][number], np.array(others)).max()) < MAX_ALONE_IOU


def end_of_visit(own: dict[int, np.ndarray], number: int, fps: float) -> int:
    """The last frame before the person is out of sight for AWAY_SECONDS."""
    last = number
    for frame in own:
        if frame > number:
            if frame - last > AWAY_SECONDS * fps:
                break
            last = frame
    return last


def assign(found: list[Box], known: dict[str, np.ndarray]) -> dict[int, str]:
    """The name of the person in each found box, by overlap, each person once."""
    corners = corners_of(found)
    pairs = []
    for name, box in known.items():
        overlaps = iou(box, corners) if len(found) else []
        pairs += [(float(value), index, name) for index, value in enumerate(overlaps) if value > SAME_IOU]
    names: dict[int, str] = {}
    for _, index, name in sorted(pairs, reverse=True):
        if index not in names and name not in names.values():
            names[index] = name
    return names


def cut(frame: np.ndarray, box: np.ndarray, quality: int) -> bytes:
    """A JPEG of a person with a margin."""
    aside, above = MARGIN * (box[2] - box[0]), MARGIN * (box[3] - box[1])
    x1, y1 = max(0, int(box[0] - aside)), max(0, int(box[1] - above))
    part = frame[y1 : int(box[3] + above), x1 : int(box[2] + aside)]
    return cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def nearest(by_box: dict[tuple[float, ...], float], box: Box) -> float:
    """The distance of the listed box that is this one but for rounding."""
    corners = (box.x1, box.y1, box.x2, box.y2)
    return by_box[min(by_box, key=lambda each: sum(abs(a - b) for a, b in zip(each, corners, strict=True)))]


def share(values: list[float], limit: float) -> float:
    """Per cent of the distances below a limit."""
    return 100 * float(np.mean(np.array(values) < limit)) if values else 0.0
