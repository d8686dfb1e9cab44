"""/metrics as Prometheus reads it: from a real hub, with names that need escaping, with thousands of names."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse

from hub.lpr.service import Lpr
from hub.monitoring.exposition import MAX_LABEL, Exposition, label
from hub.runtime.histogram import Histogram
from hub.runtime.metrics import Family, Row
from hub.station.contract.status import parse_status
from hub.station.stations import Stations
from tests.support.helpers import ROOT, HubProcess, capture_result, wait_for

ODD = 'north "gate"\\ {1}\n2 กข'
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    found = [sample for family in parse(text) for sample in family.samples]
    made = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in found}
    assert len(made) == len(found), "no sample comes twice"
    return made


def scraped(client: Any) -> Samples:
    """The samples of a new text: one is kept for a second."""
    client.application.extensions["gatehouse"].part(Exposition)._texts.clear()
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return samples(answer.text)


def test_a_real_hub_with_records_and_a_station(hub: HubProcess) -> None:
    for number in range(3):
        assert requests.post(f"{hub.url}/api/captures", json=capture_result(event_id=str(number)), timeout=10).ok
    assert requests.post(f"{hub.url}/api/captures", json=capture_result(event_id="0"), timeout=10).ok
    record = {"camera_id": "cam 1", "checkpoint_id": "1", "timestamp": "2026-01-28T10:00:00Z", "ocr_results": ["A1"]}
    assert requests.post(f"{hub.url}/api/detection", json=record, timeout=10).ok
    status = {
        "station": "north",
        "state": "waiting",
        "captures": 4,
        "reader": {"state": "connected"},
        "cameras": [{"role": "primary", "error": "Stream timeout"}],
        "outbox": {"waiting": 7, "shelved": 2},
    }
    assert requests.post(f"{hub.url}/api/stations/status", json=status, timeout=10).ok
    answer = wait_for(lambda: after(hub, 'gatehouse_station_outbox_waiting{station="north"}'))
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    found = wait_for(lambda: between_commits(hub), what="a text in which no commit was counted in part")
    of_station = (("station", "north"),)
    assert found["gatehouse_station_outbox_waiting", of_station] == 7
    assert found["gatehouse_station_outbox_rejected", of_station] == 2
    assert found["gatehouse_station_online", of_station] == found["gatehouse_station_devices_failing", of_station] == 1
    assert found["gatehouse_station_captures_total", of_station] == 4
    assert found["gatehouse_records_total", (("kind", "capture"),)] == 3, "a duplicate is no new record"
    assert found["gatehouse_records_total", (("kind", "detection"),)] == 1
    assert found["gatehouse_cameras", (("state", "online"),)] == 1
    assert found["gatehouse_camera_online", (("camera", "cam 1"),)] == 1
    assert found["gatehouse_stations", (("state", "offline"),)] == 0
    assert found["gatehouse_commit_seconds_count", ()] == found["gatehouse_commits_total", ()] >= 4
    assert found["gatehouse_commit_seconds_bucket", (("le", "+Inf"),)] == found["gatehouse_commit_seconds_count", ()]
    assert found["gatehouse_event_loop_lag_seconds_count", ()] >= 1
    assert found["gatehouse_disk_free_bytes", ()] > 0 and found["gatehouse_disk_full", ()] == 0
    assert found["gatehouse_store_failing", ()] == 0 and found["gatehouse_writes_pending", ()] == 0
    assert found["gatehouse_listener_up", (("listener", "lpr"),)] == 1
    assert found["gatehouse_task_running", (("task", "writer"),)] == 1
    assert found["process_resident_memory_bytes", ()] > 10e6
    assert found["gatehouse_connections", (("kind", "tcp"),)] >= 1
    assert found["gatehouse_log_lines_total", (("level", "INFO"),)] > 0


def test_the_page_of_operations_names_every_metric(hub: HubProcess) -> None:
    text = requests.get(f"{hub.url}/metrics", timeout=10).text
    served = {name for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE) if not name.endswith("_created")}
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = page.partition("### Know the metrics")[2].partition("\n```")[0]
    assert set(re.findall(r"`((?:gatehouse|process)_\w+[a-z])`", section)) == served


def between_commits(hub: HubProcess) -> Samples | None:
    """The samples, unless a commit ended while the text was made: visits are stored a moment after their records."""
    found = samples(requests.get(f"{hub.url}/metrics", timeout=10).text)
    return found if found["gatehouse_commit_seconds_count", ()] == found["gatehouse_commits_total", ()] else None


def after(hub: HubProcess, text: str) -> requests.Response | None:
    """The answer once it has `text`: the text is made once a second."""
    answer = requests.get(f"{hub.url}/metrics", timeout=10)
    assert answer.status_code == 200
    return answer if text in answer.text else None


def test_open_metrics_where_it_is_asked_for(hub: HubProcess) -> None:
    headers = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.1"}
    answer = requests.get(f"{hub.url}/metrics", headers=headers, timeout=10)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    names = {family.name for family in parse_open_metrics(answer.text)}
    assert {"gatehouse_records", "gatehouse_commit_seconds", "gatehouse_disk_full"} <= names


def test_names_are_escaped_and_no_name_forges_a_sample(client) -> None:
    hub = client.application.extensions["gatehouse"]
    hub.part(Stations).report(parse_status({"station": ODD}))
    hub.part(Lpr).cameras.seen(ODD, "1", "http", "10.0.0.1")
    found = scraped(client)
    shown = hub.part(Stations).all()[0]["station"]
    assert found["gatehouse_station_online", (("station", shown),)] == 1 and '"gate"\\' in shown
    assert found["gatehouse_camera_online", (("camera", ODD),)] == 1
    assert label("a\ud800\u2028" + "x" * 1000) == "a?\u2028" + "x" * (MAX_LABEL - 3)


def test_invented_names_make_no_more_series_than_the_hub_knows(client) -> None:
    hub = client.application.extensions["gatehouse"]
    most_cameras, most_stations = hub.settings.lpr.max_cameras, hub.settings.limits.max_stations
    stations, cameras = hub.part(Stations), hub.part(Lpr).cameras
    for number in range(most_stations):
        client.post("/api/stations/status", json={"station": f"station {number}"})
    for number in range(100):
        client.post("/api/stations/status", json={"station": f"invented {number}"})
    for number in range(most_cameras + 500):
        cameras.seen(f"camera {number}", "1", "http", f"10.0.{number % 200}.1")
    names = [name for name, _ in scraped(client)]
    assert names.count("gatehouse_station_online") == len(stations.all()) == most_stations
    assert names.count("gatehouse_camera_online") == len(cameras.listed()) == most_cameras
    assert len(names) < most_cameras + 10 * most_stations


def test_the_text_is_made_on_a_native_thread_and_once_a_second(client) -> None:
    hub = client.application.extensions["gatehouse"]
    threads: list[int] = []

    def rows() -> Iterator[Row]:
        threads.append(threading.get_ident())
        yield (), 1

    hub.metrics.add(lambda: [Family("of_the_test", "gauge", "A test.", rows())])
    answers = {client.get("/metrics").text for _ in range(5)}
    assert len(answers) == len(threads) == 1 and threads[0] != threading.get_ident()
    assert "gatehouse_of_the_test 1.0" in answers.pop()


def test_odd_accept_headers_choose_one_of_two_texts(client) -> None:
    odd = ["x" * 5000, "application/openmetrics-text;version=x", "text/plain;version=9.9.9;escaping=\x01", "", "*/*"]
    for accept in odd:
        answer = client.get("/metrics", headers={"Accept": accept})
        assert answer.status_code == 200 and "gatehouse_commits" in answer.text
        assert ("openmetrics" in accept) is answer.content_type.startswith("application/openmetrics-text")
        assert "x;" not in answer.content_type and "9.9" not in answer.content_type


def test_a_part_that_fails_hides_no_other(client, caplog: pytest.LogCaptureFixture) -> None:
    hub = client.application.extensions["gatehouse"]
    hub.metrics.add(lambda: 1 / 0)
    assert scraped(client)["gatehouse_scrape_failures_total", ()] == 0, "counted when it was made"
    assert scraped(client)["gatehouse_scrape_failures_total", ()] == 1
    assert scraped(client)["gatehouse_commits_total", ()] >= 0
    assert caplog.text.count("The metrics of a part cannot be shown.") == 1


def test_a_histogram_counts_each_duration_once() -> None:
    histogram = Histogram((0.01, 0.1, 1.0))
    for seconds in (0.0, 0.01, 0.02, 0.5, 3.0):
        histogram.observe(seconds)
    rows, total = histogram.snapshot()
    assert rows == [("0.01", 2), ("0.1", 3), ("1.0", 4), ("+Inf", 5)]
    assert total == pytest.approx(3.53) and histogram.longest == 3.0
