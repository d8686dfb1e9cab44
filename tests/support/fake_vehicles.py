"""A vision process of vehicles for tests, which speaks the wire: the colour of a picture says what is in it.

Red: a car in the middle. Blue: nothing. Green: a picture that cannot be used. Black: the process dies.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from PIL import Image

from hub.vision.wire import receive, send

COMMAND = (sys.executable, "-m", "tests.support.fake_vehicles")
RED, BLUE, GREEN, BLACK = (255, 0, 0), (0, 0, 255), (0, 255, 0), (0, 0, 0)


def answer(head: dict[str, Any], picture: bytes) -> dict[str, Any]:
    """The reply to one request; `confidence` is a little over what was asked for."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    red, green, blue = (value > 127 for value in image.getpixel((0, 0)))
    if green:
        return {"id": head["id"], "error": "This picture cannot be used."}
    if not (red or blue):
        os._exit(3)
    width, height = image.size
    box = [width * 0.25, height * 0.25, width * 0.75, height * 0.75]
    found = [{"box": box, "kind": "car", "confidence": head["request"]["min_confidence"] + 0.1}] if red else []
    return {"id": head["id"], "result": {"width": width, "height": height, "vehicles": found}}


if __name__ == "__main__":
    send(sys.stdout.buffer, {"state": "ready", "pid": os.getpid()})
    while (message := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, answer(*message))
