"""Records with pictures, stored through the hub's services under times of a test's own."""

from __future__ import annotations

import base64
import random
import sqlite3
from contextlib import closing
from typing import Any

from tests.support.helpers import capture_result, jpeg
from tests.support.lpr import g4

START = 1_700_000_000.0


def set_received(parts: Any, table: str, received: list[float]) -> None:
    """Give the rows of a table, by arrival, these times of receipt."""
    with closing(sqlite3.connect(parts.backend.file, timeout=10)) as connection, connection:
        seqs = [row[0] for row in connection.execute(f"SELECT seq FROM {table} ORDER BY seq")]
        assert len(seqs) == len(received)
        connection.executemany(
            f"UPDATE {table} SET received_at = ? WHERE seq = ?", list(zip(received, seqs, strict=True))
        )


def picture(size: int, seed: int) -> bytes:
    """A JPEG that is followed by noise, of about `size` bytes."""
    data = jpeg(colour=(seed % 256, 0, 0))
    return data + random.Random(seed).randbytes(max(0, size - len(data)))


def store_detection(client: Any, number: int, size: int = 3000) -> str:
    """Store a detection with one picture; its id."""
    text = base64.b64encode(picture(size, number)).decode()
    answer = client.post("/api/detection", json=g4(aicamera_id=f"cam{number % 3}", original_image=text))
    assert answer.status_code == 200, answer.text
    return str(answer.json["detection_id"])


def store_capture(client: Any, number: int, size: int = 3000) -> str:
    """Store a capture with one picture; its id."""
    text = base64.b64encode(picture(size, number)).decode()
    started = START + number
    sent = capture_result(
        f"TAG{number}", event_id=f"e{number}", started_ts=started, finished_ts=started + 1, primary_image=text
    )
    answer = client.post("/api/captures", json=sent)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def rows(parts: Any, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(parts.backend.file, timeout=10)) as connection:
        return connection.execute(sql).fetchall()


def execute(parts: Any, sql: str) -> None:
    with closing(sqlite3.connect(parts.backend.file, timeout=10)) as connection, connection:
        connection.execute(sql)
