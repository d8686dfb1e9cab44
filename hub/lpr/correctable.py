"""The plates of a detection as values that people may correct."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import select

from hub.contract.errors import NotFound
from hub.contract.plates import normalise_plate
from hub.lpr.repository.records import RECORDS
from hub.lpr.tables import LprPlate, LprRecord
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.corrected import DETECTION, RecordValues
from hub.store.reader import Reader
from hub.store.salvage import READ_ERRORS

WHOLE = ("original_image", "annotated_image", "image")


class CorrectableDetections:
    """Implements `hub.store.corrected.Correctable`."""

    field, table, column = "plate", RECORDS, DETECTION

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def find(self, record_id: str) -> RecordValues:
        """The plates of a detection in their order, one that is "" where none was read. Raises NotFound."""
        rows = self._reader.all(select(LprRecord.seq).where(LprRecord.id == record_id))
        if not rows:
            raise NotFound(f"There is no record with the id {record_id[:80]}.")
        seq = rows[0]["seq"]
        plates = select(LprPlate.text).where(LprPlate.record_seq == seq).order_by(LprPlate.position)
        return RecordValues(seq, [str(row["text"]) for row in self._reader.all(plates)] or [""])

    def fold(self, value: str) -> str:
        """A plate is searched by its letters and digits."""
        return normalise_plate(value)

    def pictures(self, seqs: Sequence[int]) -> dict[int, list[list[str]]]:
        """The picture of each plate alone where the camera sent one for each, else the whole picture."""
        rows = self._reader.all(select(LprRecord.seq, LprRecord.body).where(LprRecord.seq.in_(seqs)))
        plates = self._reader.all(select(LprPlate.record_seq).where(LprPlate.record_seq.in_(seqs)))
        counts = [row["record_seq"] for row in plates]
        found: dict[int, list[list[str]]] = offload(_names, rows, {seq: counts.count(seq) or 1 for seq in seqs})
        return found


def _names(rows: Sequence[Row], counts: dict[int, int]) -> dict[int, list[list[str]]]:
    found = {}
    for row in rows:
        count = counts[row["seq"]]
        try:
            pictures = orjson.loads(row["body"])["pictures"]
            crops = [str(name) for name in pictures.get("cropped_plates", [])]
            whole = [str(pictures[key]) for key in WHOLE if pictures.get(key)]
        except READ_ERRORS:
            continue
        alone = [[name] for name in crops] if len(crops) == count else [[] for _ in range(count)]
        found[row["seq"]] = [[*names, *whole] for names in alone]
    return found
