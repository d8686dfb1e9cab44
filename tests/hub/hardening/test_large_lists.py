"""Lists of large rows: a page ends when its JSON passes about 4 MB, and the cursor goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.contract.paging import MAX_PAGE_BYTES
from tests.support.helpers import HubProcess
from tests.support.load import PATIENCE, Bystander, Memory

ROWS = 400
FILLER = "x" * 100_000
LISTS = {
    "/api/captures": "captures",
    "/api/health": "health",
    "/api/records": "records",
    "/api/apriltags": "apriltags",
}
STATEMENTS = (
    "INSERT INTO captures SELECT :n, 'c' || :n, 'e' || :n, 's', 1.9e9 + :n, 1.9e9, '', '', '[]', '', '', 1, 1, 1, '', "
    "'', :filler, '[]', 1, '', '', '', '[]', '', 0, 0",
    "INSERT INTO lpr_health SELECT :n, 'h' || :n, CAST(:n AS BLOB), '', 'a', 'b', 'c', 'ok', 'ok', :filler, '{}', '', "
    "'', 1.9e9, 1.9e9 + :n, '[]'",
    "INSERT INTO lpr_records SELECT :n, 'r' || :n, CAST(:n AS BLOB), '', 'a', 'b', '', '', 1.9e9, 1.9e9, 0, 0, "
    "json_object('ocr_results', :filler, 'vehicle_detections', json('[]'), 'plate_detections', json('[]'), "
    "'processing_time_ms', NULL, 'place', json('{}'), 'pictures', json('{}'), 'unread', json('{}'), 'warnings', "
    "json('[]'), 'watchlist', json('[]'), 'door', 'rest'), 0, 0, 0, 0",
    "INSERT INTO tag_readings SELECT :n, 'b', 1, 1.9e9 + :n, NULL, 'udp', '', json_object('x', :filler)",
)


@pytest.mark.alone
@pytest.mark.slow
def test_a_page_of_large_rows_is_limited_in_bytes(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "instance")
    with hub:
        pass
    with sqlite3.connect(hub.instance / "hub.db") as connection:
        for statement in STATEMENTS:
            connection.executemany(statement, [{"n": number, "filler": FILLER} for number in range(1, ROWS + 1)])
    connection.close()
    with hub:
        for path, key in LISTS.items():
            with Bystander(hub) as other, Memory(hub) as memory:
                rows = _every_page(hub, path, key)
            assert len(rows) == len(set(map(str, rows))) == ROWS
            assert other.longest < 0.5 * PATIENCE and memory.peak - memory.before < 200, (
                path,
                other.longest,
                memory.peak,
            )
        assert hub.get("/status")["unreadable_rows"] == {}


def _every_page(hub: HubProcess, path: str, key: str) -> list[Any]:
    ids: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = requests.get(hub.url + path, params={"limit": 1000, **cursor}, timeout=10)
        assert answer.status_code == 200 and len(answer.content) < MAX_PAGE_BYTES + 10_000
        body = answer.json()
        ids += [row.get("id") or row.get("health_id") or row.get("detection_id") for row in body[key]]
        if not body["next_cursor"]:
            return ids
        cursor = {"cursor": body["next_cursor"]}
