"""Drawn pictures of people that the built-in detector finds, with known boxes.

`Person(...)` describes a person, `frame([...])` is a picture (BGR) of several on a street, `jpeg(picture)` encodes it,
`walk(...)` gives the frames of a short walk, `portrait(person)` a reference photo. `Person.box` is where one stands.
The detector gives people of 120 to 170 pixels in 640 x 480 a confidence of 0.45 to 0.65, larger ones less.
`RED`, `GREEN` and `BLUE` are three people in clothes that the built-in encoder tells apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

Colour = tuple[int, int, int]
"""Red, green, blue."""
Point = tuple[float, float]

BODY, CANVAS, GROUND = 400, (360, 440), 420
"""Pixels: a body is drawn with this height on a canvas (width, height) whose ground is at this row, then resized."""
BLUR = 1.2
"""Pixels: the detector is surer of people in pictures that are a little soft, like those of video."""
SKIN: Colour = (224, 172, 140)
ASPECT = 0.42
"""Width of a person's box by its height."""


@dataclass(frozen=True)
class Person:
    """A person on foot. `x`: the middle, `feet`: the lowest row, `height`: from hair to shoes, all in pixels.

    `phase` 0..1: the part of a step that is done; `facing` 1 walks to the right, -1 to the left.
    """

    x: float = 320
    feet: float = 400
    height: float = 150
    jacket: Colour = (60, 90, 170)
    trousers: Colour = (40, 40, 55)
    hair: Colour = (60, 42, 30)
    shoes: Colour = (30, 26, 24)
    phase: float = 0.15
    facing: int = 1

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2: about what a detector should say."""
        half = self.height * ASPECT / 2
        return self.x - half, self.feet - self.height, self.x + half, self.feet

    def step(self, steps: float) -> Person:
        """The person after so many steps, each two fifths of the height long."""
        return replace(self, x=self.x + self.facing * 0.4 * self.height * steps, phase=(self.phase + steps / 2) % 1)


RED = Person(x=120, jacket=(190, 40, 40), trousers=(50, 60, 110))
GREEN = Person(x=320, jacket=(40, 130, 60), trousers=(120, 100, 70))
BLUE = Person(x=520, jacket=(50, 80, 190), trousers=(35, 35, 40))


def frame(people: list[Person], width: int = 640, height: int = 480, seed: int = 1, noise: float = 1.0) -> np.ndarray:
    """A picture of a street with these people, those farther down in front."""
    picture = background(width, height, seed).copy()
    for each in sorted(people, key=lambda one: one.feet):
        _paint(picture, each)
    return _with_noise(picture, noise, seed)


def jpeg(picture: np.ndarray, quality: int = 90) -> bytes:
    """Encode a picture."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def portrait(who: Person, seed: int = 5) -> np.ndarray:
    """A reference photo of the person alone, with space around, 480 x 360."""
    return frame([replace(who, x=240, feet=290, height=115)], 480, 360, seed)


def tight(picture: np.ndarray, who: Person, margin: float = 0.04) -> np.ndarray:
    """The part of a picture close around a person; `margin` in heights."""
    x1, y1, x2, y2 = who.box
    more = margin * who.height
    return picture[max(0, int(y1 - more)) : int(y2 + more), max(0, int(x1 - more)) : int(x2 + more)]


def walk(
    people: list[Person], frames: int, steps: float = 0.25, **look: int
) -> Iterator[tuple[np.ndarray, list[Person]]]:
    """Pictures of people who walk on by `steps` between two frames, each with the people as they stand in it."""
    for number in range(frames):
        now = [each.step(number * steps) for each in people]
        yield frame(now, **look), now


