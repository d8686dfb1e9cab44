"""Accepts corrections of what devices have read and keeps every one, with who made it and what counted before."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.contract.bounds import bounded_record
from hub.contract.errors import ContractError, NotFound
from hub.contract.paging import json_size
from hub.contract.roles import Principal
from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.corrections.repository import CorrectionRepository, Query
from hub.live.bus import Bus
from hub.live.events import CORRECTION_MADE
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.corrected import CAPTURE, CORRECTIONS, DETECTION, Correctable, Corrected
from hub.store.writer import Writer

log = logging.getLogger(__name__)

MAX_VALUE, MAX_NOTE, MAX_ID = 100, 500, 80
MAX_POSITION = 999
COLUMNS = (CAPTURE.name, DETECTION.name)


@dataclass(frozen=True)
class Asked:
    """What a client wants to correct, with its own words checked and those of the record not yet."""

    kind: str
    record_id: str
    position: int
    value: str
    note: str


class Corrections:
    """Corrections of the kinds of records that may be corrected, by the names of the kinds."""

    def __init__(
        self,
        writer: Writer,
        repository: CorrectionRepository,
        corrected: Corrected,
        bus: Bus,
        kinds: Mapping[str, Correctable],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._writer, self._repository, self._corrected, self._bus = writer, repository, corrected, bus
        self.kinds, self._now = kinds, now

    def correct(self, data: dict[str, Any], author: Principal) -> dict[str, Any]:
        """Store a correction and publish it; as shown. Raises ContractError, NotFound or StoreBusy."""
        asked = self._read(data)
        kind = self.kinds[asked.kind]
        record = kind.find(asked.record_id)
        if asked.position >= len(record.values):
            raise ContractError(
                f"This record has {len(record.values)} of the field {kind.field}; index counts them from 0.",
                [f"index: {asked.position}"],
            )
        folded = kind.fold(asked.value)
        if asked.value and not folded:
            raise ContractError(
                f"value has no letters or digits; a {kind.field} that nobody can read is an empty value.", ["value"]
            )
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row[kind.column.name] = record.seq
        row.update(
            id=str(uuid.uuid4()),
            record_id=asked.record_id,
            field=kind.field,
            position=asked.position,
            read=record.values[asked.position],
            value=asked.value,
            folded=folded,
            newest=True,
            note=asked.note,
            who=author.name or author.kind,
            who_kind=author.kind,
            received_at=self._now(),
        )
        if not self._writer.write(lambda transaction: self._repository.store(transaction, kind, row)):
            raise NotFound("The record has expired meanwhile.")
        self._corrected.any = True
        shown = self.public(row)
        log.info("The %s of the %s %s was corrected by %s.", kind.field, asked.kind, asked.record_id, row["who"])
        self._bus.publish(CORRECTION_MADE, shown)
        return shown

    def _read(self, data: dict[str, Any]) -> Asked:
        """Raises ContractError that names each invalid field."""
        data = bounded_record(data, [])
        errors: list[str] = []
        kind, record_id = str(data.get("kind", "")), data.get("id")
        if kind not in self.kinds:
            errors.append(f"kind is {' or '.join(self.kinds)}")
        elif data.get("field", self.kinds[kind].field) != self.kinds[kind].field:
            errors.append(f"field is {self.kinds[kind].field} for a {kind}")
        if not isinstance(record_id, str) or not 0 < len(record_id) <= MAX_ID:
            errors.append("id is the id of the record")
        position = data.get("index", 0)
        if type(position) is not int or not 0 <= position <= MAX_POSITION:
            errors.append(f"index is a whole number from 0 to {MAX_POSITION}")
        texts = {}
        for key, most, needed in (("value", MAX_VALUE, True), ("note", MAX_NOTE, False)):
            text = data.get(key)
            if text is None and not needed:
                text = ""
            if not isinstance(text, (str, int)) or isinstance(text, bool) or len(str(text)) > most:
                errors.append(f"{key} is a text of at most {most} characters")
            else:
                texts[key] = " ".join(clean(text).split()) if key == "value" else clean(text)
        if errors:
            raise ContractError("The correction cannot be taken: " + "; ".join(errors) + ".", errors)
        return Asked(kind, str(record_id), int(position), texts["value"], texts["note"])

    def find(
        self, kind: str | None, record_id: str | None, limit: int, before: int | None
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Corrections, newest first, and the cursor of the next page: of a kind, of one record, or all."""
        column = self.kinds[kind].column if kind is not None else None
        rows = self._repository.page(Query(limit, before, column, record_id))
        found = offload(self._repository.unreadable.page, rows, limit, self._readable, CORRECTIONS)
        return [self.public(row) for row in found[0]], found[1]

    def _readable(self, row: Row) -> dict[str, Any]:
        json_size(self.public(dict(row)))
        return dict(row)

    def current(self, kind: str | None, after: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Corrections that count now, oldest first, after the row `after`; with the last row looked at."""
        wanted = [self.kinds[kind]] if kind is not None else list(self.kinds.values())
        rows = self._repository.current([each.column for each in wanted], after, limit)
        found = self._repository.unreadable.readable(rows, self._readable, CORRECTIONS)
        return found, rows[-1]["seq"] if rows else after

    def kind_of(self, row: Mapping[str, Any]) -> str:
        """The name of the kind of record that a correction belongs to."""
        return next(name for name, kind in self.kinds.items() if row[kind.column.name] is not None)

    def public(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A correction as readers see it: `kind`, `id`, `field`, `index` and `value` as they were sent."""
        return {
            "correction_id": row["id"],
            "kind": self.kind_of(row),
            "id": row["record_id"],
            "field": row["field"],
            "index": row["position"],
            "read": row["read"],
            "before": row["before"],
            "value": row["value"],
            "note": row["note"],
            "who": row["who"],
            "at": utc_text(row["received_at"]),
            "newest": bool(row["newest"]),
        }
