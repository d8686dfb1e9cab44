"""Why a video source gives no pictures: codes that its process reports, and the sentences that people read."""

from __future__ import annotations

NO_CAMERA, NO_STREAM, NO_FILE, NO_VIDEO = "no camera", "no stream", "no file", "no video"
TOO_LATE, TOO_LARGE, STALLED, BROKEN, DIED, NO_START = "too late", "too large", "stalled", "broken", "died", "no start"
CLOSED = "closed"

MAX_PIXELS = 25_000_000
STALL_SECONDS = 5.0
"""A source that gives no picture for so long has failed."""

SENTENCES = {
    NO_CAMERA: "This machine has no camera of that number, or another program uses it.",
    NO_STREAM: "The video source has no video there; check its address, user name and password.",
    NO_FILE: "There is no such video file.",
    NO_VIDEO: "The file is no video that can be played.",
    TOO_LATE: "The video source did not open in time; check that it is switched on and connected.",
    TOO_LARGE: f"The pictures of the video source are larger than {MAX_PIXELS // 1_000_000} megapixels.",
    STALLED: f"The video source gave no picture for {STALL_SECONDS:g} s; check that it is connected.",
    BROKEN: "The video source broke off; check that it is connected, then start it again.",
    DIED: "The process that read the video source ended; start it again.",
    NO_START: "The process that reads video sources could not be started; the hub's log says more.",
    CLOSED: "The video source was closed.",
}


class SourceError(Exception):
    """A video source cannot be opened or read; the text is a sentence without addresses or paths."""

    @classmethod
    def of(cls, code: object) -> SourceError:
        """The error of a code."""
        return cls(SENTENCES.get(str(code), SENTENCES[BROKEN]))


class SourceEnded(Exception):
    """The recorded video has no more pictures."""
