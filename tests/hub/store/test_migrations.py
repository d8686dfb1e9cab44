"""Schema revisions: new and older databases, a newer one, failing and added revisions, the declared tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, func, inspect, update

from hub import close, create_app
from hub.settings.file import load
from hub.store.errors import DatabaseError
from hub.store.migrations import revision_0015
from hub.store.migrations.revisions import REVISIONS, Revision
from hub.store.migrations.runner import SchemaTooNew, migrate
from hub.store.migrations.schema import Schema
from hub.store.sqlite.backend import SqliteBackend
from hub.tables import METADATA
from tests.hub.store.first_schema import ROWS, TABLES
from tests.support.helpers import capture_result, run_app
from tests.support.lpr import g4

NEWEST = REVISIONS[-1].number
TWENTY_ROWS = """
    WITH RECURSIVE some(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM some LIMIT 20)
    INSERT INTO lpr_records (seq, id, event_key, event_id, camera_id, checkpoint_id, timestamp, created_at,
        occurred_at, received_at, vehicles_count, plates_count, body)
    SELECT 3 * n, 'd' || n, 'k' || n, '', 'c' || n, 'p' || n, '', '', n + 0.5, n, 1, 1, '{}' FROM some;
    INSERT INTO lpr_plates SELECT seq, 0, 'AB', 'AB', CASE seq WHEN 6 THEN NULL WHEN 9 THEN 0.4 ELSE 0.5 END, NULL
        FROM lpr_records;
    INSERT INTO lpr_plates SELECT seq, 1, 'C', 'C', 0.1, NULL FROM lpr_records WHERE seq IN (9, 12);
    DELETE FROM lpr_plates WHERE record_seq = 30;
    WITH RECURSIVE some(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM some LIMIT 20)
    INSERT INTO captures (seq, id, event_id, station, received_at, captured_at, timestamp, tag, tags, tag_source,
        tag_timestamp_iso, success, number, raw_text, message, errors, attempts, primary_image, secondary_image,
        label_image, warnings, unread)
    SELECT 2 * n, 'c' || n, 'e' || n, 's' || n, n, n + 0.25, '', 'E2', '[]', '', '', n % 2, '', '', '', '[]', 1, '', '',
        '', '[]', '' FROM some;
    INSERT INTO capture_tags SELECT seq, 'E2' FROM captures;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Any]:
    """The app over an instance folder whose database was made before revisions existed."""
    instance = tmp_path / "instance"
    instance.mkdir()
    run_script(instance / "hub.db", TABLES + ROWS)
    app = create_app(load(instance, {}, {}))
    yield app
    close(app)


