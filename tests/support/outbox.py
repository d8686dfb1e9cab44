"""For the tests of the outbox: filling and draining it, its files, a process on the same folder, earlier versions."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from agent_lib.outbox import Entry, Outbox
from tests.support.agent import ROOT, fields, result

OLD_SCHEMA = (
    "CREATE TABLE results (id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, fields TEXT NOT NULL, "
    "roles TEXT NOT NULL, bytes INTEGER NOT NULL, reason TEXT, shelved_ts REAL)"
)


def put(box: Outbox, tag: str, **more: object) -> str:
    one = result(tag, **more)
    assert box.put(one, fields(one))
    return one.event_id


def drain(box: Outbox) -> list[Entry]:
    entries = []
    while (entry := box.next()) is not None:
        entries.append(entry)
        box.delivered(entry)
    return entries


def files(instance: Path) -> list[str]:
    """Names of the pictures in an outbox."""
    return sorted(path.name for path in (instance / "outbox").glob("*.jpg"))


def records(instance: Path) -> list[str]:
    """Names of everything else in it."""
    return sorted(path.name for path in (instance / "outbox").iterdir() if path.suffix != ".jpg")


def child(instance: Path, code: str) -> subprocess.Popen[str]:
    """Another process on the same folder; `box` and `result` are ready in it."""
    head = (
        "import os, signal, sys; sys.path[:0] = ['.']; from pathlib import Path\n"
        "from tests.support.agent import result, fields; from agent_lib.outbox import outbox\n"
        "box = outbox.Outbox(Path(sys.argv[1]), 10**9, 100)\n"
        "def put(tag):\n    one = result(tag); box.put(one, fields(one)); print(one.event_id, flush=True)\n"
        "def die(*_): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + code, str(instance)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def outbox_of_the_version_before(instance: Path, tags: str, rows: bool = True) -> list[str]:
    """Write an outbox without records, with a result of each tag; its event ids. `rows` False: an empty database."""
    (instance / "outbox").mkdir(parents=True)
    db = sqlite3.connect(instance / "outbox.db")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(OLD_SCHEMA)
    event_ids = []
    for tag in tags:
        one = result(tag)
        event_ids.append(one.event_id)
        for role, data in one.pictures.items():
            (instance / "outbox" / f"{one.event_id}_{role}.jpg").write_bytes(data)
        if rows:
            text = json.dumps(fields(one), ensure_ascii=False)
            values = (one.event_id, text, ",".join(one.pictures), 999)
            db.execute("INSERT INTO results (event_id, fields, roles, bytes) VALUES (?, ?, ?, ?)", values)
    db.commit()
    db.close()
    return event_ids
