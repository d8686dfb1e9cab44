"""Interfaces of the devices that a station uses; the real ones and the fakes of the tests satisfy them."""

from __future__ import annotations

from typing import Any, Protocol

from agent_lib.runtime.arrays import Image
from agent_lib.runtime.supervisor import Supervisor


class Sighting(Protocol):
    """One tag read: upper-case hex, record family, and its time as time.time() and time.monotonic()."""

    @property
    def tag(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def ts(self) -> float: ...

    @property
    def mono(self) -> float: ...


class CapturedFrame(Protocol):
    """One camera frame: `agent_lib.cameras.Frame`."""

    @property
    def mono(self) -> float: ...

    @property
    def encoded(self) -> bool: ...

    def image(self) -> Image: ...

    def jpeg(self, quality: int = 90) -> bytes: ...


class FrameSource(Protocol):
    """What waits for frames needs of a camera."""

    def wait_newer(self, mono: float, timeout: float) -> CapturedFrame | None: ...


class CameraDevice(FrameSource, Protocol):
    """A camera: `agent_lib.cameras.Camera`."""

    def start(self, supervisor: Supervisor | None = None) -> None: ...

    def stop(self) -> None: ...

    def newest(self) -> CapturedFrame | None: ...

    @property
    def error(self) -> str: ...

    def status(self) -> dict[str, Any]: ...


class ReaderStatus(Protocol):
    """What a capture needs of a tag reader."""

    def status(self) -> dict[str, Any]: ...


class TagReaderDevice(ReaderStatus, Protocol):
    """An RFID reader: `agent_lib.rfid.TagReader`."""

    def start(self, supervisor: Supervisor | None = None) -> None: ...

    def stop(self) -> None: ...
