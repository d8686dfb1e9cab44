"""The copy of the database before its tables are changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from hub import close, create_app
from hub.settings.file import load
from hub.store.errors import DatabaseError
from hub.store.migrations.before import KEEP, copies, copy_before_migration
from hub.store.migrations.revisions import REVISIONS
from hub.store.migrations.runner import migrate
from hub.store.sqlite.backend import SqliteBackend
from tests.hub.store.first_schema import ROWS, TABLES

NEWEST = REVISIONS[-1].number


def older(path: Path) -> None:
    """A database of revision 1 with rows."""
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES + ROWS)


def captures(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM captures").fetchall()


def test_an_older_database_is_copied_before_its_tables_are_changed(tmp_path: Path) -> None:
    database = tmp_path / "instance" / "hub.db"
    older(database)
    before = captures(database)
    close(create_app(load(tmp_path / "instance", {}, {})))
    (copy,) = copies(tmp_path / "instance" / "backups")
    assert copy.name.startswith(f"before-revision-{NEWEST}-2") and copy.name.endswith(".db")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    assert captures(copy) == before
    close(create_app(load(tmp_path / "instance", {}, {})))
    assert len(copies(tmp_path / "instance" / "backups")) == 1, "only before a change"


def test_a_new_database_is_not_copied(tmp_path: Path) -> None:
    close(create_app(load(tmp_path / "instance", {}, {})))
    assert not (tmp_path / "instance" / "backups").exists()


def test_so_many_copies_are_kept(tmp_path: Path) -> None:
    older(tmp_path / "hub.db")
    folder = tmp_path / "backups"
    for number in range(KEEP + 2):
        copy_before_migration(tmp_path / "hub.db", folder, number + 2)
    assert len(copies(folder)) == KEEP and copies(folder)[0].name.startswith(f"before-revision-{KEEP + 3}-")
    assert not list(folder.glob("*.part"))


def test_without_a_copy_nothing_is_changed(tmp_path: Path) -> None:
    older(tmp_path / "hub.db")
    (tmp_path / "backups").write_text("a file in the place of the folder", "utf-8")
    before = (tmp_path / "hub.db").read_bytes()
    with pytest.raises(DatabaseError, match="could not be copied to .*backups before that"):
        migrate(
            SqliteBackend(tmp_path / "hub.db"),
            before=partial(copy_before_migration, tmp_path / "hub.db", tmp_path / "backups"),
        )
    with closing(sqlite3.connect(tmp_path / "hub.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    assert before[100:] == (tmp_path / "hub.db").read_bytes()[100:]
