"""Stores the detections of one commit together: each once, with its pictures (`Writer.write_with`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from hub.lpr.contract.record import Detection
from hub.lpr.recent import RecentKeys
from hub.lpr.repository.detections import DetectionRepository, NewDetection, encode
from hub.store.backend import Cursor, Row
from hub.store.batch import BatchStore, SingleStatement
from hub.store.pack_writer import HEADER
from hub.store.packs import pack_of
from hub.store.picture_store import RecordPictures
from hub.store.salvage import READ_ERRORS
from hub.store.transaction import Transaction

SAME_SECONDS = 300.0  # equal content without any time or id is the same record for this long


class StoredDetection(NamedTuple):
    """The result of a detection: id and warnings for its sender, and the name of its first picture."""

    id: str
    warnings: list[str]
    saved: str
    duplicate: bool


class DetectionStore(BatchStore):
    """Each detection once, with its plates, pictures and counters."""

    def __init__(self, packs: RecordPictures, repository: DetectionRepository, recent: RecentKeys) -> None:
        self._packs, self._repository, self._recent = packs, repository, recent
        self.setup = repository.setup

    def single_statement(self, transaction: Transaction, items: list[NewDetection]) -> SingleStatement | None:
        """For records of cameras that are all known; all new, where the statement does not leave out known ones."""
        if not self._repository.has_single_statement or any(item.new_camera is not None for item in items):
            return None
        if self._repository.leaves_out_known and (
            any(item.record.timeless for item in items) or len({item.record.event_key for item in items}) < len(items)
        ):
            return None
        self._note_timeless(transaction, items)
        self._keep_pictures(transaction, items)
        sql, values, stored = self._repository.single_statement(transaction, items)
        results = [self._result(item, item) for item in items]
        if stored is None:
            return sql, values, results

        def finish(cursor: Cursor) -> list[StoredDetection | None]:
            new = stored(cursor)
            return [result if number in new else None for number, result in enumerate(results)]

        return sql, values, finish

    def store(self, transaction: Transaction, items: list[NewDetection]) -> list[StoredDetection]:
        """Store what is new; a result for each, in their order."""
        known = self._known(transaction, items)
        fresh: dict[bytes, NewDetection] = {}
        for item in items:
            if item.record.event_key not in known:
                fresh.setdefault(item.record.event_key, item)
        if fresh:
            for item in fresh.values():
                if item.new_camera is not None:
                    self._repository.upsert_camera(transaction, item.new_camera)
            new = list(fresh.values())
            self._note_timeless(transaction, new)
            self._keep_pictures(transaction, new)
            self._repository.insert_batch(transaction, new)
        return [known.get(item.record.event_key) or self._result(fresh[item.record.event_key], item) for item in items]

    def _note_timeless(self, transaction: Transaction, items: list[NewDetection]) -> None:
        for item in items:
            if item.record.timeless:
                self._recent.add(item.record.event_key, item.record.received_at, transaction)

    @staticmethod
    def _result(first: NewDetection, item: NewDetection) -> StoredDetection:
        """The result of `item`, whose content was stored as `first`."""
        return StoredDetection(
            first.row["id"], first.record.warnings, saved_name(first.body["pictures"]), first is not item
        )

    def _known(self, transaction: Transaction, items: list[NewDetection]) -> dict[bytes, StoredDetection]:
        """What is stored with the same content, by its idempotency key."""
        wanted = {item.record.event_key: item.record for item in items}
        known = {}
        for row in self._repository.find_events(transaction, list(wanted)):
            record = wanted[row["event_key"]]
            if record.timeless and self._age(record, row) > SAME_SECONDS:
                # The same content without any time or id, much later: another event. The stored row releases the key.
                self._repository.release_key(transaction, record.event_key)
                continue
            known[record.event_key] = _stored_before(row)
        return known

    def _age(self, record: Detection, row: Row) -> float:
        return self._recent.age(record.event_key, record.received_at, row["received_at"])

    def _keep_pictures(self, transaction: Transaction, items: list[NewDetection]) -> None:
        """Append the pictures to the packs and complete each row with their names."""
        pictures = [(item, picture) for item in items for picture in item.record.pictures]
        names = self._packs.put_all(transaction, [(picture.data, picture.suffix) for _, picture in pictures])
        for item in items:
            item.body["pictures"] = {}
            item.row["pack"] = item.row["picture_bytes"] = 0
        for (item, picture), name in zip(pictures, names, strict=True):
            if picture.field == "cropped_plates":
                item.body["pictures"].setdefault("cropped_plates", []).append(name)
            else:
                item.body["pictures"][picture.field] = name
            item.row["pack"] = pack_of(name)
            item.row["picture_bytes"] += len(picture.data) + HEADER.size
        for item in items:
            item.row["body"] = encode(item.body)


def _stored_before(row: Row) -> StoredDetection:
    """The result of a record that is stored already; without warnings and picture where its row cannot be read."""
    try:
        body = orjson.loads(row["body"])
        warnings, saved = list(body["warnings"]), saved_name(body["pictures"])
    except READ_ERRORS:
        warnings, saved = [], ""
    return StoredDetection(row["id"], warnings, saved, True)


def saved_name(pictures: dict[str, Any]) -> str:
    """The name of the first picture, "" where there is none."""
    for value in pictures.values():
        return str(value[0] if isinstance(value, list) else value)
    return ""
