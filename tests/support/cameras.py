"""For the tests of cameras: a running camera, its frames and their grey levels."""

import numpy as np

from agent_lib.cameras import Camera, Frame
from tests.support.devices import camera_settings
from tests.support.helpers import wait_for

SECRET = "geheim-7"


class Running:
    """A started camera that is stopped at the end of the with block."""

    def __init__(self, url: str = "", **changes) -> None:
        self.camera = Camera(camera_settings(url, **changes), "test")

    def __enter__(self) -> Camera:
        self.camera.start()
        return self.camera

    def __exit__(self, *error) -> None:
        self.camera.stop()


def level(frame: Frame) -> int:
    """The grey level of a picture made by jpeg()."""
    return round(float(np.median(frame.image()[3])))


def wait_frame(camera: Camera) -> Frame:
    return wait_for(camera.newest, what="a picture")


def stay(handler) -> None:
    """Leave the connection open until the client goes."""
    handler.connection.settimeout(20)
    handler.connection.recv(1)
