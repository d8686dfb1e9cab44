"""The values that are searched by any part of them: an FTS5 index of their trigrams, and triggers for each row."""

from __future__ import annotations

from collections.abc import Collection, Mapping

# An index of every three characters that follow each other; what it finds is compared with the whole part.
INDEX = """CREATE VIRTUAL TABLE searched_parts USING fts5(
value, content='searched_values', content_rowid='id', tokenize='trigram case_sensitive 1', detail=none, columnsize=0)"""
INDEX_ADDED = """CREATE TRIGGER searched_value_added AFTER INSERT ON searched_values BEGIN
INSERT INTO searched_parts (rowid, value) VALUES (NEW.id, NEW.value);
END"""
INDEX_REMOVED = """CREATE TRIGGER searched_value_removed AFTER DELETE ON searched_values BEGIN
INSERT INTO searched_parts (searched_parts, rowid, value) VALUES ('delete', OLD.id, OLD.value);
END"""


def statements(sources: Mapping[str, tuple[str, str]], corrected: Collection[str]) -> list[str]:
    """The index and the triggers for fields, each with the table and the column of its values."""
    made = [INDEX, INDEX_ADDED, INDEX_REMOVED]
    for field, (table, column) in sources.items():
        unused = _unused(field, table, column, f"OLD.{column}", field in corrected)
        made += [_added(field, table, column), _removed(field, table, column, unused)]
    made.append(
        f"CREATE TRIGGER searched_correction_added AFTER INSERT ON corrections WHEN {_is_new('NEW.field', 'folded')} "
        "BEGIN INSERT INTO searched_values (field, value) VALUES (NEW.field, NEW.folded); END"
    )
    for field, (table, column) in sources.items():
        if field in corrected:
            unused = _unused(field, table, column, "OLD.folded", True)
            made.append(
                f"CREATE TRIGGER searched_correction_removed_{field} AFTER DELETE ON corrections "
                f"WHEN OLD.field = '{field}' AND {unused} "
                f"BEGIN DELETE FROM searched_values WHERE field = '{field}' AND value = OLD.folded; END"
            )
    return made


def _is_new(field: str, column: str) -> str:
    """Whether the value of a new row is not among the searched ones. An INSERT OR IGNORE could become a REPLACE."""
    return (
        f"typeof(NEW.{column}) = 'text' AND NEW.{column} <> '' AND NOT EXISTS "
        f"(SELECT 1 FROM searched_values WHERE field = {field} AND value = NEW.{column})"
    )


def _unused(field: str, table: str, column: str, value: str, corrected: bool) -> str:
    """Whether no record and no correction has the value any more."""
    unused = f"NOT EXISTS (SELECT 1 FROM {table} WHERE {column} = {value})"
    if not corrected:
        return unused
    other = f"SELECT 1 FROM corrections WHERE field = '{field}' AND newest IN (0, 1) AND folded = {value}"
    return f"{unused} AND NOT EXISTS ({other})"


def _added(field: str, table: str, column: str) -> str:
    new = _is_new(f"'{field}'", column)
    return (
        f"CREATE TRIGGER searched_{field}_added AFTER INSERT ON {table} WHEN {new} "
        f"BEGIN INSERT INTO searched_values (field, value) VALUES ('{field}', NEW.{column}); END"
    )


def _removed(field: str, table: str, column: str, unused: str) -> str:
    return (
        f"CREATE TRIGGER searched_{field}_removed AFTER DELETE ON {table} WHEN {unused} "
        f"BEGIN DELETE FROM searched_values WHERE field = '{field}' AND value = OLD.{column}; END"
    )
