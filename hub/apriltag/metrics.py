"""Metrics of AprilTag boards and games."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hub.apriltag.boards import Boards
from hub.apriltag.games import Games
from hub.apriltag.readings import Readings
from hub.runtime.metrics import Family, single

STATES = ("connected", "stale", "gone")


def apriltag_metrics(boards: Boards, readings: Readings, games: Games) -> Iterator[Family]:
    """The families; boards are counted by their state, of which there are a few."""
    stored = [(("tag_reading",), float(readings.stored))]
    yield Family("records", "counter", "New records that were stored.", stored, ("kind",))
    yield Family("readings_not_stored", "counter", "Acknowledged readings that were lost.", single(readings.lost))
    counts = Counter(boards.states())
    states = [((state,), float(counts[state])) for state in STATES]
    yield Family("boards", "gauge", "AprilTag boards by state.", states, ("state",))
    yield Family("games", "gauge", "Games that listen.", single(len(games)))
