"""The station: which tags start captures, failures it survives, and its status."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from agent_lib.settings import StationSettings
from agent_lib.station.result import CaptureResult
from agent_lib.station.station import Station
from tests.support.agent import LABELLED, UNREADABLE, LiveCamera, result
from tests.support.helpers import wait_for
from tests.support.station import A, B, QuietReader, bench


def test_other_tags_are_collected_and_begin_nothing(primary: LiveCamera) -> None:
    with bench(primary, max_attempts=50, retry_interval_seconds=0.05) as one:
        one.tag(A)
        one.tag(B)
        one.tag(A, is_new=False)
        one.tag("C0FFEE", is_new=False)
        primary.show(LABELLED)
        assert one.result().tags == [A, B, "C0FFEE"]
        wait_for(lambda: one.nothing_more)
        one.tag(B, is_new=False)
        assert one.nothing_more, "a tag that is still there begins nothing"
        one.tag(B)
        primary.show(LABELLED)
        got = one.result()
        assert (got.tag, got.tags) == (B, [B])


def test_a_tag_that_comes_while_a_result_is_put_away_is_a_capture_of_its_own(primary: LiveCamera) -> None:
    stored: list[CaptureResult] = []
    first, go = threading.Event(), threading.Event()

    def slow_disk(one: CaptureResult) -> None:
        stored.append(one)
        first.set()
        assert go.wait(10)

    with bench(primary, deliver=slow_disk) as one:
        one.tag(A)
        primary.show(LABELLED)
        assert first.wait(10)
        one.tag(B)
        go.set()
        primary.show_and_wait(LABELLED)
        wait_for(lambda: len(stored) == 2)
    assert [(each.tag, each.tags) for each in stored] == [(A, [A]), (B, [B])]


def test_a_bug_costs_one_capture_and_not_the_station(primary: LiveCamera) -> None:
    class Broken(QuietReader):
        def status(self) -> dict[str, Any]:
            raise KeyError("oops")

    broken = Broken()
    with bench(primary, reader=broken) as one:
        one.tag()
        primary.show(LABELLED)
        got = one.result()
        assert not got.success and "KeyError" in got.message and got.errors == [got.message] and got.tags == [A]
        one.station._reader = QuietReader()
        one.tag(B)
        primary.show(LABELLED)
        assert one.result().success


@pytest.mark.slow
def test_a_disk_that_breaks_down_does_not_end_the_station(primary: LiveCamera) -> None:
    stored: list[str] = []

    def deliver(one: CaptureResult) -> None:
        stored.append(one.tag)
        if len(stored) == 1:
            raise RuntimeError("out of order")

    with bench(primary, deliver=deliver) as one:
        one.tag(A)
        primary.show(LABELLED)
        wait_for(lambda: stored)
        one.tag(B)
        primary.show(LABELLED)
        wait_for(lambda: len(stored) == 2)
    assert stored == [A, B]


def test_stopping_ends_a_capture_with_what_it_has(primary: LiveCamera) -> None:
    with bench(primary, max_attempts=1000, retry_interval_seconds=0.05) as one:
        one.tag()
        primary.show(UNREADABLE)
        wait_for(lambda: one.station._label.levels)
        one.station.stop()
        got = one.result()
    assert not got.success and got.message.startswith("The agent was stopped after") and "primary" in got.pictures


def test_captures_that_may_not_begin_do_not(primary: LiveCamera) -> None:
    allowed = [True, False]
    with bench(primary, may_begin=lambda: allowed.pop(0)) as one:
        one.tag(A)
        primary.show(LABELLED)
        one.result()
        wait_for(lambda: one.nothing_more)
        one.tag(B)
        assert one.nothing_more and allowed == []


def test_tags_only_station_reports_each_new_tag() -> None:
    with bench(kind="tags") as one:
        for tag, is_new in ((A, True), (A, False), (B, True), (A, True)):
            one.tag(tag, is_new)
        got = [one.result() for _ in range(3)]
    assert [each.tag for each in got] == [A, B, A] and all(each.tags == [each.tag] for each in got)
    first = got[0].fields("http://h")
    assert (first["success"], first["number"], first["message"], first["attempts"], first["primary_image_url"]) == (
        True,
        "",
        "Tag read",
        0,
        "",
    )


def test_status_in_one_word_and_a_sentence(primary: LiveCamera) -> None:
    reader = QuietReader()
    with bench(primary, reader=reader, max_attempts=1000, retry_interval_seconds=0.05) as one:
        status = one.station.status()
        assert (status["state"], status["message"], status["cameras"][0]["role"], status["cameras"][0]["state"]) == (
            "waiting",
            "Waiting for a tag.",
            "primary",
            "live",
        )
        one.tag()
        assert one.station.status()["state"] == "capturing"
        primary.show(LABELLED)
        one.result()
        reader.error = "Cannot connect"
        assert (one.station.status()["state"], one.station.status()["message"]) == ("problem", "Cannot connect")


def test_a_station_without_devices_says_so() -> None:
    station = Station(StationSettings(name="gate"), None, lambda one: None)
    status = station.status()
    assert (
        status["state"] == "problem"
        and "reader" in status["message"]
        and [camera["role"] for camera in status["cameras"]] == ["primary"]
    )


def test_each_result_has_an_event_id_of_its_own() -> None:
    assert result().event_id != result().event_id
