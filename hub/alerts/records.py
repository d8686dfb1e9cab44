"""Finds the alerts among the stored records, each once, whenever the hub ends.

The position up to which the records were looked at is stored in the commit of the alerts that were found. So a record
that was committed a moment before a crash is looked at after the next start, and none is looked at twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from hub.contract.alerts import Notable, NotableRecords

log = logging.getLogger(__name__)

STEP = 2000  # records that one query looks at
MAX_BEHIND = 100_000


class RecordAlerts:
    """`positions` is how far each kind of record was looked at."""

    def __init__(self, sources: Mapping[str, NotableRecords]) -> None:
        self._sources = sources
        self.positions: dict[str, int] = {}
        self.left_out = 0

    def start(self, positions: dict[str, int]) -> None:
        """Go on from stored positions; a new kind begins with its next record. Raises DatabaseError, LaneBusy."""
        for name, source in self._sources.items():
            newest = source.newest()
            # A position ahead of the records is of another database.
            self.positions[name] = min(positions.get(name, newest), newest)

    def next(self) -> tuple[list[Notable], bool]:
        """What is notable among the next records, up to STEP of each kind, and whether there are more records.

        Raises DatabaseError or LaneBusy; the same records are then the next ones again.
        """
        found: list[Notable] = []
        ends: dict[str, int] = {}
        more = False
        for name, source in self._sources.items():
            newest, position = source.newest(), self.positions[name]
            if newest - position > MAX_BEHIND:
                self.left_out += newest - MAX_BEHIND - position
                log.warning("%d stored %s are too many to look for alerts in; the newest are.", newest - position, name)
                position = newest - MAX_BEHIND
            until = min(newest, position + STEP)
            if until > position:
                found += source.notable(position, until)
            ends[name] = until
            more = more or until < newest
        self.positions.update(ends)
        return found, more
