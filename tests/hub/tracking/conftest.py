"""Drawn people, their photos, and a hub with a named source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support import people
from tests.support.helpers import HubProcess

RED = people.Person(x=200, jacket=(190, 40, 40), trousers=(50, 60, 120))
GREEN = people.Person(x=450, jacket=(60, 140, 70), trousers=(190, 180, 160), hair=(20, 18, 16), facing=-1)
BOTH = people.jpeg(people.frame([RED, GREEN], seed=3))
NOBODY = people.jpeg(people.frame([], seed=3))
PHOTO = people.jpeg(people.portrait(RED))
PHOTO_GREEN = people.jpeg(people.portrait(GREEN))
HUB_TOML = """
[[tracking.sources]]
name = "yard"
url = "yard.avi"

[[tracking.sources]]
name = "gone"
url = "no such file.avi"
"""


def write_video(path: Path, frames: int = 30, fps: float = 10.0) -> None:
    """A video in which RED walks by GREEN."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (640, 480))
    for picture, _ in people.walk([RED, GREEN], frames, steps=0.05, seed=3):
        writer.write(np.ascontiguousarray(picture))
    writer.release()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with the sources `yard` (3 s) and `gone`."""
    instance = tmp_path_factory.mktemp("tracking") / "instance"
    instance.mkdir()
    (instance / "hub.toml").write_text(HUB_TOML, "utf-8")
    write_video(instance / "yard.avi")
    with HubProcess(instance) as process:
        yield process
