"""Properties of what is stored: what the contracts accept, the services store, find again and show as JSON."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import close, create_app
from hub.apriltag.contract.reading import parse_readings
from hub.apriltag.repository import Query as ReadingQuery
from hub.apriltag.service import AprilTags
from hub.context import Hub
from hub.contract.errors import Conflict, ContractError, RequestError
from hub.devices.service import Devices
from hub.lpr.contract.parser import Context, parse
from hub.lpr.contract.record import Detection, HealthReport
from hub.lpr.service import Lpr
from hub.settings.file import load
from hub.station.contract.capture import parse_capture
from hub.station.contract.status import parse_status
from hub.station.service import Captures
from hub.station.stations import Stations
from hub.vehicles.watchlist import LIMITS, Watchlist
from tests.hub.apriltag.test_contract_properties import MESSAGES
from tests.hub.lpr.test_contract_properties import COMMON, DETECTION, HEALTH, KEYS
from tests.hub.station.test_contract_properties import CAPTURES, STATUSES
from tests.support.generated import FEW, assert_sentence, objects, texts, values

pytestmark = pytest.mark.slow

ENTRIES = objects(
    ("plate", "reason", "note", "action", "match", "type", "expires_at", "expiry"),
    {
        "plate": texts() | st.text("AB1 -ก", max_size=8) | st.integers(),
        "action": st.sampled_from(["allow", "deny", "maybe"]),
        "match": st.sampled_from(["exact", "similar"]),
        "expires_at": texts() | st.integers(),
        "expiry": values(3),
    },
)
REGISTRATIONS = objects(
    ("serial_number", "serialNumber", "device_model", "ipAddress", "metadata", "location_lat"),
    {"serial_number": texts() | st.integers(), "metadata": values(), "device_model": texts(), "locationLat": values(2)},
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub in this process, one for all examples."""
    app = create_app(load(tmp_path_factory.mktemp("hub") / "instance", {}, {}))
    yield app.extensions["gatehouse"]
    close(app)


@FEW
@given(data=CAPTURES)
def test_captures(hub: Hub, data: dict[str, Any]) -> None:
    before = copy.deepcopy(data)
    captures = hub.part(Captures)
    try:
        stored = captures.accept(parse_capture(data))
    except ContractError as error:
        assert_sentence(error)
        return
    again = captures.accept(parse_capture(before))
    assert again.duplicate and again.row["id"] == stored.row["id"]
    orjson.dumps(captures.answer(stored, "h"))
    orjson.dumps(captures.public(captures.get(stored.row["id"]), "h"))


@FEW
@given(data=STATUSES)
def test_station_statuses(hub: Hub, data: dict[str, Any]) -> None:
    try:
        shown = hub.part(Stations).report(parse_status(data))
    except RequestError as error:
        assert_sentence(error)
        return
    orjson.dumps(shown)


@FEW
@given(data=objects(KEYS, COMMON | DETECTION) | objects(KEYS, COMMON | HEALTH))
@pytest.mark.parametrize("hint", [None, "detection", "health", "register"])
def test_camera_records(hub: Hub, data: dict[str, Any], hint: str | None) -> None:
    context, before = Context("192.0.2.1", time.time()), copy.deepcopy(data)
    lpr = hub.part(Lpr)
    try:
        record = parse(data, context, hint)
    except ContractError as error:
        assert_sentence(error)
        return
    if not isinstance(record, (Detection, HealthReport)):
        return
    stored = lpr.accept(record, "rest", "192.0.2.1")
    again = parse(before, context, hint)
    assert isinstance(again, type(record))
    duplicate = lpr.accept(again, "rest", "192.0.2.1")
    assert duplicate.duplicate and duplicate.id == stored.id
    orjson.dumps(stored.warnings)
    if isinstance(record, Detection):
        orjson.dumps(lpr.records.public(lpr.records.get(stored.id), "h"))


@FEW
@given(data=MESSAGES)
def test_readings(hub: Hub, data: dict[str, Any]) -> None:
    service = hub.part(AprilTags)
    readings = parse_readings(data)
    for reading in readings:
        service.accept(reading, "192.0.2.7", "http")
        orjson.dumps(service.newest())
    lost = service.readings.lost
    service.readings.flush()
    assert service.readings.lost == lost
    found, _ = service.readings.find(ReadingQuery(limit=5))
    orjson.dumps(found)
    assert len(found) >= min(5, len(readings))


@FEW
@given(data=ENTRIES, change=ENTRIES)
def test_watchlist_entries(hub: Hub, data: dict[str, Any], change: dict[str, Any]) -> None:
    watchlist = hub.part(Watchlist)
    try:
        entry = watchlist.add(data)
    except Conflict:
        return
    except ContractError as error:
        assert_sentence(error)
        return
    try:
        assert entry["normalised"] and all(len(entry[key]) <= limit for key, limit in LIMITS.items())
        orjson.dumps(watchlist.update(entry["id"], change))
    except ContractError as error:
        assert_sentence(error)
    finally:
        watchlist.remove(entry["id"])


@FEW
@given(data=REGISTRATIONS)
def test_device_registrations(hub: Hub, data: dict[str, Any]) -> None:
    devices = hub.part(Devices)
    try:
        device = devices.register(data, "192.0.2.9")
    except RequestError as error:
        assert_sentence(error)
        return
    assert devices.by_serial(device["serial"]) == device
    orjson.dumps(devices.all())


def test_what_was_stored_is_loaded_at_the_next_start(hub: Hub) -> None:
    """Runs after the others: the rows that they stored."""
    for service in (hub.part(Watchlist), hub.part(Devices), hub.part(Stations)):
        service.load()
    assert not any(hub.reader.unreadable.counts().values())
