"""Damaged databases at the start: moved aside, readable rows kept, the backup offered; never emptied in silence."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hub import close, create_app
from hub.backup.damaged import MARK, REPORT, RESCUED, dismiss, mend, sentences
from hub.backup.listing import new_name
from hub.backup.make import make_backup
from hub.backup.pace import Pace
from hub.settings.file import load
from hub.store.errors import DatabaseError
from hub.store.migrations.runner import migrate
from hub.store.sqlite.backend import SqliteBackend
from hub.store.sqlite.rescue import damage, rescue
from tests.hub.backup.conftest import RECORDS, Filled
from tests.support.backup import app, clean_environment, shown
from tests.support.helpers import ROOT, HubProcess

PAGE = 4096


def large_table(path: Path, rows: int = 3000) -> None:
    """A database with the hub's tables and many readings."""
    migrate(SqliteBackend(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO audit_log (seq, received_at, who, kind, address, action, target, detail) "
            "VALUES (?, ?, 'who', 'account', '', 'do', ?, '{}')",
            [(number, 1000.0 + number, f"target {number} " + "x" * 100) for number in range(1, rows + 1)],
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def rows_of(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()


def overwrite(path: Path, *pages: int) -> None:
    with path.open("r+b") as file:
        for page in pages:
            file.seek(page * PAGE)
            file.write(b"\xee" * PAGE)


@pytest.mark.parametrize("seed", range(6))
def test_every_row_outside_the_damaged_pages_is_kept(tmp_path: Path, seed: int) -> None:
    damaged, target = tmp_path / "hub.db", tmp_path / "new.db"
    large_table(damaged)
    before = rows_of(damaged, "audit_log")
    content = damaged.read_bytes()
    chance = random.Random(seed)
    leaves = [
        page
        for page in range(len(content) // PAGE)
        if content[page * PAGE] == 13 and b"target" in content[page * PAGE : page * PAGE + PAGE]
    ]
    chosen = chance.sample(leaves, 3)
    gone = {
        row
        for row in before
        if any(str(row[6]).encode() in content[page * PAGE : (page + 1) * PAGE] for page in chosen)
    }
    assert gone
    overwrite(damaged, *chosen)
    migrate(SqliteBackend(target))
    result = rescue(damaged, target)
    assert rows_of(target, "audit_log") == [row for row in before if row not in gone]
    # Where the last page is damaged nobody can say how many rows it had.
    assert result.lost["audit_log"] in (len(gone), None) and result.kept["audit_log"] == len(before) - len(gone)
    assert damage(target, None) == []


def test_the_number_of_a_lost_row_is_not_given_again(tmp_path: Path) -> None:
    damaged, target = tmp_path / "hub.db", tmp_path / "new.db"
    large_table(damaged, 400)
    with closing(sqlite3.connect(damaged)) as connection:
        connection.execute("DELETE FROM audit_log WHERE seq > 300")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sequences = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit_log'").fetchone()
    migrate(SqliteBackend(target))
    rescue(damaged, target)
    assert rows_of(target, "sqlite_sequence").count(("audit_log", 400)) == (1 if sequences else 0)


def test_a_damaged_branch_page_ends_in_a_bounded_time(tmp_path: Path) -> None:
    damaged, target = tmp_path / "hub.db", tmp_path / "new.db"
    large_table(damaged, 30_000)
    content = damaged.read_bytes()
    branches = [page for page in range(1, len(content) // PAGE) if content[page * PAGE] == 5]
    overwrite(damaged, *branches[-2:])
    migrate(SqliteBackend(target))
    rescue(damaged, target)
    assert damage(target, None) == []


@pytest.mark.slow
def test_a_hub_with_a_damaged_database_starts_with_what_can_be_read(site: Filled) -> None:
    make_backup(site.instance, new_name(site.instance / "backups"), Pace())
    with closing(sqlite3.connect(site.instance / "hub.db")) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'captures'").fetchone()[0]
        detections = connection.execute("SELECT * FROM lpr_records ORDER BY seq").fetchall()
    overwrite(site.instance / "hub.db", root - 1)
    damaged = (site.instance / "hub.db").read_bytes()
    with HubProcess(site.instance) as hub:
        (warning,) = hub.get("/status")["warnings"]
        assert "The database was damaged" in warning and "Rows were lost in captures" in warning
        assert "app.py restore" in warning and "gatehouse-" in warning and "hub.db.damaged-" in warning
        assert warning in hub.text() and warning in (site.instance / "hub.log").read_text("utf-8")
        assert len(hub.get("/api/records", limit=100)["records"]) == RECORDS
        hub.stop()
        assert hub.start().get("/status")["warnings"] == [warning], "until somebody says that it was read"
    (aside,) = site.instance.glob("hub.db.damaged-*")
    assert aside.read_bytes() == damaged
    assert rows_of(site.instance / "hub.db", "lpr_records") == detections
    assert dismiss(site.instance) and sentences(site.instance, site.instance / "backups") == []
    path = next((site.instance / "backups").glob("*.tar"))
    assert app(site.instance, "restore", str(path)).returncode == 0
    with HubProcess(site.instance) as hub:
        assert shown(hub) == site.shown and hub.get("/status")["warnings"] == []


@pytest.mark.parametrize("content", [b"no database at all, " * 2000, b"\x00" * 8192])
def test_a_database_that_cannot_be_read_at_all_is_kept_and_named(site: Filled, content: bytes) -> None:
    (site.instance / "hub.db").write_bytes(content)
    mend(site.instance)
    (aside,) = site.instance.glob("hub.db.damaged-*")
    assert aside.read_bytes() == content
    (sentence,) = sentences(site.instance, site.instance / "backups")
    assert "could not be read at all" in sentence and aside.name in sentence and "There is no backup" in sentence


@pytest.mark.parametrize("content", [None, b""])
def test_a_database_that_is_gone_is_not_replaced_in_silence(site: Filled, content: bytes | None) -> None:
    (site.instance / "hub.db").unlink()
    if content is not None:
        (site.instance / "hub.db").write_bytes(content)
    app = create_app(load(site.instance, {}, {}))
    try:
        warnings = app.test_client().get("/status").json["warnings"]
        assert any("There were pictures and no records" in text for text in warnings)
    finally:
        close(app)


def test_a_damaged_database_of_a_newer_version_is_left_to_that_version(site: Filled) -> None:
    with closing(sqlite3.connect(site.instance / "hub.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'captures'").fetchone()[0]
    overwrite(site.instance / "hub.db", root - 1)
    before = (site.instance / "hub.db").read_bytes()
    with pytest.raises(DatabaseError, match="newer version"):
        create_app(load(site.instance, {}, {}))
    assert (site.instance / "hub.db").read_bytes() == before and not (site.instance / REPORT).exists()


def test_a_new_folder_is_no_damage(tmp_path: Path) -> None:
    mend(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_whole_database_is_left_as_it_is(site: Filled) -> None:
    before = (site.instance / "hub.db").read_bytes()
    (site.instance / MARK).touch()
    mend(site.instance)
    assert (site.instance / "hub.db").read_bytes() == before
    assert not (site.instance / MARK).exists() and not (site.instance / REPORT).exists()


DYING = """
import os, sys
from pathlib import Path
from hub.backup.damaged import mend

left = int(sys.argv[2])
real = os.replace

def dying(source, target):
    global left
    left -= 1
    if left < 0:
        os._exit(9)
    real(source, target)

os.replace = dying
mend(Path(sys.argv[1]))
"""


def test_a_start_that_is_killed_while_it_mends_loses_nothing(site: Filled, tmp_path: Path) -> None:
    with closing(sqlite3.connect(site.instance / "hub.db")) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'captures'").fetchone()[0]
    overwrite(site.instance / "hub.db", root - 1)
    step, ended = 0, 9
    while ended:
        instance = tmp_path / f"at-{step}"
        shutil.copytree(site.instance, instance)
        environment = {**clean_environment(), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", DYING, str(instance), str(step)]
        ended = subprocess.run(command, cwd=ROOT, env=environment, timeout=60).returncode
        mend(instance)
        assert len(rows_of(instance / "hub.db", "lpr_records")) == RECORDS
        assert len(list(instance.glob("hub.db.damaged-*"))) == 1 and not (instance / RESCUED).exists()
        step += 1
    assert step > 3
