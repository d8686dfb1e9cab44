"""What may be opened, decided before any process is started."""

from __future__ import annotations

import os

import pytest

from hub.vision.capture.errors import SourceError
from hub.vision.capture.target import CAMERA, FILE, STREAM, parse_target


def test_cameras_addresses_and_files() -> None:
    assert (parse_target(0).kind, parse_target(63).place) == (CAMERA, 63)
    stream = parse_target("RTSP://user:secret@192.168.1.20:554/stream1")
    assert (stream.kind, stream.place) == (STREAM, "rtsp://user:secret@192.168.1.20:554/stream1")
    file = parse_target(os.path.join("videos", "a.mp4"))
    assert (file.kind, file.place) == (FILE, os.path.abspath("videos/a.mp4"))
    assert parse_target("C:\\videos\\a.mp4").kind == FILE


@pytest.mark.parametrize("target", [-1, 64, 10**9, True, False, 1.5, None, [], b"a.avi", "", "a\0b.avi", "x" * 5000])
def test_what_is_no_source(target: object) -> None:
    with pytest.raises(SourceError):
        parse_target(target)


@pytest.mark.parametrize(
    "target",
    [
        "file:/etc/passwd",
        "file:///etc/passwd",
        "concat:a.avi|b.avi",
        "concat:http://127.0.0.1/a",
        "data:image/png;base64,AAAA",
        "pipe:0",
        "subfile:,start,0,end,9,,:/etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/a.avi",
        "lavfi:testsrc",
        "crypto:a.avi",
    ],
)
def test_other_schemes_are_refused(target: str) -> None:
    with pytest.raises(SourceError, match="begin with rtsp"):
        parse_target(target)


@pytest.mark.parametrize("target", ["http:/etc/passwd", "http:a.avi", "rtsp://", "http://h:99999/", "http://a b/"])
def test_addresses_without_a_valid_host(target: str) -> None:
    with pytest.raises(SourceError, match="not valid"):
        parse_target(target)


def test_a_file_cannot_name_addresses_nor_a_stream_files() -> None:
    options = {kind: parse_target(target).environment for kind, target in ((FILE, "a.avi"), (STREAM, "http://a/"))}
    file, stream = (options[kind]["OPENCV_FFMPEG_CAPTURE_OPTIONS"] for kind in (FILE, STREAM))
    assert file.startswith("protocol_whitelist;file|") and "file" not in stream
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in parse_target(0).environment
