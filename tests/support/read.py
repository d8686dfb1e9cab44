"""For the tests of `agent.py read`: pictures of labels, and the command in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from agent_lib.simulator.scene_label import board, place
from tests.support.label import corners_of

ROOT = Path(__file__).resolve().parents[2]


KEYS = ["file", "found", "score", "number", "confidence", "engine", "ms"]


def view(*numbers: str, size: tuple[int, int] = (960, 540), width: int = 260) -> np.ndarray:
    """A grey place with boards side by side, BGR."""
    image = np.full((size[1], size[0], 3), 128, np.uint8)
    for index, number in enumerate(numbers):
        centre = (size[0] * (index + 1) / (len(numbers) + 1), size[1] / 2)
        place(board(number, np.random.default_rng(index)), corners_of(width, centre, 3, 10, 5), image)
    return image


VIEW = view("01001")


BOARD = board("20417", np.random.default_rng(7))


def run(
    *arguments: object, folder: Path, config: str = '[ocr]\nengine = "ppocr"\n', status: int | None = 0, **more: Any
) -> tuple[list[dict[str, Any]], str]:
    """The lines and what stood on stderr; an empty `config` leaves the settings as they are without a file."""
    flags = []
    if config:
        (folder / "settings.toml").write_text(config, "utf-8")
        flags = ["--config", str(folder / "settings.toml")]
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "dev",
            "-W",
            "ignore::DeprecationWarning",
            str(ROOT / "agent.py"),
            "read",
            *flags,
            *map(str, arguments),
        ],
        cwd=folder,
        capture_output=True,
        timeout=120,
        **more,
    )
    errors = done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in errors and (status is None or done.returncode == status), errors
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()], errors


def store(path: Path, image: np.ndarray, **more: Any) -> Path:
    """Write BGR pixels by Pillow, whose kinds are more than OpenCV's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]) if image.ndim == 3 else image).save(path, **more)
    return path
