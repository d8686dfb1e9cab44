"""Properties of the cameras' contract: any object is a bounded record of its kind or refused with a sentence."""

from __future__ import annotations

import copy
from dataclasses import asdict
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.bounds import ROW_BYTES
from hub.contract.errors import ContractError
from hub.lpr.contract import record as records
from hub.lpr.contract.fields import CAMERA_KEYS, CHECKPOINT_KEYS, MAX_ID
from hub.lpr.contract.kinds import COMMON_KEYS, DETECTION_KEYS, HEALTH_KEYS, TYPES
from hub.lpr.contract.parser import Context, parse
from tests.support.generated import assert_sentence, numbers, objects, texts, values

pytestmark = pytest.mark.slow

CONTEXT = Context("192.0.2.1", 1.7e9, None, 4096)
KEYS = tuple(sorted(DETECTION_KEYS | HEALTH_KEYS | COMMON_KEYS | {"type", "data", "content", "table", "location"}))
PLATE = st.fixed_dictionaries(
    {},
    optional={
        "text": texts() | numbers(),
        "plate": texts(),
        "confidence": numbers() | texts(),
        "bbox": st.lists(numbers(), max_size=5),
        "plate_idx": st.integers(-2, 5),
    },
)
ROWS = st.lists(PLATE | texts() | values(3), max_size=5)
DETECTION = {
    "ocr_results": ROWS | ROWS.map(lambda rows: orjson.dumps(rows, default=str).decode() if _encodable(rows) else rows),
    "plate_detections": ROWS,
    "vehicle_detections": ROWS,
    "license_plate": texts() | numbers(),
    "original_image": st.binary(max_size=40) | st.sampled_from(["/9j/4AAQ", "AAAA", "A" * 8000]),
    "cropped_plates": st.lists(st.sampled_from(["/9j/4AAQ", "iVBORw0KGgo=", 7, None]), max_size=60),
    "vehicles_count": numbers(),
    "location": st.recursive(texts(), lambda inner: st.fixed_dictionaries({"location": inner, "lat": numbers()})),
}
HEALTH = {"component": texts(), "status": texts(), "details": values(), "cpu_usage": values(3)}
COMMON = {
    "camera_id": texts() | numbers(),
    "aicamera_id": texts() | numbers(),
    "event_id": texts() | numbers(),
    "timestamp": texts() | numbers(),
    "created_at": texts() | numbers(),
    "type": st.sampled_from(sorted(TYPES)) | texts(),
}


def _encodable(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize("hint", [None, "detection", "health", "register"])
@given(data=objects(KEYS, COMMON | DETECTION | HEALTH) | objects(KEYS, COMMON | DETECTION) | objects(KEYS, HEALTH))
def test_an_object_is_a_bounded_record_or_refused(hint: str | None, data: dict[str, Any]) -> None:
    before = copy.deepcopy(data)
    try:
        record = parse(data, CONTEXT, hint)
    except ContractError as error:
        assert_sentence(error)
        return
    assert repr(record) == repr(parse(before, CONTEXT, hint))
    sender = record.sender
    assert 0 < len(sender.camera_id) <= MAX_ID and 0 < len(sender.checkpoint_id) <= MAX_ID
    orjson.dumps(sender.echo)
    if isinstance(record, records.Test):
        return
    fields = asdict(record)
    pictures = fields.pop("pictures", [])
    key = fields.pop("event_key", b"")
    assert len(orjson.dumps(fields)) < 4 * ROW_BYTES, sorted((len(orjson.dumps(v)), k) for k, v in fields.items())[-4:]
    assert sum(len(picture["data"]) for picture in pictures) <= 4096 * 60
    if isinstance(record, (records.Detection, records.HealthReport)):
        assert len(key) == 16 and record.event_key == key
        assert 0 < record.occurred_at < 4e10


@given(values())
def test_any_value_is_a_record_or_refused(data: Any) -> None:
    try:
        parse(data, CONTEXT)
    except ContractError as error:
        assert_sentence(error)


@given(st.sampled_from(CAMERA_KEYS + CHECKPOINT_KEYS), values(), st.integers(0, 1))
def test_the_same_record_has_the_same_key_over_every_transport(key: str, value: Any, order: int) -> None:
    fields = [(key, value), ("ocr_results", ["ABC 123"]), ("timestamp", "2026-11-26T10:00:00"), ("details", {"a": 1})]
    one, other = dict(fields), dict(reversed(fields))
    text = '["ABC 123"]'
    assert parse(one, CONTEXT).event_key == parse(other | {"ocr_results": text}, CONTEXT).event_key
