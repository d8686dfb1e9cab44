"""What parts of the hub show as metrics: families of samples, made when somebody asks for them and not before."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from hub.runtime.histogram import Histogram
from hub.runtime.log_throttle import LogThrottle

log = logging.getLogger(__name__)

Row = tuple[tuple[str, ...], float]
"""The values of a family's labels, and the value of the sample."""


@dataclass(frozen=True)
class Family:
    """Samples of one name.

    `name`: without the prefix `gatehouse_` and without `_total`. `rows` is read on a native thread: where it is a
    generator over many things, it goes over a copy of their list. `labels`: their names, which `rows` has values of.
    """

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    rows: Iterable[Row]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Durations:
    """A family with one histogram, in seconds."""

    name: str
    help: str
    histogram: Histogram


Source = Callable[[], Iterable[Family | Durations]]


def single(value: float) -> list[Row]:
    """The rows of a family with one sample and no label."""
    return [((), value)]


class Metrics:
    """The sources of all parts. A source runs on the event loop and takes no longer than a copy of a list does."""

    def __init__(self) -> None:
        self._sources: list[Source] = []
        self._throttle = LogThrottle(60.0)
        self.failed = 0  # sources that raised, since the start

    def add(self, source: Source) -> None:
        """Add the families of a part; parts may share a family by its name."""
        self._sources.append(source)

    def collect(self) -> list[Family | Durations]:
        """The families of all sources, without those of one that fails."""
        found: list[Family | Durations] = []
        for source in self._sources:
            try:
                found.extend(source())
            except Exception:  # whatever a part holds, the metrics of the others are shown
                self.failed += 1
                if self._throttle.due():
                    log.exception("The metrics of a part cannot be shown.")
        return found
