"""Keeps pulses in the database: before each one, so that no restart opens a barrier twice for one visit."""

from __future__ import annotations

import logging

from hub.barriers.pulse import Pulse, loaded
from hub.barriers.repository import PULSES, PulseRepository
from hub.contract.errors import RequestError, Unavailable
from hub.runtime.time_limit import time_limit
from hub.store.errors import DatabaseError
from hub.store.writer import Writer

log = logging.getLogger(__name__)

STORE_SECONDS = 1.0  # a person does not wait longer for the disk; an automatic pulse would be late
LOADED = 200  # pulses of each barrier that are known from the start


class PulseBook:
    """`hub.barriers.lane.Book` with the hub's writer."""

    def __init__(self, writer: Writer, repository: PulseRepository) -> None:
        self._writer, self._repository = writer, repository
        self.not_stored = 0

    def load(self, barrier: str) -> list[Pulse]:
        """The newest pulses of a barrier, newest first, without those that cannot be read."""
        fetch = self._repository.newest
        return self._repository.unreadable.load(lambda: fetch(barrier, LOADED), loaded, PULSES)

    def begin(self, pulse: Pulse) -> bool:
        """Store a pulse; a person's is sent even where that is not possible. Raises Unavailable."""
        row, once = pulse.row(), pulse.automatic
        stored: list[bool] = []
        try:
            with time_limit(STORE_SECONDS):
                stored.append(self._writer.write(lambda transaction: self._repository.add(transaction, row, once)))
            if not stored:
                raise Unavailable(f"the disk did not answer within {STORE_SECONDS:g} seconds")
        except (RequestError, DatabaseError) as error:
            self.not_stored += 1
            log.error("The pulse of the barrier %s is not stored: %s", pulse.barrier, error)
            if pulse.automatic:
                raise Unavailable("The hub cannot store the pulse, so it could come twice; open it by hand.") from error
            return True
        return stored[0]

    def end(self, pulse: Pulse) -> None:
        """Store how a pulse ended."""
        at, problem = pulse.ended_at or pulse.at, pulse.problem
        try:
            with time_limit(STORE_SECONDS):
                self._writer.write(lambda transaction: self._repository.end(transaction, pulse.id, at, problem))
        except (RequestError, DatabaseError) as error:
            log.error("The end of the pulse of the barrier %s is not stored: %s", pulse.barrier, error)
