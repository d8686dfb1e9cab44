"""A camera's metrics against the definitions of docs/wire/apriltag.md 2.4, without the flaws listed there."""

from __future__ import annotations

import statistics

import pytest

from hub.video.metrics import Metrics


def fed(intervals: list[float], fixed_ms: int = 0, processing: float = 0.5) -> tuple[Metrics, float]:
    metrics, now = Metrics(fixed_ms), 1000.0
    metrics.add(now, 1000, processing, 640, 480)
    for number, interval in enumerate(intervals):
        now += interval
        metrics.add(now, 2000 + number, processing, 640, 480)
    return metrics, now


def test_too_little_data_is_said_and_is_not_poor() -> None:
    metrics = Metrics()
    assert metrics.body(0.0)["recommendation"] == "WAITING_FOR_DATA" and metrics.words() == {
        "jitter": "",
        "efficiency": "",
        "processing": "",
    }
    metrics, now = fed([])
    assert (
        metrics.body(now)["recommendation"] == "WAITING_FOR_DATA"
        and metrics.body(now)["total_frames"] == 1
        and metrics.body(now)["resolution"] == "640x480"
    )
    metrics, now = fed([1.0] * 9)
    body = metrics.body(now)
    assert (
        body["recommendation"].startswith("INSUFFICIENT_DATA")
        and body["efficiency"] == 0.0
        and body["target_fps"] == 1.0
    )
    metrics, now = fed([1.0] * 10)
    assert metrics.body(now)["recommendation"].startswith("OPTIMAL") and metrics.body(now)["efficiency"] == 100.0


def test_the_definitions() -> None:
    intervals = [0.1, 0.12, 0.09, 0.1, 0.3, 0.1, 0.11, 0.1, 0.1, 0.1, 0.1, 0.1]
    metrics, now = fed(intervals)
    body, mean = metrics.body(now), statistics.fmean(intervals)
    median = sorted(intervals)[len(intervals) // 2]
    assert (body["jitter"], body["avg_interval"], body["min_interval"], body["max_interval"]) == (
        round(statistics.pstdev(intervals), 3),
        round(mean, 3),
        0.09,
        0.3,
    )
    assert body["avg_fps"] == round(1 / mean, 3) and body["target_fps"] == round(1 / median, 1)
    assert body["efficiency"] == round(100 * (1 - abs(mean - median) / median), 1)
    assert (body["min_size"], body["max_size"], body["total_frames"], body["dropped_frames"]) == (1000, 2011, 13, 0)
    arrivals = [0.0]
    for interval in intervals:
        arrivals.append(arrivals[-1] + interval)
    assert body["current_fps"] == round(9 / (arrivals[-1] - arrivals[-10]), 2)
    assert metrics.rate_body(now) == {
        "fps": body["current_fps"],
        "target_fps": 10.0,
        "interval_ms": 100,
        "width": 640,
        "height": 480,
        "resolution": "640x480",
    }


def test_only_the_last_twenty_count() -> None:
    metrics, now = fed([5.0] * 30 + [0.5] * 20)
    body = metrics.body(now)
    assert (body["max_interval"], body["jitter"], body["target_fps"], body["total_frames"]) == (0.5, 0.0, 2.0, 51)


def test_a_fixed_target() -> None:
    metrics, now = fed([0.2] * 12, fixed_ms=100)
    assert (
        metrics.body(now)["efficiency"],
        metrics.body(now)["target_fps"],
        metrics.rate_body(now)["interval_ms"],
    ) == (50.0, 10.0, 100)
    metrics, now = fed([0.05] * 12, fixed_ms=100)
    assert metrics.body(now)["efficiency"] == 200.0


def test_the_rate_sinks_when_frames_stop() -> None:
    metrics, now = fed([0.1] * 12)
    rates = [metrics.fps(now + later) for later in (0.0, 0.1, 0.3, 0.6, 0.9)]
    assert (
        rates[0] == pytest.approx(10)
        and rates[1] == pytest.approx(10)
        and rates == sorted(rates, reverse=True)
        and 0 < rates[-1] < 6
    )
    assert metrics.fps(now + 1.01) == 0.0
    slow, now = fed([4.0] * 5)
    assert slow.fps(now + 3) == pytest.approx(0.25) and 0 < slow.fps(now + 11) < 0.25 and slow.fps(now + 13) == 0.0


@pytest.mark.parametrize(
    ("intervals", "processing", "word"),
    [
        ([0.1] * 12, 1, "OPTIMAL"),
        ([0.1] * 11 + [0.25], 1, "GOOD"),
        ([0.1] * 10 + [0.35], 1, "FAIR"),
        ([1.0] * 10 + [4.0], 1, "UNSTABLE"),
        ([0.1] * 10 + [1.0], 60, "SLOW"),
        ([0.1] * 10 + [1.0], 1, "POOR"),
        ([0.1] * 10 + [9.0], 1, "UNSTABLE"),
    ],
)
def test_recommendations(intervals: list[float], processing: float, word: str) -> None:
    metrics, now = fed(intervals, processing=processing)
    assert metrics.body(now)["recommendation"].startswith(word), metrics.body(now)


@pytest.mark.parametrize(
    ("intervals", "processing", "words"),
    [
        ([0.1] * 12, 0.5, ("EXCELLENT", "OPTIMAL", "FAST")),
        ([0.1, 0.4] * 8, 5, ("GOOD", "POOR", "GOOD")),
        ([0.1, 0.9] * 8, 20, ("OK", "POOR", "OK")),
        ([0.1, 1.9] * 8, 70, ("HIGH", "POOR", "SLOW")),
    ],
)
def test_words(intervals: list[float], processing: float, words: tuple[str, str, str]) -> None:
    assert tuple(fed(intervals, processing=processing)[0].words().values()) == words


def test_history_has_a_value_for_each_second() -> None:
    metrics, now = fed([0.5] * 200)
    history = metrics.history(now + 3)
    assert {name: len(values) for name, values in history.items()} == {
        "fps": 60,
        "size": 60,
        "processing_ms": 60,
        "longest_gap_ms": 60,
    }
    assert history["fps"][:50] == [2] * 50 and history["fps"][-2:] == [0, 0] and history["longest_gap_ms"][0] == 500
