"""Many camera records in the tables of a hub that does not run, as the hub itself would have written them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

BODY = (
    '{"ocr_results":[],"vehicle_detections":[],"plate_detections":[],"processing_time_ms":40.0,"place":{},'
    '"unread":{},"warnings":[],"watchlist":[],"door":"rest","pictures":{}}'
)
PLATES, CAMERAS = 5000, 20
RECORDS = """
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT :count)
    INSERT INTO lpr_records
    SELECT n + 1, printf('%032x', n), randomblob(16), '', printf('cam%02d', n % :cameras), 'gate', '', '',
        1760000000.0 + n, 1760000000.0 + n, 1, 1, :body, 0, 0, 0, 0 FROM numbers
"""
PLATE_ROWS = """
    INSERT INTO lpr_plates SELECT seq, 0, plate, plate, 0.9, NULL, camera_id, checkpoint_id, occurred_at
    FROM (SELECT *, printf('P%07d', (seq - 1) % :plates) AS plate FROM lpr_records)
"""
COUNTERS = (
    "INSERT INTO lpr_tallies SELECT 'detections', '', count(*) FROM lpr_records",
    "INSERT INTO lpr_tallies SELECT 'checkpoint', checkpoint_id, count(*) FROM lpr_records GROUP BY checkpoint_id",
    "INSERT INTO lpr_tallies SELECT 'camera', camera_id, count(*) FROM lpr_records GROUP BY camera_id",
    "INSERT INTO lpr_tallies SELECT 'plate', plate, count(*) FROM lpr_plates GROUP BY plate",
)


def fill(database: Path, count: int) -> None:
    """Insert `count` records, spread evenly over the plates P0000000, P0000001, ... and the cameras cam00, ..."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(RECORDS, {"count": count, "cameras": CAMERAS, "body": BODY})
        connection.execute(PLATE_ROWS, {"plates": PLATES})
        for statement in COUNTERS:
            connection.execute(statement)
