"""REST of stored matches: listed with their crops, and deleted with their person."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.errors import ContractError, NotFound
from hub.contract.roles import Role
from hub.contract.times import utc_text
from hub.http.answers import answer, note_change, part
from hub.http.body import json_object
from hub.http.query import cursor, page_limit
from hub.tracking.matches import MAX_TEXT, KeptMatches
from hub.tracking.persons import Persons

matches_rest = Blueprint("tracking_matches", __name__, url_prefix="/api/tracking")

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAX_EMBEDDING = 100_000  # characters


@matches_rest.get("/matches")
@role(Role.VIEWER)
def list_matches() -> Response:
    """Stored matches, newest first: person, session, limit, cursor. `kept`: whether new ones are stored."""
    args, kept = request.args, part(KeptMatches)
    person = _person(args["person"]) if args.get("person") else None
    session = args.get("session") or None
    if session is not None and len(session) > MAX_TEXT:
        raise ContractError(f"session is a session's id of at most {MAX_TEXT} characters.")
    rows, following = kept.newest(person, session, cursor(args.get("cursor")), page_limit(args.get("limit"), 50))
    deleted_at = kept.is_deleted(person) if person is not None else None
    return answer(
        {
            "success": True,
            "kept": kept.enabled,
            "matches": rows,
            "total_count": kept.count(person, session),
            "next_cursor": str(following) if following is not None else None,
            "deleted_at": utc_text(deleted_at),
        }
    )


@matches_rest.get("/matches/<match_id>/crop")
@role(Role.VIEWER)
def crop(match_id: str) -> Response:
    """The small picture of a match."""
    data = part(KeptMatches).crop(match_id.lower()) if UUID.fullmatch(match_id.lower()) else None
    if data is None:
        raise NotFound(
            f"There is no picture of a match with the id {match_id[:80]}; it may have been deleted, or the match may "
            "have been stored without one."
        )
    return Response(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@matches_rest.delete("/persons/<person>")
@role(Role.OPERATOR)
def delete_person(person: str) -> Response:
    """Delete a person: its stored matches now, and its embeddings are refused from then on."""
    return _deleted(_person(person))


@matches_rest.post("/persons/delete")
@role(Role.OPERATOR)
def delete_person_of_embedding() -> Response:
    """Delete the person of an embedding: `{"embedding": text}`."""
    embedding = json_object(request).get("embedding")
    if not isinstance(embedding, str) or not 0 < len(embedding) <= MAX_EMBEDDING:
        raise ContractError("embedding is the text that /upload-embedding answered, unchanged.")
    return _deleted(part(Persons).open_any(embedding).person)


def _person(text: str) -> str:
    """A person's id. Raises ContractError."""
    if not UUID.fullmatch(text.lower()):
        raise ContractError(
            "person is the id of a person, such as 0b6ff0f1-7d4c-4a5e-9b0e-0d3c1c2b5a11; stored matches show it.",
            [f"person: {text[:80]!r}"],
        )
    return text.lower()


def _deleted(person: str) -> Response:
    kept = part(KeptMatches)
    deleted = kept.delete_person(person)
    note_change("person.delete", person, {"stored_matches": deleted})
    message = "Person deleted: embeddings of this person are refused from now on. Make a new one from a photo to go on."
    if kept.deleting:
        message += " So many matches were stored that the rest of them is being deleted in the background."
    return answer({"success": True, "message": message, "person": person, "deleted": deleted})
