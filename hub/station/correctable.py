"""The number of a capture as a value that people may correct."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from hub.contract.errors import NotFound
from hub.station.repository import CAPTURES
from hub.station.tables import Capture
from hub.store.corrected import CAPTURE, RecordValues
from hub.store.reader import Reader

PICTURES = (Capture.label_image, Capture.primary_image, Capture.secondary_image)


class CorrectableCaptures:
    """Implements `hub.store.corrected.Correctable`."""

    field, table, column = "number", CAPTURES, CAPTURE

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def find(self, record_id: str) -> RecordValues:
        """The number of a capture, "" where none was read. Raises NotFound."""
        rows = self._reader.all(select(Capture.seq, Capture.number).where(Capture.id == record_id))
        if not rows:
            raise NotFound(f"There is no capture with the id {record_id[:80]}.")
        return RecordValues(rows[0]["seq"], [str(rows[0]["number"])])

    def fold(self, value: str) -> str:
        """A number is searched as it is."""
        return value

    def pictures(self, seqs: Sequence[int]) -> dict[int, list[list[str]]]:
        """The picture of the label, else those of the vehicle."""
        rows = self._reader.all(select(Capture.seq, *PICTURES).where(Capture.seq.in_(seqs)))
        names = [column.name for column in PICTURES]
        return {row["seq"]: [[row[name] for name in names if isinstance(row[name], str)]] for row in rows}
