"""The capture cycle with real cameras: attempts, frames and errors."""

from __future__ import annotations

import re
import socket
import threading
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from agent_lib.label.reading import LabelReading
from agent_lib.rfid import TagReader
from agent_lib.settings import CameraSettings, RfidSettings
from agent_lib.station.result import image_name
from agent_lib.station.shared_label import LabelUnavailable, SharedLabelReader
from tests.support.agent import LABELLED, UNREADABLE, GreyLabelReader, LiveCamera, live_camera
from tests.support.devices import short14, tcp_device
from tests.support.helpers import wait_for
from tests.support.station import A, QuietReader, bench


def test_success_has_every_documented_field(primary: LiveCamera, secondary: LiveCamera) -> None:
    with bench(primary, secondary) as one:
        before = time.time()
        one.tag()
        secondary.show(UNREADABLE)
        primary.show(LABELLED)
        got = one.result()
    fields = got.fields("http://127.0.0.1:3000")
    assert list(fields) == [
        "event_id",
        "station",
        "timestamp",
        "tags",
        "tag",
        "tag_source",
        "tag_timestamp_iso",
        "started_ts",
        "finished_ts",
        "success",
        "number",
        "raw_text",
        "message",
        "errors",
        "attempts",
        "primary_image_url",
        "secondary_image_url",
        "label_image_url",
    ]
    assert (fields["success"], fields["number"], fields["message"], fields["errors"], fields["attempts"]) == (
        True,
        "12345",
        "Successfully detected label",
        [],
        1,
    )
    assert (fields["tag"], fields["tags"], fields["tag_source"], fields["station"]) == (A, [A], "SHORT14", "gate")
    assert before <= fields["started_ts"] <= fields["finished_ts"] <= time.time()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", fields["timestamp"])
    assert datetime.fromisoformat(fields["timestamp"]).timestamp() == pytest.approx(fields["finished_ts"], abs=1e-5)
    assert datetime.strptime(fields["tag_timestamp_iso"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() == int(
        fields["started_ts"]
    )
    assert re.fullmatch("[0-9a-f]{32}", fields["event_id"])
    assert set(got.pictures) == {"primary", "secondary", "label"} and all(
        data[:2] == b"\xff\xd8" for data in got.pictures.values()
    )
    ms = int(fields["started_ts"] * 1000)
    assert fields["label_image_url"] == f"http://127.0.0.1:3000/images/{A}_label_{ms}.jpg"


def test_image_names_keep_only_plain_characters() -> None:
    assert image_name("../E2 00:Ä-1", "primary", 1769581721.123) == "E200-1_primary_1769581721123.jpg"


@pytest.mark.slow
def test_a_frame_older_than_the_tag_is_never_used(primary: LiveCamera) -> None:
    primary.show_and_wait(LABELLED)
    label = GreyLabelReader()
    with bench(primary, label=label, max_attempts=2, retry_interval_seconds=0.1) as one:
        one.tag()
        got = one.result()
    assert label.levels == [] and not got.success and got.pictures == {}
    assert got.errors[:3] == [
        "Max attempts reached (2)",
        "Primary frame not available (attempt 1)",
        "Primary frame not available (attempt 2)",
    ]


@pytest.mark.slow
def test_each_attempt_looks_at_a_newer_frame(primary: LiveCamera) -> None:
    label = GreyLabelReader()
    with bench(primary, label=label, max_attempts=3, retry_interval_seconds=0.2) as one:
        one.tag()
        primary.show(60)
        got = one.result()
    assert len(label.levels) == 1
    assert got.errors == [
        "Max attempts reached (3)",
        "Label detection failed: No label found (attempt 1)",
        "Primary frame not available (attempt 2)",
        "Primary frame not available (attempt 3)",
    ]
    assert set(got.pictures) == {"primary"}, "a failure keeps the last picture"


@pytest.mark.slow
def test_the_first_attempt_is_at_once_and_the_rest_keep_their_distance(primary: LiveCamera) -> None:
    with bench(primary, max_attempts=3, retry_interval_seconds=0.25) as one:
        one.tag()
        stop = threading.Event()

        def film() -> None:
            while not stop.wait(0.02):
                primary.show(UNREADABLE)

        filming = threading.Thread(target=film)
        filming.start()
        got = one.result()
        stop.set()
        filming.join()
    assert got.attempts == 3 and got.errors[1:] == [
        f"Label detection failed: No label found (attempt {n})" for n in (1, 2, 3)
    ]
    # Two distances between three attempts: the first began at once, and none waited after the last.
    assert got.finished_ts - got.started_ts >= 0.5


def test_timeout_ends_a_capture(primary: LiveCamera) -> None:
    with bench(primary, max_attempts=100, retry_interval_seconds=0.1, timeout_seconds=0.35) as one:
        one.tag()
        got = one.result()
    assert (
        got.message == f"Timed out after {got.attempts} attempts"
        and got.errors[0] == got.message
        and 1 <= got.attempts <= 4
    )


def test_success_after_failed_attempts_has_no_errors(primary: LiveCamera) -> None:
    with bench(primary, max_attempts=10, retry_interval_seconds=0.05) as one:
        one.tag()
        primary.show_and_wait(UNREADABLE)
        wait_for(lambda: one.station._label.levels)
        primary.show(LABELLED)
        got = one.result()
    assert got.success and got.attempts >= 2 and got.errors == []


def test_a_dead_secondary_neither_spoils_nor_delays(primary: LiveCamera) -> None:
    # A port where nobody listens: refused at once, for ever.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    from agent_lib.cameras import Camera

    dead = Camera(CameraSettings(url=f"http://127.0.0.1:{port}/video", retry_seconds=0.05), "dead")
    dead.start()
    try:
        wait_for(lambda: dead.error)
        with bench(primary, dead) as one:
            one.tag()
            primary.show(LABELLED)
            got = one.result()
    finally:
        dead.stop()
    assert got.success and set(got.pictures) == {"primary", "label"}
    assert (
        got.errors[0] == "Secondary frame not available"
        and got.errors[1].startswith("Secondary camera error: ")
        and len(got.errors) == 2
    )
    assert got.fields("http://h")["secondary_image_url"] == ""


@pytest.mark.slow
def test_a_secondary_frozen_before_the_tag_gives_no_old_picture(primary: LiveCamera, secondary: LiveCamera) -> None:
    with bench(primary, secondary) as one:
        one.tag()
        primary.show(LABELLED)
        got = one.result()
    assert got.success and "secondary" not in got.pictures and got.errors[0] == "Secondary frame not available"


def test_no_secondary_configured_is_no_error(primary: LiveCamera) -> None:
    with bench(primary) as one:
        one.tag()
        primary.show(LABELLED)
        assert one.result().errors == []


@pytest.mark.slow
def test_a_failure_says_what_each_device_lacked(secondary: LiveCamera) -> None:
    reader = QuietReader()
    with live_camera(stale_seconds=0.1) as live, bench(live, secondary, reader=reader, max_attempts=2) as one:
        live.show_and_wait(UNREADABLE)
        wait_for(lambda: live.camera.error == "Stream timeout")
        reader.error = "Connection lost"
        one.tag()
        got = one.result()
    assert not got.success and got.number == ""
    assert got.errors == [
        "Max attempts reached (2)",
        "Primary frame not available (attempt 1)",
        "Primary frame not available (attempt 2)",
        "Primary camera error: Stream timeout",
        "Secondary frame not available",
        "RFID error: Connection lost",
    ]


def test_the_reader_lost_during_a_capture_is_named() -> None:
    hold = threading.Event()

    def serve(link: socket.socket, number: int) -> None:
        if number == 0:
            link.sendall(short14(bytes.fromhex(A)))
            hold.wait(10)

    with live_camera() as primary, tcp_device(serve) as port:
        primary.show_and_wait(UNREADABLE)
        with bench(primary, max_attempts=60, retry_interval_seconds=0.05) as one:
            reader = TagReader(
                RfidSettings(host="127.0.0.1", port=port, reconnect_seconds=30), one.station.on_tag, "gate"
            )
            one.station._reader = reader
            reader.start()
            try:
                wait_for(lambda: one.station.busy)
                hold.set()
                wait_for(lambda: reader.status()["error"])
                primary.show(LABELLED)
                got = one.result()
            finally:
                reader.stop()
    assert got.success and got.tag == A and got.errors == ["RFID error: Connection lost"]


def test_a_picture_that_is_none_fails_the_attempt_only(primary: LiveCamera) -> None:
    class Picky(GreyLabelReader):
        def read(self, image: Any) -> LabelReading:
            reading = super().read(image)
            if len(self.levels) == 1:
                raise ValueError("The picture is cut off.")
            return reading

    label = Picky()
    with bench(primary, label=label, max_attempts=9, retry_interval_seconds=0.05) as one:
        one.tag()
        primary.show(LABELLED)
        wait_for(lambda: label.levels)
        primary.show(LABELLED)
        assert one.result().success


def test_two_labels_in_view_are_said(primary: LiveCamera, secondary: LiveCamera) -> None:
    class Two(GreyLabelReader):
        def read(self, image: Any) -> LabelReading:
            reading = super().read(image)
            if reading.found:
                reading.labels, reading.others = 2, [LabelReading(True, "54321", "54321", confidence=0.999, score=0.8)]
            return reading

    with bench(primary, secondary, label=Two()) as one:
        one.tag()
        secondary.show(UNREADABLE)
        primary.show(LABELLED)
        got = one.result()
    assert got.success and got.number == "12345"
    assert len(got.errors) == 1 and got.errors[0].startswith("2 labels are in view (12345, 54321)")


def test_a_recogniser_that_cannot_be_loaded_is_named(primary: LiveCamera) -> None:
    made: list[int] = []

    def make(*_: object) -> object:
        made.append(1)
        raise RuntimeError("the model is missing.")

    label = SharedLabelReader(None, 5, make)
    with bench(primary, label=label, max_attempts=1) as one:
        one.station._label._ocr = SimpleNamespace(engine="auto")
        one.tag()
        primary.show(LABELLED)
        got = one.result()
    assert got.errors == [
        "Max attempts reached (1)",
        "Label detection failed: the model is missing (attempt 1)",
    ] and set(got.pictures) == {"primary"}
    with pytest.raises(LabelUnavailable):
        label.load()
    assert made == [1], "a broken recogniser is not loaded at every attempt"
