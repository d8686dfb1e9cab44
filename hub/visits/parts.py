"""The parts of the hub that the service of visits works with."""

from __future__ import annotations

from dataclasses import dataclass

from hub.contract.errors import RequestError
from hub.live.bus import Bus
from hub.live.links import Links
from hub.store.errors import DatabaseError
from hub.store.feeds import Positions
from hub.store.writer import Writer
from hub.visits.assessment import Assessment
from hub.visits.checkpoints import Checkpoints
from hub.visits.intake import Intake
from hub.visits.repository import VisitRepository

CONSUMER = "visits"  # of the positions in the feeds
UNAVAILABLE = (RequestError, DatabaseError)


@dataclass(frozen=True)
class Parts:
    """What the service works with."""

    writer: Writer
    repository: VisitRepository
    positions: Positions
    bus: Bus
    links: Links
    intake: Intake
    checkpoints: Checkpoints
    assessment: Assessment
