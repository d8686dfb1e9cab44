"""Pictures with and without labels, for the tests of finding and reading."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from agent_lib.label.code import EDGES, LabelCode
from agent_lib.label.code_file import load_label_code
from agent_lib.simulator import scene_label
from agent_lib.simulator.scene import empty_gate
from agent_lib.simulator.scene_text import put_text

SIZE = (1920, 1080)


def corners_of(width, centre, turn=0.0, yaw=0.0, pitch=0.0) -> np.ndarray:
    """Where a board's TL, TR, BR, BL come to lie: angles in degrees, `width` in pixels head on."""
    turn, yaw, pitch = np.radians((turn, yaw, pitch))
    flat = np.array([(-0.5, -0.3535), (0.5, -0.3535), (0.5, 0.3535), (-0.5, 0.3535)]) * width
    far = 5.0 * width
    x, y, z = flat[:, 0] * np.cos(yaw), flat[:, 1], flat[:, 0] * np.sin(yaw)
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    seen = np.stack([x, y], axis=1) * (far / (far + z))[:, None]
    around = np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))])
    return np.float32(seen @ around + centre)


def other_code(rng: np.random.Generator) -> LabelCode:
    """The same board with other ticks on every edge."""
    code = load_label_code()
    ticks = {}
    for edge in EDGES:
        places = 26 if edge in ("top", "bottom") else 18
        ticks[edge] = tuple(int(45 * p) for p in sorted(rng.choice(places, len(code.ticks[edge]), replace=False)))
    return replace(code, ticks=ticks)


def shared_code(rng: np.random.Generator, own: tuple[str, ...], kept: int = 0) -> LabelCode:
    """The label's own code on the edges `own`; on the others `kept` of its ticks and the rest elsewhere."""
    code, ticks = load_label_code(), {}
    for edge in EDGES:
        right = list(code.ticks[edge])
        wrong = [place for place in code.comb(edge) if place not in right]
        keep = list(rng.choice(right, min(kept, len(right)), replace=False))
        rest = list(rng.choice(wrong, min(len(right) - len(keep), len(wrong)), replace=False))
        ticks[edge] = tuple(right) if edge in own else tuple(sorted(int(v) for v in keep + rest))
    return replace(code, ticks=ticks)


def band(image: np.ndarray, corners: np.ndarray, edge: str, start: float, end: float, colour) -> None:
    """Draw a strap along an edge of a board at `corners`, in place: from `start` to `end` board units inwards."""
    code = load_label_code()
    square = np.float32([(0, 0), (code.width, 0), (code.width, code.height), (0, code.height)])
    matrix = cv2.getPerspectiveTransform(square, np.float32(corners))
    low, high = -140, {"top": code.width, "bottom": code.width, "left": code.height, "right": code.height}[edge] + 140
    if edge in ("bottom", "right"):
        far = code.height if edge == "bottom" else code.width
        start, end = far - start, far - end
    points = [(low, start), (high, start), (high, end), (low, end)]
    if edge in ("left", "right"):
        points = [(y, x) for x, y in points]
    outline = cv2.perspectiveTransform(np.float32(points)[None], matrix)[0]
    cv2.fillPoly(image, [np.round(outline * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)


def picture(
    board: np.ndarray, corners: np.ndarray, rng: np.random.Generator, *, level=1.0, blur=0.6, noise=3.0, strap=None
) -> np.ndarray:
    """The board before the empty gate, with the camera's blur (sigma, px), light and noise (sigma); `strap`: see
    `band`.
    """
    image = empty_gate(int(rng.integers(1000)), "primary", SIZE)
    scene_label.place(board, corners, image)
    if strap:
        band(image, corners, *strap)
    return camera(image, rng, level=level, blur=blur, noise=noise)


def camera(image: np.ndarray, rng: np.random.Generator, *, level=1.0, blur=0.6, noise=3.0) -> np.ndarray:
    image = cv2.GaussianBlur(cv2.convertScaleAbs(image, alpha=level), (0, 0), blur)
    grain = rng.normal(128, noise, (270, 480, 3)).clip(0, 255).astype(np.uint8)
    grain = np.tile(grain, (-(-image.shape[0] // 270), -(-image.shape[1] // 480), 1))[
        : image.shape[0], : image.shape[1]
    ]
    return cv2.addWeighted(image, 1.0, grain, 1.0, -128.0)


def clutter(rng: np.random.Generator) -> np.ndarray:
    """Framed boards, plates and signs with five digits each, none of them a label."""
    image = empty_gate(int(rng.integers(1000)), "primary", SIZE)
    for column in range(4):
        for row in range(2):
            width = int(rng.integers(180, 330))
            x, y = 60 + column * 460 + int(rng.integers(0, 90)), 80 + row * 480 + int(rng.integers(0, 120))
            height = round(width * float(rng.uniform(0.45, 0.75)))
            dark, frame = int(rng.integers(10, 50)), round(width * float(rng.uniform(0.04, 0.1)))
            cv2.rectangle(image, (x, y), (x + width, y + height), (dark, dark, dark), -1)
            cv2.rectangle(image, (x + frame, y + frame), (x + width - frame, y + height - frame), (228, 230, 230), -1)
            if rng.random() < 0.5:
                for tick in range(x + frame, x + width - frame, frame):
                    cv2.rectangle(image, (tick, y), (tick + frame // 3, y + frame), (230, 230, 230), -1)
            number = f"{rng.integers(100000):05d}"
            put_text(
                image, number, (x + width / 2, y + height / 2), round(height * 0.3), (20, 20, 20), int(rng.integers(6))
            )
    return camera(image, rng)


def dirty(board: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """The board with dirt on its frame, spots about as large as a tick: its code is there but hard to see."""
    spots = rng.normal(0, strength, (board.shape[0] // 20 + 1, board.shape[1] // 20 + 1)).astype(np.float32)
    spots = cv2.resize(spots, board.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    x0, y0, x1, y1 = load_label_code().panel
    spots[y0:y1, x0:x1] = 0
    return np.clip(board + spots[..., None], 0, 255).astype(np.uint8)
