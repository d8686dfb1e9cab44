"""Revision 13: entries of the watchlist become vehicles; what cannot be read stays and stops nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from hub import close, create_app
from hub.contract.vehicles import PLATE, Identifier
from hub.settings.file import load
from hub.store.migrations.revisions import REVISIONS
from hub.store.migrations.runner import migrate
from hub.store.sqlite.backend import SqliteBackend

INSERT = "INSERT INTO watchlist VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
OLDER = [revision for revision in REVISIONS if revision.number < 13]


def entry(number: int, **more: Any) -> tuple[Any, ...]:
    values = {
        "id": f"id-{number}",
        "plate": f"WL {number:04d}",
        "normalised": f"WL{number:04d}",
        "action": "deny",
        "reason": "Unpaid",
        "note": "",
        "match": "similar",
        "expires_at": None,
        "created_at": 1_790_000_000.0 + number,
        **more,
    }
    return tuple(values.values())


def opened(tmp_path: Path, rows: list[tuple[Any, ...]], script: str = "") -> Any:
    """The app over a database of revision 12 with these entries."""
    instance = tmp_path / "instance"
    instance.mkdir()
    migrate(SqliteBackend(instance / "hub.db"), OLDER)
    with closing(sqlite3.connect(instance / "hub.db")) as connection:
        connection.executemany(INSERT, rows)
        connection.executescript(script)
        connection.commit()
    return create_app(load(instance, {}, {}))


def known(app: Any, plate: str) -> list[str]:
    identifier = Identifier(PLATE, plate)
    return [vehicle.id for vehicle in app.extensions["gatehouse"].vehicles.find([identifier])[identifier]]


def test_every_entry_is_a_vehicle(tmp_path: Path) -> None:
    rows = [entry(number) for number in range(1200)]
    rows.append(
        entry(
            7000,
            plate="XY 777",
            normalised="XY777",
            action="allow",
            match="exact",
            expires_at=1_990_000_000.0,
            note="blue",
        )
    )
    app = opened(tmp_path, rows)
    client = app.test_client()
    body = client.get("/api/watchlist").json
    assert (body["total_count"], body["watchlist"][0]["plate"]) == (1201, "XY 777")
    moved = client.get("/api/vehicles/id-7000").json["vehicle"]
    assert (moved["permission"], moved["match"], moved["note"], moved["plates"]) == (
        "watch",
        "exact",
        "blue",
        ["XY 777"],
    )
    assert moved["valid_until"] == body["watchlist"][0]["expires_at"] is not None
    assert known(app, "WL0042") == ["id-42"] and known(app, "WL1O42") == ["id-1042"]
    assert known(app, "XY778") == [], "one character other, and the entry wants its plate exactly"
    assert client.post("/api/vehicles", json={"plates": ["WL 0042"]}).status_code == 409
    close(app)
    with closing(sqlite3.connect(tmp_path / "instance" / "hub.db")) as connection:
        assert connection.execute("SELECT count(*) FROM watchlist").fetchone() == (0,)


def test_of_entries_with_the_same_plate_the_newest_counts(tmp_path: Path) -> None:
    app = opened(tmp_path, [entry(1), entry(2, plate="wl-0001", normalised="WL0001")])
    assert known(app, "WL0001") == ["id-2"]
    assert app.test_client().get("/api/vehicles/id-1").json["vehicle"]["state"] == "retired"
    close(app)


def test_entries_that_cannot_be_read_stay_and_are_named(tmp_path: Path) -> None:
    rows = [
        entry(1),
        entry(2, created_at="x"),
        entry(3, expires_at=1e300),
        entry(4, plate=b"\x00"),
        entry(5, action="perhaps"),
        entry(6, normalised=""),
    ]
    app = opened(tmp_path, rows)
    client = app.test_client()
    assert [row["id"] for row in client.get("/api/watchlist").json["watchlist"]] == ["id-1"]
    assert client.get("/status", headers={"Accept": "application/json"}).json["unreadable_rows"] == {"watchlist": 5}
    close(app)
    with closing(sqlite3.connect(tmp_path / "instance" / "hub.db")) as connection:
        kept = connection.execute("SELECT * FROM watchlist ORDER BY id").fetchall()
    assert kept == rows[1:]


def test_a_damaged_table_does_not_stop_the_start(tmp_path: Path) -> None:
    damage = (
        "PRAGMA writable_schema = ON;"
        "UPDATE sqlite_master SET rootpage = 99999 WHERE name IN ('watchlist', 'ix_watchlist_normalised');"
    )
    app = opened(tmp_path, [entry(1)], damage)
    client = app.test_client()
    assert client.get("/api/watchlist").json["watchlist"] == []
    assert client.post("/api/vehicles", json={"plates": ["AB 1"]}).status_code == 201
    close(app)
