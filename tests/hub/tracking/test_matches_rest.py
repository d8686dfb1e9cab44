"""The routes of stored matches, with Flask's test client."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from hub.tracking.envelope import NO_EMBEDDING, Embedding, WrongEmbedding
from hub.tracking.matches import KeptMatches
from hub.tracking.persons import Persons
from tests.support.helpers import jpeg
from tests.support.matches import ANNA, BERT, match

MATCHES = "/api/tracking/matches"


@pytest.fixture
def tester(keeping: Any) -> Any:
    return keeping.test_client()


def test_matches_are_listed_page_by_page(tester: Any, kept: KeptMatches) -> None:
    for track in range(7):
        kept.add(match(track, distance=track / 10, crop=jpeg() if track else None))
    first = tester.get(f"{MATCHES}?limit=4").json
    second = tester.get(f"{MATCHES}?limit=4&cursor={first['next_cursor']}").json
    assert first["success"] is True and first["kept"] is True and first["total_count"] == 7
    assert [row["distance"] for row in first["matches"] + second["matches"]] == [0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]
    assert second["next_cursor"] is None and second["matches"][-1]["crop"] is None


def test_filters(tester: Any, kept: KeptMatches) -> None:
    for track, (person, session) in enumerate([(ANNA, "s1"), (BERT, "s1"), (ANNA, "s 2/ü")]):
        kept.add(match(track, person, session_id=session))

    def found(**query: str) -> list[tuple[str, str]]:
        body = tester.get(MATCHES, query_string=query).json
        assert body["total_count"] == len(body["matches"])
        return [(row["person"], row["session_id"]) for row in body["matches"]]

    assert found(person=ANNA.upper()) == [(ANNA, "s 2/ü"), (ANNA, "s1")]
    assert found(session="s1") == [(BERT, "s1"), (ANNA, "s1")]
    assert found(person=ANNA, session="s 2/ü") == [(ANNA, "s 2/ü")]
    assert found(person=str(uuid.uuid4())) == []


def test_a_crop_is_served_and_never_cached(tester: Any, kept: KeptMatches) -> None:
    picture = jpeg()
    kept.add(match(crop=picture))
    answer = tester.get(tester.get(MATCHES).json["matches"][0]["crop"])
    assert (answer.status_code, answer.data) == (200, picture)
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("image/jpeg", "no-store")


@pytest.mark.parametrize("match_id", [str(uuid.UUID(int=7)), "1", "%00", "x" * 500])
def test_a_crop_that_does_not_exist(tester: Any, match_id: str) -> None:
    answer = tester.get(f"{MATCHES}/{match_id}/crop")
    assert answer.status_code == 404 and answer.json["message"].startswith("There is no picture of a match with the id")


@pytest.mark.parametrize(
    "query, name",
    [("person=anna", "person"), ("cursor=-1", "cursor"), ("limit=many", "limit"), (f"session={'s' * 201}", "session")],
)
def test_a_parameter_that_cannot_be_read_is_named(tester: Any, query: str, name: str) -> None:
    answer = tester.get(f"{MATCHES}?{query}")
    assert answer.status_code == 400 and answer.json["message"].startswith(f"{name} is ")


def test_a_person_is_deleted_and_the_answer_says_what_follows(tester: Any, kept: KeptMatches) -> None:
    for track in range(3):
        kept.add(match(track, crop=jpeg()))
    crop = tester.get(MATCHES).json["matches"][0]["crop"]
    assert tester.get(f"{MATCHES}?person={ANNA}").json["deleted_at"] is None
    answer = tester.delete(f"/api/tracking/persons/{ANNA.upper()}")
    assert answer.status_code == 200
    assert answer.json == {
        "success": True,
        "message": (
            "Person deleted: embeddings of this person are refused from now on. Make a new one from a photo to go on."
        ),
        "person": ANNA,
        "deleted": 3,
    }
    left = tester.get(f"{MATCHES}?person={ANNA}").json
    assert left["matches"] == [] and left["total_count"] == 0 and left["deleted_at"].endswith("Z")
    assert tester.get(crop).status_code == 404
    assert tester.delete(f"/api/tracking/persons/{ANNA}").json["deleted"] == 0


def test_a_person_is_deleted_by_an_embedding(tester: Any, kept: KeptMatches, parts: Any) -> None:
    persons = parts.part(Persons)
    embedding = persons.seal(Embedding(b"\0\0\x80?", "model", ANNA, 1))
    kept.add(match())
    for deleted in (1, 0):
        answer = tester.post("/api/tracking/persons/delete", json={"embedding": embedding})
        assert (answer.status_code, answer.json["deleted"], answer.json["person"]) == (200, deleted, ANNA)
    with pytest.raises(WrongEmbedding, match=r"This person was deleted on 20\d\d-\d\d-\d\d; make a new embedding"):
        persons.open(embedding)
    answer = tester.post("/api/tracking/persons/delete", json={"embedding": "another"})
    assert (answer.status_code, answer.json["message"]) == (422, NO_EMBEDDING)


@pytest.mark.parametrize(
    "sent", [{}, {"embedding": None}, {"embedding": 5}, {"embedding": ""}, {"embedding": "x" * 10**6}]
)
def test_what_is_no_embedding_is_refused(tester: Any, sent: Any) -> None:
    answer = tester.post("/api/tracking/persons/delete", json=sent)
    assert (answer.status_code, answer.json["success"]) == (400, False)
    assert answer.json["message"] == "embedding is the text that /upload-embedding answered, unchanged."


@pytest.mark.parametrize("person", ["anna", "1", ANNA + "0", ANNA.replace("-", "")])
def test_what_is_no_person_is_refused(tester: Any, kept: KeptMatches, person: str) -> None:
    answer = tester.delete(f"/api/tracking/persons/{person}")
    assert answer.status_code == 400 and answer.json["message"].startswith("person is the id of a person")
    assert kept.counts()["deleted_persons"] == 0


def test_the_status_page_shows_counters(tester: Any, kept: KeptMatches) -> None:
    kept.add(match())
    kept.flush()
    assert tester.get("/status").json["tracking_matches"] == {
        "kept": True,
        "stored": 1,
        "waiting": 0,
        "not_stored": 0,
        "not_stored_by": {},
        "thinned": 0,
        "without_crop": 0,
        "deleted": 0,
        "deleted_persons": 0,
    }
