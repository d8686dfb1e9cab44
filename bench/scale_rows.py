"""Rows of the hub's tables by the million, as the hub itself would have written them, in large transactions."""

from __future__ import annotations

import random
import sqlite3
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BODY = (
    '{"ocr_results":["%s"],"vehicle_detections":[],"plate_detections":[],"processing_time_ms":40.0,"place":{},'
    '"unread":{},"warnings":[],"watchlist":[],"door":"rest","pictures":{}}'
)
PLATES, CAMERAS, CHECKPOINTS, TAGS, STATIONS, CHUNK = 5000, 20, 8, 3000, 6, 50_000
OFTEN = 0.0  # share of the records that have one plate, and of the captures that have one tag, or one number
OFTEN_PLATE, OFTEN_TAG, OFTEN_NUMBER = "7XY0001", "E20099990001", "123456"
UNSURE = 500  # of so many records, the camera was not sure of the plate of one
FIRST = 1_760_000_000  # epoch seconds of the first row; a row each second
Row = tuple[Any, ...]


def plate_of(number: int) -> str:
    return f"{number % 9 + 1}AB{number:04d}"


def detections(count: int, chance: random.Random) -> Iterator[tuple[list[Row], list[Row], Counter[tuple[str, str]]]]:
    """Chunks of records with their plates and counters."""
    for start in range(0, count, CHUNK):
        rows: list[Row] = []
        plates: list[Row] = []
        counters: Counter[tuple[str, str]] = Counter()
        for number in range(start, min(start + CHUNK, count)):
            plate = OFTEN_PLATE if _often(chance) else plate_of(chance.randrange(PLATES))
            camera = f"cam{chance.randrange(CAMERAS):02d}"
            checkpoint, moment = f"gate{chance.randrange(CHECKPOINTS)}", FIRST + number
            id_, key = str(uuid.UUID(int=chance.getrandbits(128))), chance.randbytes(16)
            body, times, unsure = BODY % plate, ("", "", moment, moment), number % UNSURE == 0
            rows.append((number + 1, id_, key, "", camera, checkpoint, *times, 1, 1, body, False, 0, 0, unsure))
            plates.append((number + 1, 0, plate, plate, 0.3 if unsure else 0.9, None, camera, checkpoint, moment))
            counters.update((("detections", ""), ("camera", camera), ("checkpoint", checkpoint), ("plate", plate)))
        yield rows, plates, counters


def captures(count: int, chance: random.Random) -> Iterator[tuple[list[Row], list[Row]]]:
    """Chunks of captures with their tags."""
    for start in range(0, count, CHUNK):
        rows: list[Row] = []
        tags: list[Row] = []
        for number in range(start, min(start + CHUNK, count)):
            tag = OFTEN_TAG if _often(chance) else f"E2003412{chance.randrange(TAGS):04d}"
            moment, good = FIRST + number, chance.random() < 0.9
            id_, station = str(uuid.UUID(int=chance.getrandbits(128))), f"scale{chance.randrange(STATIONS)}"
            read = (OFTEN_NUMBER if _often(chance) else f"{chance.randrange(100_000):05d}") if good else ""
            times = (moment, moment, "2026-01-28T10:50:00")
            rest = ("SHORT14", "", moment, moment + 4, good, read, read, "", "[]", 1, "", "", "", "[]", "", False, 0)
            rows.append((number + 1, id_, f"e{number}", station, *times, tag, f'["{tag}"]', *rest))
            tags.append((number + 1, tag, moment, station, good))
        yield rows, tags


def fill(database: Path, records: int, number_of_captures: int, seed: int) -> None:
    """Insert so many records and captures into the empty tables of a hub.

    Indexes are made anew at the end, which takes a fraction of the time, and everything counts as seen by those who
    follow the stored rows (visits, alerts): otherwise the hub would be busy with them while it is measured.
    """
    chance = random.Random(seed)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-262144")
    indexes = _drop_indexes(connection)
    counters: Counter[tuple[str, str]] = Counter()
    for rows, plates, counted in detections(records, chance):
        with connection:
            connection.executemany(f"INSERT INTO lpr_records VALUES ({_marks(rows)})", rows)
            connection.executemany(f"INSERT INTO lpr_plates VALUES ({_marks(plates)})", plates)
        counters += counted
        print(f"  {rows[-1][0]:,} records", file=sys.stderr, flush=True)
    with connection:
        connection.executemany(
            "INSERT INTO lpr_tallies VALUES (?, ?, ?)", [(*key, number) for key, number in counters.items()]
        )
    for rows, tags in captures(number_of_captures, chance):
        with connection:
            connection.executemany(f"INSERT INTO captures VALUES ({_marks(rows)})", rows)
            connection.executemany(f"INSERT INTO capture_tags VALUES ({_marks(tags)})", tags)
        print(f"  {rows[-1][0]:,} captures", file=sys.stderr, flush=True)
    for name, statement in indexes.items():
        print(f"  index {name}", file=sys.stderr, flush=True)
        connection.execute(statement)
    with connection:
        for feed, count in (("detections", records), ("captures", number_of_captures)):
            connection.execute("UPDATE feed_positions SET seq = ? WHERE feed = ?", (count, feed))
    connection.close()


def _drop_indexes(connection: sqlite3.Connection) -> dict[str, str]:
    """Drop the indexes of the tables that are filled; name -> statement."""
    query = """
        SELECT name, sql FROM sqlite_master
        WHERE type = 'index' AND sql IS NOT NULL
            AND tbl_name IN ('lpr_records', 'lpr_plates', 'captures', 'capture_tags')
    """
    found = dict(connection.execute(query).fetchall())
    for name in found:
        connection.execute(f"DROP INDEX {name}")
    return found


def _often(chance: random.Random) -> bool:
    return OFTEN > 0 and chance.random() < OFTEN


def _marks(rows: list[Row]) -> str:
    return ", ".join("?" * len(rows[0]))
