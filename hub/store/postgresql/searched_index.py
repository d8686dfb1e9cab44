"""The values that are searched by any part of them, kept up to date by triggers: once for each statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping

ADDED = """CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO searched_values (field, value) SELECT DISTINCT {field}, {column} FROM changed WHERE {column} <> ''
AND NOT EXISTS (SELECT 1 FROM searched_values WHERE field = {field} AND value = {column})
ORDER BY 1, 2 ON CONFLICT DO NOTHING; RETURN NULL; END $$"""
REMOVED = """CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
DELETE FROM searched_values WHERE field = '{field}' AND value IN (SELECT {column} FROM changed{only})
AND {unused}; RETURN NULL; END $$"""
TRIGGER = (
    "CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed "
    "FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
)


def statements(sources: Mapping[str, tuple[str, str]], corrected: Collection[str]) -> list[str]:
    """The index and the triggers for fields, each with the table and the column of its values."""
    made = [
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE INDEX searched_parts ON searched_values USING gin (value gin_trgm_ops)",
    ]
    for field, (table, column) in sources.items():
        made += _added(f"searched_{field}_added", table, f"'{field}'", f"changed.{column}")
        unused = _unused(field, table, column, field in corrected)
        made += _removed(f"searched_{field}_removed", table, field, column, unused)
        if field in corrected:
            made += _removed(
                f"searched_correction_removed_{field}",
                "corrections",
                field,
                "folded",
                unused,
                f" WHERE field = '{field}'",
            )
    return made + _added("searched_correction_added", "corrections", "changed.field", "changed.folded")


def _added(name: str, table: str, field: str, column: str) -> list[str]:
    function = ADDED.format(name=name, field=field, column=column)
    return [function, TRIGGER.format(name=name, event="INSERT", table=table, rows="NEW")]


def _removed(name: str, table: str, field: str, column: str, unused: str, only: str = "") -> list[str]:
    function = REMOVED.format(name=name, field=field, column=column, only=only, unused=unused)
    return [function, TRIGGER.format(name=name, event="DELETE", table=table, rows="OLD")]


def _unused(field: str, table: str, column: str, corrected: bool) -> str:
    """Whether no record and no correction has the value any more."""
    unused = f"NOT EXISTS (SELECT 1 FROM {table} t WHERE t.{column} = searched_values.value)"
    if not corrected:
        return unused
    other = f"SELECT 1 FROM corrections c WHERE c.field = '{field}' AND c.folded = searched_values.value"
    return f"{unused} AND NOT EXISTS ({other})"
