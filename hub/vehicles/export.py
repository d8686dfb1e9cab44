"""The register as a CSV file that an import reads again, made while it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

import gevent

from hub.contract.csv_cells import BOM, encode_rows
from hub.contract.errors import Unavailable
from hub.runtime.lanes import LaneBusy, Lanes
from hub.vehicles.csv_lines import COLUMNS, csv_row
from hub.vehicles.listing import VehicleLists, Wanted
from hub.vehicles.vehicle import Vehicle

ROWS = 250  # of one piece
MOST_AT_ONCE = 2
TRIES, PAUSE_SECONDS = 30, 1.0
HEAD = BOM + encode_rows([COLUMNS])


class VehicleExports:
    """Files of vehicles, a few at a time."""

    def __init__(self, lists: VehicleLists, lanes: Lanes, zone: tzinfo | None) -> None:
        self._lists, self._lanes, self._zone = lists, lanes, zone
        self._running = 0

    def csv(self, wanted: Wanted) -> VehicleCsv:
        """The vehicles that match, in the order of their entry. Raises Unavailable, and as the list."""
        if self._running >= MOST_AT_ONCE:
            raise Unavailable(
                f"{MOST_AT_ONCE} files of vehicles are being made already. Try again when one is done.", retry_after=10
            )
        return VehicleCsv(self, wanted)

    def count(self, more: int) -> None:
        """So many more files are being made."""
        self._running += more

    def piece(self, wanted: Wanted, after: int) -> tuple[bytes, int]:
        """The lines of the next vehicles, and the place behind them (0 at the end). Raises as the list."""
        for attempt in range(TRIES):
            try:
                found, last = self._lists.after(wanted, after, ROWS)
                return self._lanes.exports.run(self._lines, found), last
            except LaneBusy:
                if attempt + 1 == TRIES:
                    raise
                gevent.sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")

    def _lines(self, vehicles: list[Vehicle]) -> bytes:
        return encode_rows(csv_row(vehicle, self._zone) for vehicle in vehicles)


class VehicleCsv:
    """The pieces of a file. The first is made at once, so that a refused search is refused as such."""

    def __init__(self, exports: VehicleExports, wanted: Wanted) -> None:
        self._exports, self._wanted, self._open = exports, wanted, True
        exports.count(1)
        try:
            self._first, self._after = exports.piece(wanted, 0)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield HEAD + self._first
            while self._after:
                piece, self._after = self._exports.piece(self._wanted, self._after)
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        """The file was sent, or nobody reads it any more."""
        if self._open:
            self._open = False
            self._exports.count(-1)
