"""The record of a pending result: all that its database row holds, in a file beside its pictures.

The files make the outbox independent of its database: one that is lost is rebuilt from them.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent_lib.outbox.files import remove
from agent_lib.runtime.durable_files import replace_durably
from agent_lib.runtime.moment import Moment
from agent_lib.station.result import ROLES

log = logging.getLogger(__name__)

RECORD, SETTLED = ".json", ".done"
_VERSION = 1


@dataclass(frozen=True)
class Record:
    """`sequence` is the row id, which gives the order; `sizes` are the pictures' bytes by role.

    `reason` and `shelved_ts` are set in the dead-letter queue. `captured`: when the tags of a complete capture were
    stored; None where they are to be captured again.
    """

    sequence: int
    fields: dict[str, Any]
    sizes: dict[str, int]
    reason: str | None = None
    shelved_ts: float | None = None
    captured: Moment | None = None

    @property
    def event_id(self) -> str:
        """The result's idempotency key."""
        return str(self.fields["event_id"])

    def row(self, row_id: int | None) -> tuple[Any, ...]:
        """Values of the columns id, event_id, fields, roles, bytes, reason and shelved_ts."""
        text = json.dumps(self.fields, ensure_ascii=False)
        size = sum(self.sizes.values()) + len(text)
        return (row_id, self.event_id, text, ",".join(self.sizes), size, self.reason, self.shelved_ts)


def parse_fields(text: str | bytes, event_id: str) -> dict[str, Any] | None:
    """The documented fields in a row or record; None if they cannot be read."""
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    return _checked(fields, event_id)


def _checked(fields: Any, event_id: str) -> dict[str, Any] | None:
    if not isinstance(fields, dict) or fields.get("event_id") != event_id:
        return None
    return fields if isinstance(fields.get("errors"), list) else {**fields, "errors": []}


def _moment(value: Any) -> Moment | None:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, int | float) for part in value):
        return Moment(*value)
    return None


class RecordFiles:
    """`{event_id}.json` of each pending result; `{event_id}.done` while a settled one is being removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, record: Record) -> None:
        """Write or replace a record, durably but for its directory entry. Raises OSError."""
        remove(self._path(record.event_id, SETTLED))
        content = {
            "version": _VERSION,
            "sequence": record.sequence,
            "pictures": record.sizes,
            "reason": record.reason,
            "shelved_ts": record.shelved_ts,
            "captured": record.captured,
            "fields": record.fields,
        }
        replace_durably(self._path(record.event_id), json.dumps(content, ensure_ascii=False).encode())

    def read(self, event_id: str) -> Record | None:
        """A record; None if there is none or it cannot be read."""
        try:
            content = json.loads(self._path(event_id).read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(content, dict) or not isinstance(content.get("sequence"), int):
            return None
        fields, sizes = _checked(content.get("fields"), event_id), content.get("pictures")
        if fields is None or not isinstance(sizes, dict):
            return None
        reason, shelved_ts = content.get("reason"), content.get("shelved_ts")
        return Record(
            content["sequence"],
            fields,
            {role: size for role, size in sizes.items() if role in ROLES and isinstance(size, int)},
            reason if isinstance(reason, str) else None,
            shelved_ts if isinstance(shelved_ts, int | float) else None,
            _moment(content.get("captured")),
        )

    def shelve(self, event_id: str, reason: str, shelved_ts: float) -> None:
        """Note in the record that the hub rejects the result; a failure is logged."""
        record = self.read(event_id)
        if record is None:
            return
        try:
            self.write(replace(record, reason=reason, shelved_ts=shelved_ts))
        except OSError as error:
            log.warning("%s cannot be written (%s).", self._path(event_id), error)

    def settle(self, event_id: str) -> None:
        """Mark a result as done for good, before its row is deleted: no later start sends it again."""
        try:
            os.replace(self._path(event_id), self._path(event_id, SETTLED))
        except FileNotFoundError:
            return  # stored by a version without records
        except OSError as error:
            log.warning("%s cannot be renamed (%s).", self._path(event_id), error)

    def remove(self, event_id: str) -> None:
        """Remove what is left of a settled result, after its row and pictures."""
        for ending in (RECORD, SETTLED):
            remove(self._path(event_id, ending))

    def _path(self, event_id: str, ending: str = RECORD) -> Path:
        return self._folder / f"{event_id}{ending}"
