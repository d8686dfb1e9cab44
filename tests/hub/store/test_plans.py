"""Lists in the order of time are read by an index, not by a scan of the table or a sort of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hub import close, create_app
from hub.contract.entries import Position
from hub.lpr.repository.query import Query as RecordQuery
from hub.lpr.repository.repositories import Repositories
from hub.settings.file import load
from hub.station.repository import CaptureRepository
from hub.station.repository import Query as CaptureQuery
from hub.store.reader import Reader
from hub.store.salvage import Rows

RANGE = {"since": 1.0, "until": 2.0}
BELOW = {"below": Position(5.0, 5)}


class Plans(Reader):
    """Explains pages instead of reading them."""

    plan = ""

    def page(self, statement: Any, may_scan: bool = False) -> Rows:
        query = self._backend.compile(statement)
        connection = self._backend.connect()
        rows = connection.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.params).fetchall()
        connection.close()
        self.plan = " / ".join(str(row["detail"]) for row in rows)
        return Rows()


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plans]:
    app = create_app(load(tmp_path_factory.mktemp("plans") / "instance", {}, {}))
    yield Plans(app.extensions["gatehouse"].backend)
    close(app)


@pytest.mark.parametrize("more", [{}, RANGE, BELOW], ids=["all", "range", "page"])
@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "captures_captured"),
        ({"station": "x"}, "captures_station_time"),
        ({"station": "x", "success": True}, "captures_station_time"),
        ({"success": False}, "captures_success_time"),
        ({"station": "x", "success": False}, "captures_success_time"),
        ({"unread": True}, "captures_unread"),
        ({"unread": True, "station": "x"}, "captures_unread"),
        ({"corrected": False, "station": "x"}, "captures_station_time"),
    ],
)
def test_captures_by_time(plans: Plans, filters: dict[str, Any], index: str, more: dict[str, Any]) -> None:
    repository = CaptureRepository(plans._backend, plans)
    repository.page(CaptureQuery(order_by_time=True, **filters, **more))
    assert f"INDEX {index} " in f"{plans.plan} ", plans.plan
    assert "TEMP B-TREE FOR ORDER" not in plans.plan, plans.plan


@pytest.mark.parametrize("more", [{}, RANGE, BELOW], ids=["all", "range", "page"])
@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "lpr_records_occurred"),
        ({"checkpoint": "x"}, "lpr_records_checkpoint_time"),
        ({"camera": "x"}, "lpr_records_camera_time"),
        ({"unread": True}, "lpr_records_unsure"),
        ({"unread": True, "checkpoint": "x"}, "lpr_records_unsure"),
    ],
)
def test_detections_by_time(plans: Plans, filters: dict[str, Any], index: str, more: dict[str, Any]) -> None:
    repositories = Repositories.create(plans._backend, plans, False)
    repositories.records.page(RecordQuery(order_by_time=True, **filters, **more))
    assert f"INDEX {index} " in f"{plans.plan} ", plans.plan


@pytest.mark.parametrize("more", [{}, RANGE, BELOW, {"order_by_time": False}], ids=["all", "range", "page", "arrival"])
@pytest.mark.parametrize("value", ["X", "X*"])
def test_what_does_not_match_beside_a_value_is_not_read(plans: Plans, value: str, more: dict[str, Any]) -> None:
    repositories = Repositories.create(plans._backend, plans, False)
    repositories.records.page(RecordQuery(**{"order_by_time": True, "plate": value, "camera": "c", **more}))
    assert "SEARCH lpr_plates USING COVERING INDEX lpr_plates_plate" in plans.plan, plans.plan
    assert "SEARCH lpr_records USING INTEGER PRIMARY KEY" in plans.plan, plans.plan
    captures = CaptureRepository(plans._backend, plans)
    for field, index in (("tag", "capture_tags_tag"), ("number", "captures_number")):
        captures.page(CaptureQuery(**{"order_by_time": True, field: value, "success": True, **more}))
        assert f"USING COVERING INDEX {index}" in plans.plan, plans.plan
        assert "SEARCH captures USING INTEGER PRIMARY KEY" in plans.plan, plans.plan


@pytest.mark.parametrize("more", [{}, RANGE, BELOW], ids=["all", "range", "page"])
def test_corrected_ones_are_found_by_their_corrections(plans: Plans, more: dict[str, Any]) -> None:
    CaptureRepository(plans._backend, plans).page(CaptureQuery(order_by_time=True, corrected=True, **more))
    assert "SEARCH captures USING INTEGER PRIMARY KEY" in plans.plan, plans.plan
