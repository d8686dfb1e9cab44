"""Metrics of stations: captures, who is online, what waits in each agent's outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hub.runtime.metrics import Family, Row, single
from hub.station.service import Captures
from hub.station.stations import Stations

STATION = ("station",)


def station_metrics(captures: Captures, stations: Stations) -> Iterator[Family]:
    """The families; those of each station are bounded by the number of stations that the hub knows."""
    shown = stations.all()
    online = sum(one["online"] for one in shown)
    states = [(("online",), float(online)), (("offline",), float(len(shown) - online))]
    yield Family("records", "counter", "New records that were stored.", [(("capture",), captures.accepted)], ("kind",))
    yield Family("captures_stored", "gauge", "Stored captures.", single(captures.stored))
    yield Family("stations", "gauge", "Stations by state.", states, ("state",))

    def each(value: Callable[[dict[str, Any]], float]) -> list[Row]:
        return [((one["station"],), float(value(one))) for one in shown]

    yield Family("station_online", "gauge", "1 while its agent reports.", each(lambda one: one["online"]), STATION)
    waiting, rejected = each(lambda one: one["outbox"]["waiting"]), each(lambda one: one["outbox"]["shelved"])
    yield Family("station_outbox_waiting", "gauge", "Results that wait for the hub.", waiting, STATION)
    yield Family("station_outbox_rejected", "gauge", "Results that the hub refused for good.", rejected, STATION)
    yield Family("station_devices_failing", "gauge", "Its reader and cameras with an error.", each(_failing), STATION)
    counted = each(lambda one: max(0, one["captures"]))
    yield Family("station_captures", "counter", "Captures since its agent's start.", counted, STATION)


def _failing(shown: dict[str, Any]) -> int:
    return sum(bool(device["error"]) for device in (shown["reader"], *shown["cameras"]) if device)
