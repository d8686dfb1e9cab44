"""What a restarted hub has of the records that were sent to it: nothing acknowledged is missing, nothing is doubled."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

from hub.store.images import ImageStore
from hub.store.packs import NAME, PackStore
from tests.support.helpers import HubProcess
from tests.support.power_cut.hub_load import Sent, digest

LISTS = {
    "capture": ("/api/captures", "captures", "event_id"),
    "detection": ("/api/records", "records", "event_id"),
    "health": ("/api/health", "health", "event_id"),
    "watchlist": ("/api/watchlist", "watchlist", "note"),
}
READ_OVER_HTTP = 5
DAMAGE = re.compile("damaged|corrupt|lost|cannot be read|could not be read|unreadable")


class Account:
    """Compares a running hub with what was sent and acknowledged; `faults` are sentences."""

    def __init__(self, hub: HubProcess, sent: dict[str, Sent], acknowledged: Iterable[str]) -> None:
        self._hub, self._sent, self._acknowledged = hub, sent, set(acknowledged)
        self.faults: list[str] = []
        self.rows = 0

    def check(self) -> list[str]:
        """Every fault."""
        self._images = ImageStore(self._hub.instance / "images")
        self._packs = PackStore(self._hub.instance / "pictures")
        found: Counter[str] = Counter()
        for kind, (path, name, key) in LISTS.items():
            rows = self._rows(path, name)
            self.rows += len(rows)
            for position, row in enumerate(rows):
                found[row[key]] += 1
                self._check_row(kind, row[key], row, over_http=position < READ_OVER_HTTP)
        self.faults += [f"{key} is acknowledged and missing" for key in sorted(self._acknowledged - set(found))]
        self.faults += [f"{key} is there {count} times" for key, count in found.items() if count > 1]
        self.faults += [f"{path.name} was not swept" for path in (self._hub.instance / "images").rglob("*.part")]
        status = requests.get(f"{self._hub.url}/status", headers={"Accept": "application/json"}, timeout=10).json()
        self.faults += [f"the status page warns: {text}" for text in status["warnings"] if DAMAGE.search(text)]
        return self.faults

    def _rows(self, path: str, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        more: dict[str, Any] = {}
        while True:
            body = self._hub.get(path, limit=1000, **more)
            rows += body[name]
            if not body.get("next_cursor"):
                return rows
            more = {"cursor": body["next_cursor"]}

    def _check_row(self, kind: str, key: str, row: dict[str, Any], over_http: bool) -> None:
        sent = self._sent.get(key)
        if sent is None or sent.kind != kind:
            self.faults.append(f"the {kind} {key} was never sent")
            return
        for field, wanted in sent.pictures.items():
            address = row[field]
            data = self._picture(str(address).rpartition("/")[2], over_http) if address else None
            if data is None or digest(data) != wanted:
                size = "missing" if data is None else f"other, {len(data)} bytes"
                told = "acknowledged" if key in self._acknowledged else "not acknowledged"
                self.faults.append(f"{field} of the {kind} {key} ({told}) is {size}: {address}")

    def _picture(self, name: str, over_http: bool) -> bytes | None:
        if over_http:
            answer = requests.get(f"{self._hub.url}/images/{name}", timeout=10)
            return answer.content if answer.status_code == 200 else None
        found = (self._packs if NAME.fullmatch(name) else self._images).read(name)
        return None if found is None else found[0]


def check_database(path: Path) -> list[str]:
    """What SQLite finds wrong with a database that no program has open."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("PRAGMA integrity_check").fetchall()
        rows += connection.execute("PRAGMA foreign_key_check").fetchall()
    return [f"{path.name}: {row}" for row in rows if row != ("ok",)]
