"""Metrics as text for Prometheus: made on a native thread, at most once a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any

from gevent.lock import Semaphore

from hub.runtime.metrics import Durations, Family, Metrics
from hub.runtime.offload import offload

if TYPE_CHECKING:
    from prometheus_client import Metric

PREFIX = "gatehouse_"
CACHE_SECONDS = 1.0  # however many ask, the samples are made once a second
MAX_LABEL = 200
OPEN_METRICS = "application/openmetrics-text"


class Exposition:
    """`text(accept)` is the body of /metrics. No registry of the process is used: the families are the hub's own."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lock = Semaphore(1)
        self._made_at = -CACHE_SECONDS
        self._texts: dict[bool, tuple[bytes, str]] = {}  # by whether it is OpenMetrics

    def text(self, accept: str) -> tuple[bytes, str]:
        """The text, and its content type: OpenMetrics where the header `Accept` names it, else Prometheus' own."""
        open_metrics = OPEN_METRICS in accept
        with self._lock:
            if monotonic() - self._made_at >= CACHE_SECONDS:
                self._texts.clear()
                self._made_at = monotonic()
            if open_metrics not in self._texts:
                self._texts[open_metrics] = offload(_encode, self._metrics.collect(), open_metrics)
            return self._texts[open_metrics]


def _encode(families: Iterable[Family | Durations], open_metrics: bool) -> tuple[bytes, str]:
    """Families as text, and its content type. On a native thread."""
    # Imported here: the start of the hub need not wait for it.
    from prometheus_client import exposition
    from prometheus_client.openmetrics import exposition as openmetrics

    if open_metrics:
        made: bytes = openmetrics.generate_latest(_Families(families))  # type: ignore[no-untyped-call]
        return made, openmetrics.CONTENT_TYPE_LATEST
    return exposition.generate_latest(_Families(families)), exposition.CONTENT_TYPE_PLAIN_0_0_4


class _Families:
    """What prometheus_client calls a collector."""

    def __init__(self, families: Iterable[Family | Durations]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        kinds = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}
        made: dict[str, Any] = {}
        for family in self._families:
            name = PREFIX + family.name if not family.name.startswith("process_") else family.name
            if isinstance(family, Durations):
                buckets, total = family.histogram.snapshot()
                histogram = made[name] = HistogramMetricFamily(name, family.help)
                histogram.add_metric([], buckets, total)
                continue
            if name not in made:
                made[name] = kinds[family.kind](name, family.help, labels=family.labels)
            metric = made[name]
            for values, value in family.rows:
                metric.add_metric([label(text) for text in values], value)
        yield from made.values()


def label(text: str) -> str:
    """A label's value of bounded length that can be encoded; the encoder escapes it."""
    text = text[:MAX_LABEL]
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
