"""Properties of the station's contracts: any object becomes a bounded record, or is refused with a sentence."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.contract.errors import ContractError
from hub.station.contract.capture import MAX_EXTRA, CaptureResult, derived_event_id, extra_text, parse_capture
from hub.station.contract.status import DeviceStatus, OutboxStatus, Shelved, StationStatus, ThreadStatus, parse_status
from tests.support.generated import assert_sentence, objects, texts, values

pytestmark = pytest.mark.slow

RECORD_BYTES = 128 * 1024

CAPTURE_KEYS = (*CaptureResult.model_fields, "primary_image", "secondary", "label_image")
CAPTURES = objects(
    CAPTURE_KEYS,
    {
        "tag": st.text(max_size=30),
        "tags": st.lists(st.text(max_size=30), max_size=3),
        "number": texts(),
        "event_id": st.text(max_size=30),
        "started_ts": st.floats(0, 2e9),
        "primary_image": st.binary(max_size=40),
        "label_image": st.sampled_from(["AAAA", "data:image/png;base64,AAAA", "not base64"]),
    },
)
PART_KEYS = tuple(key for part in (DeviceStatus, Shelved, OutboxStatus, ThreadStatus) for key in part.model_fields)
PART = objects(PART_KEYS, {"fps": st.floats(), "width": st.integers(), "restarts": st.sampled_from(["9" * 30, "7"])})
STATUSES = objects(
    tuple(StationStatus.model_fields),
    {
        "station": st.sampled_from(["main", "\x00 a", " ", "é" * 100]),
        "reader": PART,
        "cameras": st.lists(PART, max_size=20),
        "outbox": PART,
        "threads": st.dictionaries(texts(), PART, max_size=3),
        "captures": st.sampled_from([7, "7", "9" * 30, 1e300, 10**30, float("nan")]),
        "sent_at": st.sampled_from([1764151200.5, "1764151200", "inf", "nan", "1e400"]),
    },
)


@given(CAPTURES)
@example({"tag": "T", "unknown": [[False] * 500] * 10})
@example({"tag": "T", "unknown": ["\x01" * 4000], "other": {"\x01" * 200: None}})
def test_a_capture_is_a_bounded_record_or_refused(data: dict[str, Any]) -> None:
    before = copy.deepcopy(data)
    try:
        incoming = parse_capture(data)
    except ContractError as error:
        assert_sentence(error)
        return
    again = parse_capture(before)
    assert (incoming.result, incoming.pictures, incoming.warnings) == (again.result, again.pictures, again.warnings)
    assert derived_event_id(incoming, 1e9) == derived_event_id(again, 1e9)
    assert len(orjson.dumps([incoming.result.model_dump(), incoming.warnings])) < RECORD_BYTES
    extra = extra_text(incoming.extra)
    assert len(extra) <= MAX_EXTRA
    assert extra == "" or isinstance(orjson.loads(extra), dict)


@given(STATUSES)
@example({"station": "main", "captures": "9" * 30})
@example({"station": "main", "reader": {"fps": "inf", "width": "-" + "9" * 30}})
def test_a_status_is_a_bounded_record_or_refused(data: dict[str, Any]) -> None:
    before = copy.deepcopy(data)
    try:
        status = parse_status(data)
    except ContractError as error:
        assert_sentence(error)
        return
    assert repr(status) == repr(parse_status(before))
    assert len(orjson.dumps(status.model_dump(mode="json"))) < RECORD_BYTES
    # As it is stored and read again at the next start.
    read = StationStatus.model_validate_json(status.model_dump_json())
    assert read.model_dump(mode="json") == status.model_dump(mode="json")


@given(values())
def test_a_status_with_any_captures(value: Any) -> None:
    try:
        status = parse_status({"station": "main", "captures": value})
    except ContractError as error:
        assert_sentence(error)
        return
    assert abs(status.captures) < 2**53
