"""Pictures of labels and of what is not one, for the tests of finding and reading."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from agent_lib.label_code import EDGES, LabelCode, load_label_code
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


def picture(board: np.ndarray, corners: np.ndarray, rng: np.random.Generator, *, level=1.0, blur=0.6, noise=3.0) -> np.ndarray:
    """The board before the empty gate, with the camera's blur (sigma, px), light and noise (sigma)."""
    image = empty_gate(int(rng.integers(1000)), "primary", SIZE)
    scene_label.place(board, corners, image)
    return camera(image, rng, level=level, blur=blur, noise=noise)


def camera(image: np.ndarray, rng: np.random.Generator, *, level=1.0, blur=0.6, noise=3.0) -> np.ndarray:
    image = cv2.GaussianBlur(cv2.convertScaleAbs(image, alpha=level), (0, 0), blur)
    grain = rng.normal(128, noise, (270, 480, 3)).clip(0, 255).astype(np.uint8)
    grain = np.tile(grain, (-(-image.shape[0] // 270), -(-image.shape[1] // 480), 1))[: image.shape[0], : image.shape[1]]
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
            put_text(image, number, (x + width / 2, y + height / 2), round(height * 0.3), (20, 20, 20), int(rng.integers(6)))
    return camera(image, rng)
