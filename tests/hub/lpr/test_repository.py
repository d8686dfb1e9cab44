"""Portable statements and those of SQLite: the same rows and answers (setting `fast_paths.commit`)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from gevent.pool import Pool

from hub import close, create_app
from hub.lpr.repository.repositories import Repositories
from hub.lpr.repository.sqlite_batches import SqliteDetectionRepository
from hub.settings.file import load
from tests.support.helpers import ROOT
from tests.support.lpr import PICTURE_TEXT, g4

FILES = sorted((ROOT / "tests" / "contract" / "valid").glob("lpr_*.json"))
TABLES = ("lpr_records", "lpr_plates", "lpr_health", "lpr_cameras", "lpr_components", "lpr_tallies")
VOLATILE = {"id", "received_at", "registered_at", "last_seen", "occurred_at", "timestamp"}
BODIES = [json.loads(path.read_bytes()) for path in FILES if ".becomes" not in path.name]


def store(instance: Path, commit: bool, bodies: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """Send the bodies one after the other, then again all at once; the answers of the first time, and the rows."""
    app = create_app(load(instance, {}, {"HUB_FAST_PATHS_COMMIT": str(commit).lower()}))

    def post(body: Any) -> dict[str, Any]:
        return app.test_client().post("/api/data", json=body).json

    try:
        answers = [post(body) for body in bodies]
        again = Pool(20).map(post, bodies)
    finally:
        close(app)
    assert [answer["success"] for answer in again] == [answer["success"] for answer in answers]
    with closing(sqlite3.connect(instance / "hub.db")) as connection:
        connection.row_factory = sqlite3.Row
        rows = {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in TABLES}
    return answers, rows


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in VOLATILE} for row in rows]


def test_every_contract_file_gives_the_same_rows_by_both(tmp_path: Path) -> None:
    plain = [g4(aicamera_id="x", checkpoint_id="y", original_image=PICTURE_TEXT, cropped_plates=[PICTURE_TEXT])]
    bodies = BODIES + plain + [{**body, "event_id": f"id {number}"} for number, body in enumerate(plain * 3)]
    fast, fast_rows = store(tmp_path / "fast", True, bodies)
    ordinary, ordinary_rows = store(tmp_path / "ordinary", False, bodies)
    ids = {"detection_id", "health_id", "timestamp"}
    assert [{key: value for key, value in answer.items() if key not in ids} for answer in fast] == [
        {key: value for key, value in answer.items() if key not in ids} for answer in ordinary
    ]
    for table in TABLES:
        assert comparable(fast_rows[table]) == comparable(ordinary_rows[table]), table
        assert fast_rows[table], table


@pytest.mark.parametrize("single_statement", [True, False])
def test_the_setting_chooses_the_statements(app: Any, single_statement: bool) -> None:
    parts = app.extensions["gatehouse"]
    repositories = Repositories.create(parts.backend, parts.reader, single_statement)
    assert isinstance(repositories.detections, SqliteDetectionRepository) is single_statement
    assert repositories.detections.has_single_statement is single_statement
