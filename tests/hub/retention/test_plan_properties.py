"""What a run deletes is what the preview said: never a protected row, never a newer one before an older one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub import close, create_app
from hub.retention.service import Retention
from hub.retention.usage import Usage
from hub.settings.file import load
from hub.store.pace import PacedWriter
from tests.support.retention import DAY, retention_of

NOW = 1_800_000_000.0
TABLES = {"captures": "captures", "detections": "lpr_records", "health": "lpr_health", "audit": "audit_log"}
KINDS = st.sampled_from(sorted(TABLES))
# Kind, days before now (below 0: from a clock that was ahead), protected, bytes of pictures.
ROW = st.tuples(KINDS, st.floats(-50, 200), st.booleans(), st.integers(0, 2000))
CAPTURE = (
    "INSERT INTO captures VALUES (NULL, :id, :id, 's', :at, :at, '', '', '[]', '', '', NULL, NULL, 1, '', '', '', "
    "'[]', 1, '', '', '', '[]', '', :protected, :bytes)"
)
RECORD = (
    "INSERT INTO lpr_records VALUES (NULL, :id, :key, '', 'c', 'p', '', '', :at, :at, 0, 0, '{}', "
    ":protected, 0, :bytes, 0)"
)
HEALTH = (
    "INSERT INTO lpr_health VALUES (NULL, :id, :key, '', 'c', 'p', 'x', 'ok', 'ok', '', '{}', '', '', :at, :at, '[]')"
)
AUDIT = "INSERT INTO audit_log VALUES (NULL, :at, 'w', 'k', 'a', 'x', 't', '{}')"
INSERTS = {"captures": CAPTURE, "detections": RECORD, "health": HEALTH, "audit": AUDIT}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A hub that deletes nothing by itself, without pauses between thousands of steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.retention.service.FIRST_SECONDS", 1e6)
        patch.setattr("hub.store.pace.MAX_PAUSE", 0.0)
        app = create_app(load(tmp_path_factory.mktemp("plan") / "instance", {}, {}))
        yield app.extensions["gatehouse"]
        close(app)


def fill(path: Path, rows: list[tuple[str, float, bool, int]]) -> None:
    with closing(sqlite3.connect(path, timeout=10)) as connection, connection:
        for table in (*TABLES.values(), "expired_files", "retention_totals"):
            connection.execute(f"DELETE FROM {table}")
        for number, (kind, days, protected, size) in enumerate(rows):
            values = {"id": f"i{number}", "key": f"k{number}".encode(), "at": NOW - days * DAY}
            connection.execute(INSERTS[kind], {**values, "protected": protected, "bytes": size})


def stored(path: Path) -> dict[str, list[sqlite3.Row]]:
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        return {kind: connection.execute(f"SELECT * FROM {table}").fetchall() for kind, table in TABLES.items()}


class FixedMeter:
    """Says that so much is used, until something was deleted."""

    def __init__(self, used: int) -> None:
        self.used = used

    def measure(self) -> Usage:
        return Usage(self.used, 0, 0)


def make(parts: Any, days: dict[str, int], over: int) -> Retention:
    retention = retention_of(parts, days, lambda: NOW, budget=1_000_000)
    retention._meter = FixedMeter(1_000_000 + over)  # type: ignore[assignment]
    return retention


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(ROW, max_size=40),
    st.fixed_dictionaries({kind: st.sampled_from([0, 1, 30, 100]) for kind in TABLES}),
    st.integers(-5000, 20_000),
    st.integers(1, 7),
)
@example([("captures", 5, False, 10), ("captures", 90, False, 10)], dict.fromkeys(TABLES, 30), 0, 1)
@example([("captures", -5, False, 10), ("captures", 90, False, 10)], dict.fromkeys(TABLES, 30), 1, 1)
def test_a_run_deletes_what_the_preview_said(
    parts: Any, rows: list[tuple[str, float, bool, int]], days: dict[str, int], over: int, step: int
) -> None:
    fill(parts.backend.file, rows)
    before = stored(parts.backend.file)
    retention = make(parts, days, over)
    retention._steps = {kind: PacedWriter(parts.writer, step) for kind in TABLES}
    shown = retention.preview()
    plan = retention._plan(retention._ahead)
    deleted = sum(retention._delete(made) for made in plan.kinds)
    after = stored(parts.backend.file)
    assert deleted == plan.records
    for kind in shown["kinds"]:
        name = kind["kind"]
        kept = {row["seq"] for row in after[name]}
        gone = [row for row in before[name] if row["seq"] not in kept]
        assert len(gone) == kind["would_delete"]["records"]
        protected = {row["seq"] for row in before[name] if "protected" in row.keys() and row["protected"]}
        assert not protected - kept and kind["protected"] == len(protected)
        limit = NOW - days[name] * DAY
        by_age = [row for row in gone if days[name] and row["received_at"] < limit]
        by_budget = [row for row in gone if row not in by_age]
        assert not (by_budget and (over <= 0 or name == "audit"))
        loose = sorted(kept - protected)
        for row in by_budget:  # whatever arrived earlier has gone as well
            assert all(seq > row["seq"] for seq in loose)
        for row in by_age:  # what arrived earlier and stays has a time in the future
            assert all(
                each["received_at"] > NOW
                for each in after[name]
                if each["seq"] < row["seq"] and each["seq"] not in protected
            )
        oldest = [row["received_at"] for row in after[name] if row["seq"] not in protected]
        assert (kind["oldest_kept"] is None) == (not oldest)
    freed = sum(each.share.bytes for each in plan.kinds)
    if over > 0 and freed < over:
        assert not any(
            not ("protected" in row.keys() and row["protected"])
            for kind in TABLES
            if kind != "audit"
            for row in after[kind]
        ), "while the budget is not kept, nothing stays that may go"


@given(st.lists(st.tuples(st.sampled_from(["captures", "health"]), st.floats(0, 200)), min_size=1, max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_budget_takes_the_oldest_of_all_kinds(parts: Any, rows: list[tuple[str, float]]) -> None:
    """With rows that arrived in the order of their times, one more byte over the budget takes one more row."""
    in_order = sorted(rows, key=lambda row: -row[1])
    fill(parts.backend.file, [(kind, days, False, 0) for kind, days in in_order])
    retention = make(parts, {"captures": 0, "health": 0}, 1)
    plan = retention._plan(retention._ahead)
    oldest = max(days for _, days in in_order)
    (gone,) = [each for each in plan.kinds if each.share.records]
    assert gone.share.records == 1 and (gone.kind.name, oldest) in in_order
