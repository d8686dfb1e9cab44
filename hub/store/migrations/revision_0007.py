"""Revision 7: corrections of what was read, and numbers, plates and tags that are searched by any part of them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

from hub.store.migrations.schema import Schema

METADATA = MetaData()

# The records that corrections belong to; they exist.
for _name in ("captures", "lpr_records"):
    Table(_name, METADATA, Column("seq", Integer, primary_key=True))

CORRECTIONS = Table(
    "corrections",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("capture_seq", Integer, ForeignKey("captures.seq", ondelete="CASCADE")),
    Column("detection_seq", Integer, ForeignKey("lpr_records.seq", ondelete="CASCADE")),
    Column("record_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("read", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("newest", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("who_kind", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Index("corrections_record", "record_id", "seq"),
    Index("corrections_capture", "capture_seq", "position"),
    Index("corrections_detection", "detection_seq", "position"),
    Index("corrections_value", "field", "newest", "folded", "capture_seq", "detection_seq"),
    sqlite_autoincrement=True,
)

VALUES = Table(
    "searched_values",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    UniqueConstraint("field", "value"),
)

FIELDS = Table(
    "searched_fields",
    METADATA,
    Column("field", Text, primary_key=True),
    Column("last", Text, nullable=False),
    Column("complete", Boolean, nullable=False),
)

# field -> the table and the column of its values
SOURCES = {
    "number": ("captures", "number"),
    "tag": ("capture_tags", "tag"),
    "plate": ("lpr_plates", "plate"),
}
CORRECTED = ("number", "plate")

# An index of every three characters that follow each other; what it finds is compared with the whole part.
INDEX = """CREATE VIRTUAL TABLE searched_parts USING fts5(
value, content='searched_values', content_rowid='id', tokenize='trigram case_sensitive 1', detail=none, columnsize=0)"""
INDEX_ADDED = """CREATE TRIGGER searched_value_added AFTER INSERT ON searched_values BEGIN
INSERT INTO searched_parts (rowid, value) VALUES (NEW.id, NEW.value);
END"""
INDEX_REMOVED = """CREATE TRIGGER searched_value_removed AFTER DELETE ON searched_values BEGIN
INSERT INTO searched_parts (searched_parts, rowid, value) VALUES ('delete', OLD.id, OLD.value);
END"""


def upgrade(schema: Schema) -> None:
    """Create the tables, the index and the triggers. The values of older rows are added while the hub runs."""
    for table in (CORRECTIONS, VALUES, FIELDS):
        schema.create_table(table)
    for sql in (INDEX, INDEX_ADDED, INDEX_REMOVED):
        schema.execute_text(sql)
    for field, (table_name, column) in SOURCES.items():
        schema.execute_text(_added(field, table_name, column))
        schema.execute_text(_removed(field, table_name, column))
        schema.execute_text(
            f"INSERT INTO searched_fields (field, last, complete) "
            f"SELECT '{field}', '', NOT EXISTS (SELECT 1 FROM {table_name})"
        )
    schema.execute_text(
        f"CREATE TRIGGER searched_correction_added AFTER INSERT ON corrections WHEN {_is_new('NEW.field', 'folded')} "
        "BEGIN INSERT INTO searched_values (field, value) VALUES (NEW.field, NEW.folded); END"
    )
    for field, (table_name, column) in SOURCES.items():
        if field in CORRECTED:
            schema.execute_text(
                f"CREATE TRIGGER searched_correction_removed_{field} AFTER DELETE ON corrections "
                f"WHEN OLD.field = '{field}' AND {_unused(field, table_name, column, 'OLD.folded')} "
                f"BEGIN DELETE FROM searched_values WHERE field = '{field}' AND value = OLD.folded; END"
            )


def _is_new(field: str, column: str) -> str:
    """Whether the value of a new row is not among the searched ones. An INSERT OR IGNORE could become a REPLACE."""
    return (
        f"typeof(NEW.{column}) = 'text' AND NEW.{column} <> '' AND NOT EXISTS "
        f"(SELECT 1 FROM searched_values WHERE field = {field} AND value = NEW.{column})"
    )


def _unused(field: str, table: str, column: str, value: str) -> str:
    """Whether no record and no correction has the value any more."""
    unused = f"NOT EXISTS (SELECT 1 FROM {table} WHERE {column} = {value})"
    if field not in CORRECTED:
        return unused
    corrected = f"SELECT 1 FROM corrections WHERE field = '{field}' AND newest IN (0, 1) AND folded = {value}"
    return f"{unused} AND NOT EXISTS ({corrected})"


def _added(field: str, table: str, column: str) -> str:
    new = _is_new(f"'{field}'", column)
    return (
        f"CREATE TRIGGER searched_{field}_added AFTER INSERT ON {table} WHEN {new} "
        f"BEGIN INSERT INTO searched_values (field, value) VALUES ('{field}', NEW.{column}); END"
    )


def _removed(field: str, table: str, column: str) -> str:
    return (
        f"CREATE TRIGGER searched_{field}_removed AFTER DELETE ON {table} "
        f"WHEN {_unused(field, table, column, f'OLD.{column}')} "
        f"BEGIN DELETE FROM searched_values WHERE field = '{field}' AND value = OLD.{column}; END"
    )