def run_script(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def revision(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def shape(path: Path) -> dict[str, Any]:
    """Columns, keys and indexes of every table, whatever the order of the columns."""
    engine = create_engine(f"sqlite:///{path}")
    found = inspect(engine)
    tables = {}
    for name in found.get_table_names():
        if name.startswith("searched_parts"):
            continue  # the index of parts, which SQLAlchemy cannot declare
        columns = {
            column["name"]: (str(column["type"]), column["nullable"], column["default"])
            for column in found.get_columns(name)
        }
        tables[name] = {
            "columns": columns,
            "key": found.get_pk_constraint(name)["constrained_columns"],
            "foreign keys": sorted(found.get_foreign_keys(name), key=lambda key: key["constrained_columns"]),
            "unique": sorted(sorted(one["column_names"]) for one in found.get_unique_constraints(name)),
            "indexes": {index["name"]: (index["column_names"], index["unique"]) for index in found.get_indexes(name)},
            "options": {key: value for key, value in found.get_table_options(name).items() if value},
        }
    engine.dispose()
    return tables


def create_declared(path: Path, metadata: MetaData = METADATA) -> None:
    """Create the tables as they are declared, without revisions."""
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()


def add_colour(schema: Schema) -> None:
    """A revision that adds a column and fills it."""
    schema.add_column("stations", Column("colour", Text, nullable=False, server_default="grey"))
    stations = Table("stations", MetaData(), Column("name", Text), Column("colour", Text))
    schema.execute(update(stations).values(colour=func.upper(stations.columns.name)))


def fail(schema: Schema) -> None:
    raise RuntimeError("the revision has a mistake")


def test_an_instance_folder_from_before_revisions_opens_with_all_its_rows(older: Any, tmp_path: Path) -> None:
    client = older.test_client()
    capture = client.get("/api/captures").json["captures"][0]
    assert (capture["event_id"], capture["tags"], capture["number"]) == ("event-1", ["E200AA"], "12345")
    assert client.get("/api/captures?tag=e200aa").json["captures"] == [capture]
    assert [row["station"] for row in client.get("/api/stations").json["stations"]] == ["gate"]
    found = client.get("/api/records?plate=ab12").json
    assert (found["total_count"], found["records"][0]["plates"][0]["box"]) == (1, [1.0, 2.0, 3.0, 4.0])
    assert client.get("/api/records?plate=ab12&camera=cam&to=2026-09-22").json["records"] == found["records"]
    assert client.get("/api/captures?tag=e200aa&station=gate&from=2026-09-20").json["captures"] == [capture]
    camera = client.get("/api/cameras").json["cameras"][0]
    assert (camera["camera_id"], camera["health_status"], camera["detection_count"]) == ("cam", "error", 1)
    assert client.get("/api/health").json["health"][0]["message"] == "dark"
    assert client.get("/api/watchlist").json["watchlist"][0]["reason"] == "stolen"
    assert client.get("/api/devices").json["devices"][0]["serial_number"] == "edge-1"
    assert client.get("/api/apriltags?tag=5").json["apriltags"][0]["x_cm"] == 1.5
    assert client.get("/status").json["captures"] == {
        "stored": 1,
        "newest_received_at": capture["received_at"],
    }
    assert revision(tmp_path / "instance" / "hub.db") == NEWEST


def test_an_older_instance_folder_stores_on(older: Any) -> None:
    client = older.test_client()
    assert client.post("/api/captures", json=capture_result(event_id="event-1", station="gate")).json["duplicate"]
    added = client.post("/api/captures", json=capture_result(event_id="event-2", station="gate")).json
    assert [row["id"] for row in client.get("/api/captures").json["captures"]][0] == added["id"]
    assert client.get("/status").json["captures"]["stored"] == 2
    assert client.post("/api/detection", json=g4(aicamera_id="cam")).json["success"]
    assert client.get("/api/records").json["total_count"] == 2


def test_a_new_database_has_the_tables_of_the_first_revision_and_its_stamp(path: Path, tmp_path: Path) -> None:
    migrate(SqliteBackend(path), REVISIONS[:1])
    run_script(tmp_path / "literal.db", TABLES)
    assert shape(path) == shape(tmp_path / "literal.db") and len(shape(path)) == 12
    assert revision(path) == 1
    migrate(SqliteBackend(path), REVISIONS[:1])
    assert revision(path) == 1


def test_the_revisions_make_the_tables_as_they_are_declared(path: Path, tmp_path: Path) -> None:
    """A column that was declared without a revision, or the other way round, fails here."""
    migrate(SqliteBackend(path))
    create_declared(tmp_path / "declared.db")
    assert revision(path) == NEWEST
    assert shape(path) == shape(tmp_path / "declared.db")


def test_a_declared_column_without_a_revision_is_noticed(path: Path, tmp_path: Path) -> None:
    changed = MetaData()
    for table in METADATA.tables.values():
        table.to_metadata(changed)
    changed.tables["stations"].append_column(Column("colour", Text, nullable=False, server_default="grey"))
    create_declared(tmp_path / "declared.db", changed)
    migrate(SqliteBackend(path))
    assert shape(path) != shape(tmp_path / "declared.db")
    migrate(SqliteBackend(path), [*REVISIONS, Revision(NEWEST + 1, add_colour)])
    assert shape(path) == shape(tmp_path / "declared.db")


def test_the_revisions_are_numbered_without_gaps() -> None:
    assert [step.number for step in REVISIONS] == list(range(1, len(REVISIONS) + 1))


@pytest.mark.parametrize("stamped", [True, False])
def test_a_second_revision_adds_a_column_to_rows_that_exist(path: Path, stamped: bool) -> None:
    run_script(path, TABLES + ROWS)
    if stamped:
        migrate(SqliteBackend(path), REVISIONS[:1])
    migrate(SqliteBackend(path), [REVISIONS[0], Revision(2, add_colour)])
    assert revision(path) == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name, colour FROM stations").fetchall() == [("gate", "GATE")]
        connection.execute("INSERT INTO stations (name, status, seen_at) VALUES ('new', '{}', 0)")
        assert connection.execute("SELECT colour FROM stations WHERE name = 'new'").fetchone() == ("grey",)


def test_a_revision_that_fails_leaves_the_database_as_it_was(path: Path) -> None:
    run_script(path, TABLES + ROWS)
    migrate(SqliteBackend(path), REVISIONS[:1])
    before = shape(path)
    with pytest.raises(RuntimeError, match="mistake"):
        migrate(SqliteBackend(path), [REVISIONS[0], Revision(2, add_colour), Revision(3, fail)])
    assert (revision(path), shape(path)) == (1, before)
    migrate(SqliteBackend(path), [REVISIONS[0], Revision(2, add_colour)])
    assert revision(path) == 2 and "colour" in shape(path)["stations"]["columns"]


def test_a_first_revision_that_fails_leaves_an_empty_database(path: Path) -> None:
    with pytest.raises(RuntimeError):
        migrate(SqliteBackend(path), [REVISIONS[0], Revision(2, fail)])
    assert (revision(path), shape(path)) == (0, {})


def test_a_database_that_lacks_a_table_of_the_first_revision_gets_it(path: Path) -> None:
    """A hub older than the AprilTag readings created its database without their table."""
    run_script(path, TABLES + ROWS + "DROP TABLE tag_readings;")
    migrate(SqliteBackend(path), REVISIONS[:1])
    assert set(shape(path)["tag_readings"]["indexes"]) == {
        "tag_readings_tag",
        "tag_readings_board",
        "tag_readings_received",
    }


def test_a_database_of_a_newer_revision_is_refused_and_not_touched(path: Path) -> None:
    migrate(SqliteBackend(path))
    run_script(path, f"PRAGMA user_version = {NEWEST + 6}")
    before = shape(path)
    with pytest.raises(SchemaTooNew, match=f"schema revision {NEWEST + 6}, and this version knows .* up to {NEWEST}"):
        migrate(SqliteBackend(path))
    assert (revision(path), shape(path)) == (NEWEST + 6, before)


@pytest.mark.slow
def test_the_hub_ends_with_a_sentence_over_a_newer_database(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    instance.mkdir()
    run_script(instance / "hub.db", "PRAGMA user_version = 99")
    ended = run_app("--instance", instance, "--port", 0)
    assert ended.returncode == 1
    assert ended.stderr.count("cannot be used") == 1 and str(instance) in ended.stderr
    assert "written by a newer version of Gatehouse: it has schema revision 99" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_that_is_no_database_is_an_error_with_its_reason(path: Path) -> None:
    path.write_bytes(b"no database at all, " * 200)
    with pytest.raises(DatabaseError, match="not a database"):
        migrate(SqliteBackend(path))


def test_an_index_of_a_new_column_is_created(path: Path) -> None:
    def upgrade(schema: Schema) -> None:
        schema.add_column("stations", Column("rank", Integer))
        stations = Table("stations", MetaData(), Column("rank", Integer, index=True))
        schema.create_index(stations, "ix_stations_rank")

    migrate(SqliteBackend(path), [REVISIONS[0], Revision(2, upgrade)])
    assert shape(path)["stations"]["indexes"] == {"ix_stations_rank": (["rank"], 0)}


def test_plates_and_tags_get_what_lists_are_filtered_by(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(revision_0015, "STEP", 7)  # records of a step
    monkeypatch.setattr(revision_0015, "SAY_SECONDS", 0.0)
    backend = SqliteBackend(path)
    migrate(backend, REVISIONS[:14])
    run_script(path, TWENTY_ROWS)
    with caplog.at_level("INFO"):
        migrate(backend)
    assert "lpr_records: 7 of 58 rows are done." in caplog.text and "captures: 14 of 39 rows" in caplog.text
    assert "lpr_records: 58 of 58 rows are done." in caplog.text and "63 of 58" not in caplog.text
    assert "lpr_plates: creating the index lpr_plates_plate." in caplog.text
    with closing(sqlite3.connect(path)) as connection:
        plates = connection.execute("SELECT record_seq, camera_id, checkpoint_id, occurred_at FROM lpr_plates")
        assert set(plates) == {(3 * n, f"c{n}", f"p{n}", n + 0.5) for n in range(1, 21) if n != 10}
        unsure = connection.execute("SELECT seq FROM lpr_records WHERE unsure").fetchall()
        assert unsure == [(9,), (30,)], "one with plates of 0.4 and 0.1, and one without a plate"
        tags = connection.execute("SELECT capture_seq, captured_at, station, success FROM capture_tags")
        assert tags.fetchall() == [(2 * n, n + 0.25, f"s{n}", n % 2) for n in range(1, 21)]


def test_what_a_damaged_step_of_records_lacks_stops_no_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision_0015, "STEP", 30)  # of numbers from 3 to 60: two steps
    backend = SqliteBackend(path)
    migrate(backend, REVISIONS[:14])
    run_script(path, TWENTY_ROWS)
    execute = Schema.execute

    def damaged(schema: Schema, statement: Any) -> None:
        if "lpr_plates" in str(statement) and 33 in statement.compile().params.values():
            raise sqlite3.DatabaseError("database disk image is malformed")
        execute(schema, statement)

    monkeypatch.setattr(Schema, "execute", damaged)
    migrate(backend)
    with closing(sqlite3.connect(path)) as connection:
        known = connection.execute("SELECT count(*), count(occurred_at) FROM lpr_plates").fetchone()
    assert revision(path) == NEWEST and known == (21, 11)


def test_alerts_of_older_versions_are_no_alarms_but_those_that_go_on(path: Path) -> None:
    backend = SqliteBackend(path)
    migrate(backend, REVISIONS[:7])
    columns = "id, kind, subject, sentence, details, received_at, last_at, count, state"
    rows = ", ".join(f"('{state}', 'test', 's', 's', '{{}}', 1, 2, 1, '{state}')" for state in ("raised", "reported"))
    run_script(path, f"INSERT INTO alerts ({columns}) VALUES {rows}")
    migrate(backend)
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT id, acknowledged_at, acknowledged_by FROM alerts ORDER BY seq").fetchall()
    assert found == [("raised", None, ""), ("reported", 2.0, "")]
