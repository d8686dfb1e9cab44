"""The id that a record claims is the one under which a camera's record is stored."""

from __future__ import annotations

import itertools

import pytest

from hub.access.claims import claimed_in
from hub.lpr.contract.fields import CAMERA_KEYS
from hub.lpr.contract.parser import Context, parse

KEYS = [key for key in CAMERA_KEYS if key != "hostname"]


@pytest.mark.parametrize("pair", list(itertools.permutations(KEYS, 2)))
def test_of_two_ids_the_stored_one_is_checked(pair: tuple[str, str]) -> None:
    record = {pair[0]: "A", pair[1]: "B", "ocr_results": ["X1"]}
    context = Context("10.0.0.1", 1_790_000_000.0, None, 1_000_000, "")
    assert claimed_in(record) == parse(dict(record), context, "detection").sender.camera_id
