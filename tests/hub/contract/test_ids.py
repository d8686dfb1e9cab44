"""Ids of records: UUIDs of version 4, no two alike."""

from __future__ import annotations

import uuid

from hub.contract.ids import new_id


def test_ids_are_random_uuids() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    for text in made:
        found = uuid.UUID(text)
        assert str(found) == text and found.version == 4 and found.variant == uuid.RFC_4122