@lru_cache(maxsize=16)
def background(width: int, height: int, seed: int) -> np.ndarray:
    """A street out of focus: sky, a wall with windows, bushes and a pavement."""
    dice = np.random.default_rng(seed)
    horizon = int(height * dice.uniform(0.42, 0.5))
    picture = np.zeros((height, width, 3), np.float32)
    rows = np.linspace(0, 1, height)[:, None]
    picture[:] = (np.array([196, 190, 182]) - 34 * rows)[:, None, :]
    wall = dice.integers(115, 165, 3)
    picture[:horizon] = wall - 14 * np.linspace(0, 1, horizon)[:, None, None]
    for left in range(int(dice.integers(-30, 10)), width, max(70, width // 6)):
        top = int(horizon * 0.15)
        cv2.rectangle(picture, (left, top), (left + width // 12, int(horizon * 0.6)), (72, 66, 60), -1)
        cv2.rectangle(picture, (left, top), (left + width // 12, int(horizon * 0.6)), (190, 190, 190), 2)
    for _ in range(7):
        middle = (int(dice.uniform(0, width)), horizon)
        size = (int(dice.uniform(0.04, 0.12) * width), int(dice.uniform(0.05, 0.12) * height))
        cv2.ellipse(picture, middle, size, 0, 180, 360, (52, 96 + int(dice.integers(0, 30)), 60), -1)
    coarse = dice.normal(0, 10, (height // 8 + 1, width // 8 + 1)).astype(np.float32)
    picture += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(cv2.GaussianBlur(picture, (0, 0), width / 260), 0, 255).astype(np.uint8)


def _with_noise(picture: np.ndarray, noise: float, seed: int) -> np.ndarray:
    grains = np.random.default_rng(seed + 1).normal(0, noise, picture.shape)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), BLUR) + grains, 0, 255).astype(np.uint8)


def _paint(picture: np.ndarray, who: Person) -> None:
    """Draw a person into a picture, with a shadow on the ground, blended at the edges."""
    height, width = picture.shape[:2]
    colours, cover = _body(replace(who, x=0, feet=0, height=1, phase=round(who.phase, 2)))
    scale = who.height / BODY
    left, upper = round(who.x - scale * CANVAS[0] / 2), round(who.feet - scale * GROUND)
    size = (round(scale * CANVAS[0]), round(scale * CANVAS[1]))
    colours, cover = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (colours, cover))
    inner = np.s_[max(0, upper) : min(height, upper + size[1]), max(0, left) : min(width, left + size[0])]
    if inner[0].start < inner[0].stop and inner[1].start < inner[1].stop:
        part = np.s_[inner[0].start - upper : inner[0].stop - upper, inner[1].start - left : inner[1].stop - left]
        mixed = colours[part] + picture[inner] * (1 - cover[part][..., None])
        picture[inner] = np.clip(mixed, 0, 255).astype(np.uint8)


@lru_cache(maxsize=256)
def _body(who: Person) -> tuple[np.ndarray, np.ndarray]:
    """Premultiplied colours (BGR) and cover of a person on a canvas of its own."""
    body = _Body(CANVAS, BODY, (CANVAS[0] / 2, GROUND))
    body.draw(who)
    return body.colours, body.cover


class _Body:
    """A canvas with premultiplied colours and cover, on which parts of a body are drawn from shapes with shading."""

    def __init__(self, size: tuple[int, int], height: float, ground: Point) -> None:
        self.colours = np.zeros((size[1], size[0], 3), np.float32)
        self.cover = np.zeros((size[1], size[0]), np.float32)
        self._height, self._ground = height, ground
        self._rows, self._columns = np.mgrid[: size[1], : size[0]].astype(np.float32)

    def at(self, x: float, y: float) -> Point:
        """Pixels of a point in body heights: right of the middle, above the ground."""
        return self._ground[0] + x * self._height, self._ground[1] - y * self._height

    def draw(self, who: Person) -> None:
        """Draw everything, from the shadow to the hair."""
        self._shadow()
        swing = float(np.sin(2 * np.pi * who.phase))
        lift = abs(float(np.cos(2 * np.pi * who.phase)))
        side = who.facing
        far, near = -swing, swing
        self._arm(who, side * far * -0.10 + 0.085, -1)
        self._leg(who, side * far, lift, -0.028, 0.82)
        self._leg(who, side * near, 0.0, 0.028, 1.0)
        self._torso(who)
        self._arm(who, side * near * -0.10 - 0.085, 1)
        self._head(who)

    def _shadow(self) -> None:
        mask = np.zeros_like(self.cover)
        x, y = self.at(0.03, 0.012)
        cv2.ellipse(mask, (int(x), int(y)), (int(0.17 * self._height), int(0.022 * self._height)), 0, 0, 360, 0.5, -1)
        self._over(cv2.GaussianBlur(mask, (0, 0), 0.01 * self._height), np.array([45, 45, 48], np.float32))

    def _leg(self, who: Person, swing: float, lift: float, hip: float, shade: float) -> None:
        knee = (hip + 0.055 * swing + 0.012 * who.facing, 0.285)
        ankle = (hip + 0.125 * swing - 0.01 * lift * who.facing, 0.045 + 0.02 * lift)
        self._limb([(hip, 0.52), knee, ankle], [0.072, 0.055, 0.037], who.trousers, shade)
        toe = (ankle[0] + 0.055 * who.facing, ankle[1] - 0.027)
        self._limb([(ankle[0] - 0.008 * who.facing, ankle[1] - 0.02), toe], [0.026, 0.018], who.shoes, shade)

    def _arm(self, who: Person, hand: float, order: int) -> None:
        shoulder = (-0.098 * order, 0.795)
        elbow = ((shoulder[0] * 1.15 + hand) / 2 - 0.012 * order, 0.63)
        wrist = (hand + 0.02 * who.facing - 0.02 * order, 0.49)
        self._limb([wrist, (wrist[0] + 0.003, 0.455)], [0.02, 0.018], SKIN, 0.95)
        self._limb([shoulder, elbow, wrist], [0.042, 0.035, 0.026], who.jacket, 0.88 if order < 0 else 0.96)

    def _torso(self, who: Person) -> None:
        outline = [(-0.04, 0.845), (0.04, 0.845), (0.108, 0.81), (0.115, 0.74), (0.096, 0.62), (0.1, 0.47)]
        outline += [(-0.1, 0.47), (-0.096, 0.62), (-0.115, 0.74), (-0.108, 0.81)]
        mask = np.zeros_like(self.cover)
        cv2.fillPoly(mask, [np.array([self.at(x, y) for x, y in outline], np.int32)], 1.0, cv2.LINE_AA)
        mask = cv2.GaussianBlur(mask, (0, 0), 0.008 * self._height)
        self._over(mask, self._shaded(who.jacket, 0.0, 0.115))
        line = np.zeros_like(self.cover)
        zip_line = [tuple(int(value) for value in self.at(0.012 * who.facing, y)) for y in (0.83, 0.48)]
        cv2.line(line, zip_line[0], zip_line[1], 0.5, max(1, int(0.006 * self._height)), cv2.LINE_AA)
        self._over(line, np.array(who.jacket, np.float32) * 0.55)

    def _head(self, who: Person) -> None:
        lean = 0.006 * who.facing
        self._limb([(0, 0.85), (lean, 0.89)], [0.03, 0.029], SKIN, 0.82)
        self._ellipse((lean, 0.925), (0.046, 0.062), SKIN, 1.0)
        self._ellipse((lean - 0.012 * who.facing, 0.955), (0.05, 0.045), who.hair, 1.0)
        self._ellipse((lean - 0.03 * who.facing, 0.925), (0.026, 0.05), who.hair, 0.9)

    def _ellipse(self, middle: Point, radii: Point, colour: Colour, shade: float) -> None:
        mask = np.zeros_like(self.cover)
        x, y = self.at(*middle)
        axes = (int(radii[0] * self._height), int(radii[1] * self._height))
        cv2.ellipse(mask, (int(x), int(y)), axes, 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        self._over(mask, self._shaded(colour, middle[0], radii[0]) * shade)

    def _limb(self, points: list[Point], radii: list[float], colour: Colour, shade: float) -> None:
        """A chain of points as a tube whose radius changes from one to the next."""
        mask = np.zeros_like(self.cover)
        for first, last, start, end in zip(points, points[1:], radii, radii[1:], strict=False):
            for part in np.linspace(0, 1, 24):
                x, y = self.at(first[0] + (last[0] - first[0]) * part, first[1] + (last[1] - first[1]) * part)
                radius = (start + (end - start) * part) * self._height
                cv2.circle(mask, (int(x), int(y)), max(1, int(radius)), 1.0, -1, cv2.LINE_AA)
        middle = sum(x for x, _ in points) / len(points)
        self._over(mask, self._shaded(colour, middle, max(radii) * 1.4) * shade)

    def _shaded(self, colour: Colour, middle: float, radius: float) -> np.ndarray:
        """The colour over the canvas: lighter on the left of a round body, darker at its edges, with folds."""
        rows, columns = self._rows, self._columns
        across = ((columns - self._ground[0]) / self._height - middle) / radius
        light = 1.08 - 0.2 * across - 0.28 * np.clip(across**2, 0, 1.5)
        folds = (
            0.05 * np.sin((rows * 0.9 + columns * 0.5) / (0.022 * self._height)) * np.sin(rows / (0.06 * self._height))
        )
        return np.array(colour, np.float32) * np.clip(light + folds, 0.3, 1.3)[..., None]

    def _over(self, mask: np.ndarray, colour: np.ndarray) -> None:
        """Blend a colour (RGB, one or one for each pixel) over what is there; the canvas is BGR."""
        bgr = np.broadcast_to(colour, (*mask.shape, 3))[..., ::-1]
        self.colours = self.colours * (1 - mask[..., None]) + bgr * mask[..., None]
        self.cover = self.cover * (1 - mask) + mask
