"""REST of corrections: make one, see the history, export them as a labelled set."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from flask import Blueprint, Response, request
from gevent.lock import BoundedSemaphore

from hub.access.declare import role
from hub.contract.errors import ContractError, Unavailable
from hub.contract.roles import Role
from hub.corrections.export import MAX_PICTURES, labelled_set
from hub.corrections.service import MAX_ID, Corrections
from hub.http.answers import answer, current_hub, note_change, part
from hub.http.body import json_object
from hub.http.query import cursor, page_limit

corrections_rest = Blueprint("corrections_rest", __name__, url_prefix="/api/corrections")

MAX_EXPORTS = 2  # at the same time
_exports = BoundedSemaphore(MAX_EXPORTS)


@corrections_rest.post("")
@role(Role.OPERATOR)
def correct() -> Response:
    """Correct a value of a record: kind, id, index, value, note. An empty value: seen, and nobody can read it."""
    hub = current_hub()
    made = part(Corrections).correct(json_object(request), hub.gate.author(request.environ))
    noted = {key: made[key] for key in ("index", "before", "value", "note") if made[key] not in ("", 0)}
    note_change(f"{made['kind']}.correct", made["id"], noted)
    return answer({"success": True, "message": "Corrected", "correction": made}, 201)


@corrections_rest.get("")
@role(Role.VIEWER)
def list_corrections() -> Response:
    """List corrections, newest first; with `kind` and `id` the history of one record."""
    args = request.args
    record_id = args.get("id") or None
    if record_id is not None and len(record_id) > MAX_ID:
        raise ContractError("id is the id of a record.", [f"id: {record_id[:80]!r}"])
    rows, following = part(Corrections).find(
        _kind(), record_id, page_limit(args.get("limit"), 50), cursor(args.get("cursor"))
    )
    return answer(
        {"success": True, "corrections": rows, "next_cursor": str(following) if following is not None else None}
    )


@corrections_rest.get("/export")
@role(Role.VIEWER)
def export() -> Response:
    """A ZIP of the corrections that count now: pictures, and labels.csv with picture, text, read, who and when."""
    kind, after = _kind(), cursor(request.args.get("cursor")) or 0
    if not _exports.acquire(blocking=False):
        raise Unavailable(
            "Two archives of corrections are being made already. Try again when one is done.", retry_after=30
        )
    pieces = labelled_set(part(Corrections), current_hub().picture_files, kind, after, MAX_PICTURES)
    response = Response(_Released(pieces), content_type="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="corrections.zip"'
    return response


class _Released(Iterator[bytes]):
    """The pieces of an archive; another one may be made once these are sent or the client is gone."""

    def __init__(self, pieces: Generator[bytes, None, None]) -> None:
        self._pieces, self._held = pieces, True

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:  # the end is one
            self.close()
            raise

    def close(self) -> None:
        """Called by the server as well, in any case."""
        if self._held:
            self._held = False
            self._pieces.close()
            _exports.release()


def _kind() -> str | None:
    kinds = part(Corrections).kinds
    text = request.args.get("kind", "").strip()
    if text and text not in kinds:
        raise ContractError(f"kind is {' or '.join(kinds)}.", [f"kind: {text[:80]!r}"])
    return text or None
