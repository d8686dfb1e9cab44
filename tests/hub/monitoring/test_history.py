"""The last hour in samples: rates between two of them, bounded, for viewers."""

from __future__ import annotations

import logging

import gevent

from hub.monitoring import history
from hub.monitoring.history import SERIES, History
from hub.runtime.recent_lines import RecentLines
from hub.store.writer import Writer
from tests.support.helpers import capture_result, wait_for


def is_quiet(writer: Writer) -> bool:
    """Whether nothing was stored for a moment: what follows from a record, such as its visit, is stored after it."""
    before = writer.commits
    gevent.sleep(0.5)
    return writer.pending == 0 and writer.commits == before


def test_samples_say_what_happened_since_the_one_before(client) -> None:
    hub = client.application.extensions["gatehouse"]
    samples = hub.part(History)
    wait_for(lambda: gevent.sleep(0.1) or len(samples), what="the hub's own first sample; the next is 10 s away")
    samples._samples.clear()
    empty = client.get("/api/status/history").json
    assert empty["times"] == [] and set(empty["series"]) == set(SERIES) and not any(empty["series"].values())
    samples.sample()
    for number in range(5):
        assert client.post("/api/captures", json=capture_result(event_id=str(number))).status_code == 201
    hub.part(RecentLines).emit(logging.LogRecord("test", logging.ERROR, "", 0, "wrong", (), None))
    wait_for(lambda: is_quiet(hub.writer), what="that everything about the captures is stored")
    samples._taken_at -= 10
    samples.sample()
    samples.sample()
    found = client.get("/api/status/history").json
    assert len(found["times"]) == 3 and found["times"] == sorted(found["times"]) and found["interval_seconds"] == 10
    rows = [dict(zip(found["series"], values, strict=True)) for values in zip(*found["series"].values(), strict=True)]
    # Five captures in ten seconds, and what was stored of their visits by then.
    assert 0.4 <= rows[1]["records_per_second"] <= 1.1 and rows[1]["errors"] == 1 and rows[1]["commit_ms"] > 0
    assert rows[2]["records_per_second"] == rows[2]["errors"] == rows[2]["commit_ms"] == 0
    assert all(row["memory_mb"] > 10 and row["pending_writes"] == 0 for row in rows)


def test_an_hour_is_kept_and_no_more(client) -> None:
    samples = client.application.extensions["gatehouse"].part(History)
    for _ in range(history.CAPACITY + 5):
        samples.sample()
    body = client.get("/api/status/history")
    assert len(samples) == len(body.json["times"]) == 360 and len(body.data) < 60_000


def test_the_longest_delay_of_the_loop_is_taken_once(client) -> None:
    hub = client.application.extensions["gatehouse"]
    hub.loop._longest_taken = 8000.0
    hub.part(History).sample()
    hub.part(History).sample()
    first, second = client.get("/api/status/history").json["series"]["loop_lag_ms"][-2:]
    assert first == 8000 and second < 8000
