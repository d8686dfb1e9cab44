"""Ids of records: UUIDs in the form of version 4, no two alike, in the order of their time."""

from __future__ import annotations

import time
import uuid

from hub.contract.ids import new_id


def test_ids_are_uuids_of_which_no_two_are_alike() -> None:
    made = {new_id() for _ in range(10_000)}
    assert len(made) == 10_000
    for text in made:
        found = uuid.UUID(text)
        assert str(found) == text and found.version == 4 and found.variant == uuid.RFC_4122


def test_later_ids_are_greater() -> None:
    made = []
    for _ in range(20):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)


def test_what_is_not_time_version_or_variant_is_random() -> None:
    made = [uuid.UUID(new_id()).int for _ in range(2_000)]
    free = 0x0FFF_3FFF_FFFF_FFFF_FFFF
    ones = [sum(one >> place & 1 for one in made) for place in range(80) if free >> place & 1]
    assert len(ones) == 74
    assert all(800 < count < 1_200 for count in ones)
