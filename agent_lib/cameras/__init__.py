"""Cameras: one class that keeps the newest frame of a camera, and one source class for each way to get frames.

`camera` runs a source in a thread; `sources` chooses it by address: `http`, `native` (RTSP, USB, video files), `files`.
"""

from agent_lib.cameras.camera import Camera, try_camera
from agent_lib.cameras.frames import MAX_FRAME_BYTES, Frame, FrameError

__all__ = ["MAX_FRAME_BYTES", "Camera", "Frame", "FrameError", "try_camera"]
