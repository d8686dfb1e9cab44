"""Sources read by OpenCV: RTSP cameras, USB cameras, video files."""

import logging
import os
import socket
import sys
import time
from urllib.parse import quote, urlsplit

# FFmpeg and OpenCV print addresses with passwords to the console; our own log reports what matters.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
if sys.platform != "win32":
    # OpenCV lets only one thread at a time open a stream, so a dead camera would block every other one for seconds.
    # FFmpeg itself needs no such lock when built with POSIX threads, as it is in OpenCV's packages.
    os.environ.setdefault("OPENCV_FFMPEG_IS_THREAD_SAFE", "1")

import cv2

from agent_lib.cameras.base import Pace, Source, SourceContext, SourceError
from agent_lib.cameras.frames import Frame
from agent_lib.settings import CameraSettings

log = logging.getLogger(__name__)

OPEN_SECONDS = 10.0
_RTSP_PORT = 554

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def rtsp_url(settings: CameraSettings) -> str:
    """The full address of an RTSP camera, including the credentials. Never use it in messages."""
    login = ""
    if settings.username or settings.password:
        login = f"{quote(settings.username, safe='')}:{quote(settings.password, safe='')}@"
    if settings.url:
        scheme, _, rest = settings.url.partition("://")
        return settings.url if "@" in rest.partition("/")[0] else f"{scheme}://{login}{rest}"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"rtsp://{login}{host}:{settings.port}/{settings.path.lstrip('/')}"


class CaptureSource(Source):
    """A cv2.VideoCapture. A blocked native call blocks only its own thread, until FFmpeg's timeout ends it."""

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._capture: cv2.VideoCapture | None = None

    @property
    def _opened(self) -> cv2.VideoCapture:
        assert self._capture is not None, "a source is opened before it is read"
        return self._capture

    def read(self) -> Frame | None:
        """See Source. The capture time is when the grab started."""
        ts, mono = time.time(), time.monotonic()
        done, image = self._opened.read()
        if not done or image is None:
            waited = time.monotonic() - mono
            if waited >= 0.9 * self._context.settings.stale_seconds:
                raise SourceError("Stream timeout", whole=True)
            raise SourceError("the camera ended the stream")
        return Frame(image=image, ts=ts, mono=mono)

    def close(self) -> None:
        """See Source."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class RtspSource(CaptureSource):
    """An IP camera over RTSP, or another network stream that FFmpeg supports."""

    def __init__(self, context: SourceContext) -> None:
        super().__init__(context)
        self._url = rtsp_url(context.settings)
        self._probe: socket.socket | None = None

    def open(self) -> None:
        """See Source; times out after 10 s, or stale_seconds if shorter."""
        settings = self._context.settings
        limit = min(OPEN_SECONDS, settings.stale_seconds)
        begun = time.monotonic()
        if self._url.lower().startswith("rtsp://"):
            self._check_reachable(limit)
        if self._context.stop.is_set():
            return
        self._capture = cv2.VideoCapture(
            self._url,
            cv2.CAP_FFMPEG,
            [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                int(limit * 1000),
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                int(settings.stale_seconds * 1000),
            ],
        )
        if self._capture.isOpened():
            return
        if time.monotonic() - begun >= 0.9 * limit:
            raise SourceError("no answer")
        raise SourceError("no stream there, or not for this path, user name and password")

    def interrupt(self) -> None:
        """Abort the probe; a native call ends by its own timeout."""
        probe = self._probe
        if probe is not None:
            try:
                probe.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                log.debug("Closing a camera connection that was closed already: %s", error)

    def _check_reachable(self, limit: float) -> None:
        """Send OPTIONS and wait for any reply before native code, which cannot be interrupted, opens the device.

        Gives a clear reason sooner and holds no lock that other cameras need. Raises SourceError.
        """
        parts = urlsplit(self._url)
        target = f"rtsp://{parts.netloc.rpartition('@')[2]}{parts.path}"
        try:
            with socket.create_connection((parts.hostname or "", parts.port or _RTSP_PORT), limit) as link:
                self._probe = link
                link.sendall(f"OPTIONS {target} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Gatehouse\r\n\r\n".encode())
                answer = link.recv(4096)
        except TimeoutError as error:
            raise SourceError("no answer") from error
        except OSError as error:
            raise SourceError((error.strerror or "the connection broke").lower()) from error
        except ValueError as error:
            raise SourceError("the address is not valid") from error
        finally:
            self._probe = None
        if not answer.startswith(b"RTSP/"):
            raise SourceError("it does not speak RTSP; check the port")


class UsbSource(CaptureSource):
    """A USB camera of this machine, by its index."""

    def __init__(self, context: SourceContext, index: int) -> None:
        super().__init__(context)
        self._index = index

    def open(self) -> None:
        """See Source. Size and rate are requests: a camera uses its nearest mode."""
        settings = self._context.settings
        self._capture = cv2.VideoCapture(self._index)
        if not self._capture.isOpened():
            raise SourceError("there is no such camera, or another program uses it")
        for wanted, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, settings.width),
            (cv2.CAP_PROP_FRAME_HEIGHT, settings.height),
            (cv2.CAP_PROP_FPS, settings.fps),
        ):
            self._capture.set(wanted, value)


class VideoSource(CaptureSource):
    """A video file, played in a loop at its own speed, at most `fps`."""

    def __init__(self, context: SourceContext, path: str) -> None:
        super().__init__(context)
        self._path = path
        self._pace: Pace | None = None

    def open(self) -> None:
        """See Source."""
        self._start()
        own = self._opened.get(cv2.CAP_PROP_FPS)
        wanted = self._context.settings.fps
        self._pace = Pace(min(own, wanted) if 0 < own < 1000 else wanted, self._context.stop)

    def read(self) -> Frame | None:
        """See Source."""
        if self._pace is None or not self._pace.wait():
            return None
        try:
            return super().read()
        except SourceError:
            self._start()
        return super().read()

    def _start(self) -> None:
        self.close()
        self._capture = cv2.VideoCapture(self._path, cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceError("the file is no picture and no video that can be played")
