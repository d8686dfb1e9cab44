"""The operator's watchlist: plates to let in or to stop, matched as they are read."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from hub.contract.bounds import bounded_record
from hub.contract.errors import Conflict, ContractError, NotFound
from hub.contract.paging import json_size
from hub.contract.plates import Plate, fold_plate, normalise_plate
from hub.contract.text import clean
from hub.contract.times import local_text, parse_time, utc_text
from hub.live.bus import Bus
from hub.live.events import WATCHLIST_ALERT, RecordStored
from hub.store.backend import Row
from hub.store.transaction import Transaction
from hub.store.writer import Writer
from hub.watchlist.repository import ENTRIES, WatchlistRepository

log = logging.getLogger(__name__)

MAX_ENTRIES = 10_000
LIMITS = {"plate": 100, "reason": 500, "note": 2000}
CHOICES = {"action": ("allow", "deny"), "match": ("exact", "similar")}


class Watchlist:
    """All entries in memory by plate, each durable before it is matched."""

    def __init__(
        self,
        writer: Writer,
        repository: WatchlistRepository,
        bus: Bus,
        zone: tzinfo | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._writer, self._repository, self._bus, self._zone, self._now = writer, repository, bus, zone, now
        self._entries: dict[str, dict[str, Any]] = {}
        self._exact: dict[str, dict[str, Any]] = {}
        self._similar: dict[str, list[dict[str, Any]]] = {}

    def load(self) -> None:
        """Load the stored entries, without those that cannot be read."""
        entries = self._repository.unreadable.load(self._repository.load, self._loaded, ENTRIES)
        self._entries = {entry["id"]: entry for entry in entries}
        self._index()

    def _loaded(self, row: Row) -> dict[str, Any]:
        json_size(self.public(dict(row)))
        return dict(row)

    def _index(self) -> None:
        self._exact = {entry["normalised"]: entry for entry in self._entries.values()}
        self._similar = {}
        for entry in self._entries.values():
            if entry["match"] == "similar":
                self._similar.setdefault(fold_plate(entry["normalised"]), []).append(entry)

    def deny_count(self) -> int:
        """How many plates are to be stopped."""
        return sum(entry["action"] == "deny" for entry in self._entries.values())

    def match(self, plates: list[Plate]) -> list[dict[str, Any]]:
        """The entries that these plates match: the same characters, else look-alikes with where they differ."""
        if not self._entries:
            return []
        found = []
        for plate in plates:
            exact = self._exact.get(plate.plate)
            if exact is not None and self._is_valid(exact):
                found.append(self._match(exact, plate))
                continue
            for entry in self._similar.get(fold_plate(plate.plate), ()):
                if self._is_valid(entry):
                    found.append(self._match(entry, plate))
        return found

    def _is_valid(self, entry: dict[str, Any]) -> bool:
        """Whether an entry has not expired."""
        return entry["expires_at"] is None or entry["expires_at"] > self._now()

    @staticmethod
    def _match(entry: dict[str, Any], plate: Plate) -> dict[str, Any]:
        """A match as detections and alerts show it."""
        listed = entry["normalised"]
        differences = [
            {"position": position, "read": read, "listed": right}
            for position, (read, right) in enumerate(zip(plate.plate, listed, strict=False))
            if read != right
        ]
        return {
            "entry_id": entry["id"],
            "plate": entry["plate"],
            "action": entry["action"],
            "reason": entry["reason"],
            "note": entry["note"],
            "read": plate.text,
            "exact": plate.plate == listed,
            "differences": differences,
        }

    def on_detection(self, event: RecordStored) -> None:
        """Publish an alert for each listed plate of a new detection."""
        for match in event.watchlist:
            shown = event.shown
            log.info("Watchlist: camera '%s' read a plate that is listed (%s).", shown["camera_id"], match["action"])
            self._bus.publish(
                WATCHLIST_ALERT,
                {
                    "alert_id": str(uuid.uuid4()),
                    "detection_id": shown["detection_id"],
                    "camera_id": shown["camera_id"],
                    "checkpoint_id": shown["checkpoint_id"],
                    **match,
                    "occurred_at": shown["occurred_at"],
                    "timestamp": local_text(self._now(), self._zone),
                },
            )

    def all(self) -> list[dict[str, Any]]:
        """Every entry as shown, the newest first."""
        return [self.public(entry) for entry in self.newest_first()]

    def newest_first(self) -> list[dict[str, Any]]:
        """Every entry, the newest first."""
        return sorted(self._entries.values(), key=lambda entry: -entry["created_at"])

    def get(self, entry_id: str) -> dict[str, Any]:
        """One entry as shown. Raises NotFound."""
        return self.public(self._entry(entry_id))

    def _entry(self, entry_id: str) -> dict[str, Any]:
        entry = self._entries.get(entry_id)
        if entry is None:
            raise NotFound(f"There is no watchlist entry with the id {entry_id[:80]}.")
        return entry

    def add(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add an entry. Raises ContractError for its fields, Conflict when the plate is listed already."""
        entry = {"id": str(uuid.uuid4()), "created_at": self._now(), **self._read(data, {})}
        return self._put(entry)

    def update(self, entry_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """Change the fields that `data` has. Raises ContractError, NotFound, Conflict."""
        before = self._entry(entry_id)
        return self._put({**before, **self._read(data, before)})

    def _put(self, entry: dict[str, Any]) -> dict[str, Any]:
        other = self._exact.get(entry["normalised"])
        if other is not None and other["id"] != entry["id"]:
            raise Conflict(f"This plate is listed already, as {other['id']}; change that entry instead.")
        if entry["id"] not in self._entries and len(self._entries) >= MAX_ENTRIES:
            raise Conflict(f"The watchlist holds {MAX_ENTRIES} entries, which is all it can; remove some first.")
        self._writer.write(lambda transaction: self._repository.replace_entry(transaction, entry))
        self._entries[entry["id"]] = entry
        self._index()
        return self.public(entry)

    def remove(self, entry_id: str) -> dict[str, Any]:
        """Remove an entry; as it was shown. Raises NotFound."""
        entry = self._entry(entry_id)

        def job(transaction: Transaction) -> None:
            self._repository.delete_entry(transaction, entry["id"])

        self._writer.write(job)
        self._entries.pop(entry_id, None)
        self._index()
        return self.public(entry)

    def _read(self, data: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        """The fields of an entry from a client's object, those of `before` where it has none. Raises ContractError."""
        data = {"action": data.get("type"), "expires_at": data.get("expiry"), **bounded_record(data, [])}
        errors: list[str] = []
        made: dict[str, Any] = {}
        for key, limit in LIMITS.items():
            value = data.get(key)
            if value is None:
                made[key] = before.get(key, "")
            elif not isinstance(value, (str, int)) or isinstance(value, bool) or len(str(value)) > limit:
                errors.append(f"{key} is a text of at most {limit} characters")
            else:
                made[key] = clean(value)
        made["normalised"] = normalise_plate(made.get("plate", ""))
        if not made["normalised"] and not any(error.startswith("plate") for error in errors):
            errors.append("plate is missing: letters and digits of a number plate")
        for key, choices in CHOICES.items():
            value = data.get(key)
            made[key] = before.get(key, choices[1]) if value is None else value
            if made[key] not in choices:
                errors.append(f"{key} is {' or '.join(choices)}")
        made["expires_at"] = before.get("expires_at")
        if "expires_at" in data and (data["expires_at"] is not None or "expiry" in data or not before):
            made["expires_at"] = (
                parse_time(data["expires_at"], self._zone) if data["expires_at"] not in (None, "") else None
            )
            if made["expires_at"] is None and data["expires_at"] not in (None, ""):
                errors.append(
                    "expires_at is a time such as 2026-12-31T23:59:59 (local unless it names a zone), or null for never"
                )
        if errors:
            raise ContractError("The watchlist entry cannot be taken: " + "; ".join(errors) + ".", errors)
        return made

    def public(self, entry: dict[str, Any]) -> dict[str, Any]:
        """An entry as operators see it."""
        return {
            "id": entry["id"],
            "plate": entry["plate"],
            "normalised": entry["normalised"],
            "action": entry["action"],
            "reason": entry["reason"],
            "note": entry["note"],
            "match": entry["match"],
            "expires_at": utc_text(entry["expires_at"]),
            "expired": not self._is_valid(entry),
            "created_at": utc_text(entry["created_at"]),
        }
