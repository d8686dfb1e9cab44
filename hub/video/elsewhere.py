"""Live pictures of cameras that send to another hub: they come only while somebody here watches that camera.

A hub wants the topic `frame/CAMERA` of a camera while one of its viewers watches it; the others then send each new
picture of it, and the newest one at once. Which cameras there are is told every second, without their pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.contract.errors import ContractError
from hub.contract.json_text import decode_object, encode
from hub.live.relay import Relay
from hub.video.frames import Frame, camera_name
from hub.video.store import FrameStore

FAMILY = "frame"
HEAD_BYTES = 2  # of the length of what is said about a picture
RECENT_SECONDS = 60.0  # a camera that was silent for longer is not told of


class FramesElsewhere:
    """Sends pictures of this hub that others want, and puts theirs into the frame store."""

    def __init__(self, relay: Relay, frames: FrameStore) -> None:
        self._relay, self._frames = relay, frames
        self._names: set[str] = set()  # cameras of other hubs
        self._watching_all = 0
        self.received = 0
        relay.on(FAMILY, self._receive)
        relay.when_wanted(FAMILY, self._on_wanted)

    # -- what this hub sends

    def offer(self, frame: Frame) -> None:
        """Send a new picture of this hub where another one wants it; never blocks."""
        topic = f"{FAMILY}/{frame.camera}"
        if self._relay.wanted(topic):
            head = encode({"camera": frame.camera, "source": frame.source})
            body = b"%b%b%b" % (len(head).to_bytes(HEAD_BYTES, "big"), head, frame.data)
            self._relay.send(topic, body, key=frame.camera)

    def _on_wanted(self, topic: str) -> None:
        """Another hub begins to watch a camera."""
        camera = self._frames.camera(topic.partition("/")[2])
        if camera is not None and camera.frame is not None and camera.frame.here:
            self.offer(camera.frame)

    # -- what it watches

    def watched(self, cameras: frozenset[str] | None) -> None:
        """A viewer watches these cameras, None: all, from now on."""
        for name in self._add(cameras, 1):
            self._relay.want(f"{FAMILY}/{name}")

    def unwatched(self, cameras: frozenset[str] | None) -> None:
        """It no longer does."""
        for name in self._add(cameras, -1):
            self._relay.unwant(f"{FAMILY}/{name}")

    def _add(self, cameras: frozenset[str] | None, step: int) -> Iterable[str]:
        if cameras is not None:
            return cameras
        self._watching_all += step
        # All of them together count as one viewer, which also watches those that come to be known.
        return tuple(self._names) if self._watching_all == (step > 0) else ()

    def _receive(self, topic: str, body: bytes, sender: str) -> None:
        """A picture of another hub. Raises RequestError."""
        length = int.from_bytes(body[:HEAD_BYTES], "big")
        head = decode_object(body[HEAD_BYTES : HEAD_BYTES + length])
        camera, source = head.get("camera"), head.get("source")
        if not isinstance(camera, str) or not isinstance(source, str) or topic != f"{FAMILY}/{camera}":
            raise ContractError("The picture of another hub names no camera.")
        self.received += 1
        self._frames.put(camera, body[HEAD_BYTES + length :], source, here=False)

    # -- which cameras there are

    def cameras_here(self, everything: bool) -> list[dict[str, Any]]:
        """The cameras whose pictures come to this hub."""
        return [
            {"camera": camera.name, "source": camera.source}
            for camera in self._frames.cameras()
            if camera.frame is not None and camera.frame.here and camera.frame.age <= RECENT_SECONDS
        ]

    def camera_elsewhere(self, state: dict[str, Any]) -> None:
        """A camera's pictures come to another hub. Raises RequestError."""
        name = camera_name(str(state["camera"]))
        if not self._frames.know(name, str(state["source"])) or name in self._names:
            return
        self._names.add(name)
        if self._watching_all:
            self._relay.want(f"{FAMILY}/{name}")
