"""The routes of doorbells, with Flask's test client."""

from __future__ import annotations

import pytest

RING = {"bell": "north", "timestamp": "2026-01-28T10:00:00+07:00"}


def test_a_ring_is_stored_once_and_found_again(client) -> None:
    first = client.post("/api/doorbells/rings", json=RING)
    again = client.post("/api/doorbells/rings", json=RING)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["message"] == "Ring received" and first.json["warnings"] == []
    assert again.json == {**first.json, "duplicate": True}
    rings = client.get("/api/doorbells/rings").json["rings"]
    assert [(ring["id"], ring["bell"], ring["rang_at"]) for ring in rings] == [
        (first.json["id"], "north", "2026-01-28T03:00:00.000000Z")
    ]


def test_a_time_that_cannot_be_read_is_kept_and_named(client) -> None:
    answer = client.post("/api/doorbells/rings", json={"bell": "north", "timestamp": "noon"})
    assert answer.status_code == 201
    assert answer.json["warnings"] == ["timestamp is not a time that can be read; its text was kept"]
    assert client.get("/api/doorbells/rings").json["rings"][0]["timestamp"] == "noon"


@pytest.mark.parametrize("sent", [{}, {"bell": ""}, {"bell": "n" * 101}])
def test_what_is_no_ring_is_rejected(client, sent) -> None:
    answer = client.post("/api/doorbells/rings", json=sent)
    assert answer.status_code == 400
    assert answer.json == {
        "success": False,
        "message": "This is no ring.",
        "errors": ["bell is a text of 1 to 100 characters"],
    }
