"""What may be opened as a video source: a camera by its index, the address of a stream, a file. Nothing else is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from hub.vision.capture.errors import SourceError

CAMERA, STREAM, FILE = "camera", "stream", "file"
MAX_INDEX = 63
"""Linux has 64 video devices. A negative index ends the process inside OpenCV."""
MAX_TARGET = 4000
SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "udp")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
"""A scheme has two letters at least: `C:` is a drive."""
_FILE_FORMATS = "avi,mov,matroska,asf,mpegts,mpeg,mpegvideo,flv,mjpeg,h264,hevc,m4v"
_STREAM_FORMATS = f"{_FILE_FORMATS},rtsp,mpjpeg,hls,live_flv,jpeg_pipe,aac"
_OPTIONS = {
    # No playlist (m3u8, ffconcat) and no numbered pictures (%d): such a file would name other files to be read.
    FILE: f"protocol_whitelist;file|format_whitelist;{_FILE_FORMATS}",
    # No local file through a playlist that a camera sends. prefer_tcp is what OpenCV sets where this text is missing.
    STREAM: (
        "protocol_whitelist;http,https,httpproxy,tcp,tls,udp,rtp,rtmp,rtmps,ffrtmphttp,ffrtmpcrypt,crypto"
        f"|format_whitelist;{_STREAM_FORMATS}|rtsp_flags;prefer_tcp|analyzeduration;500000|fflags;nobuffer"
    ),
}


@dataclass(frozen=True)
class Target:
    """A checked target: `kind` of CAMERA, STREAM and FILE, `place` the index, the address or the absolute path."""

    kind: str
    place: int | str

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the process that opens it; OpenCV's FFmpeg reads its options from there alone.

        They are set before the process starts, since on Windows a library may have its own copy of the environment.
        """
        variables = {
            "OPENCV_FFMPEG_LOGLEVEL": "-8",  # FFmpeg prints addresses with passwords
            "OPENCV_LOG_LEVEL": "SILENT",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",  # the hub needs the other cores
        }
        return (
            {**variables, "OPENCV_FFMPEG_CAPTURE_OPTIONS": _OPTIONS[self.kind]} if self.kind in _OPTIONS else variables
        )


def parse_target(target: object) -> Target:
    """Check a target: an index (int), an address or a path (str). Raises SourceError."""
    if isinstance(target, int) and not isinstance(target, bool):
        if not 0 <= target <= MAX_INDEX:
            raise SourceError(f"A camera of this machine has a number from 0 to {MAX_INDEX}.")
        return Target(CAMERA, target)
    if not isinstance(target, str) or not target or len(target) > MAX_TARGET or not target.isprintable():
        raise SourceError("A video source is the number of a camera, an address or a file; this is none of them.")
    scheme = _SCHEME.match(target)
    if scheme is None:
        return Target(FILE, os.path.abspath(target))
    return Target(STREAM, _checked_address(target, scheme[1].lower()))


def _checked_address(address: str, scheme: str) -> str:
    """The address with its scheme in small letters, as FFmpeg compares it."""
    if scheme not in SCHEMES:
        raise SourceError(f"Addresses of video sources begin with {', '.join(SCHEMES)} and ://; this one does not.")
    try:
        parts = urlsplit(address)
        valid = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or " " in address:
        raise SourceError("The address of the video source is not valid; check its host and port.")
    return scheme + address[len(scheme) :]
