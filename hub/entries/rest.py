"""REST: captures and detections as one list, as JSON, CSV and XLSX."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, request

from hub.access.declare import role
from hub.contract.entries import Wanted
from hub.contract.errors import ContractError
from hub.contract.roles import Role
from hub.entries.cursor import parse
from hub.entries.exports import CsvFile, Exports, XlsxFile
from hub.entries.service import Entries, shown_page
from hub.http.answers import answer, current_hub, part, reader_host
from hub.http.query import bound, page_limit

entries_rest = Blueprint("entries_rest", __name__)

MAX_TEXT = 256
FEW = 50  # entries that are shown on the event loop
TEXTS = ("text", "number", "tag", "plate", "station", "camera", "checkpoint")


@entries_rest.get("/api/entries")
@role(Role.VIEWER)
def list_entries() -> Response:
    """Captures and detections, newest first by when they happened: the filters, limit, cursor."""
    wanted = _wanted()
    limit = page_limit(request.args.get("limit"), 50)
    entries, following = part(Entries).page(wanted, parse(request.args.get("cursor")), limit)
    host = reader_host()
    if len(entries) > FEW:
        rows, following = current_hub().lanes.reads.run(shown_page, entries, following, host)
    else:
        rows, following = shown_page(entries, following, host)
    return answer({"success": True, "entries": rows, "next_cursor": following.encode() if following else None})


@entries_rest.get("/api/entries.csv")
@role(Role.VIEWER)
def csv_file() -> Response:
    """Every entry that the filters leave, as CSV in UTF-8 with a byte order mark."""
    return _file(part(Exports).csv(_wanted(), reader_host()), "csv")


@entries_rest.get("/api/entries.xlsx")
@role(Role.VIEWER)
def xlsx_file() -> Response:
    """The same as a spreadsheet, up to 1,048,575 rows."""
    made = part(Exports).xlsx(_wanted(), reader_host())
    response = _file(made, "xlsx")
    response.content_length = made.size
    return response


def _file(made: CsvFile | XlsxFile, suffix: str) -> Response:
    """A file that is made while it is sent; `close` is called whatever becomes of the reader."""
    response = Response(iter(made), content_type=made.content_type)
    response.call_on_close(made.close)
    now = datetime.now(current_hub().zone).strftime("%Y-%m-%d_%H%M")
    response.headers["Content-Disposition"] = f'attachment; filename="records_{now}.{suffix}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _wanted() -> Wanted:
    """The filters of the current request. Raises ContractError."""
    args, zone = request.args, current_hub().zone
    texts = {name: _text(name) for name in TEXTS}
    if texts["text"] and any(texts[name] for name in ("number", "tag", "plate")):
        raise ContractError("text stands for number, tag and plate; give it alone.", ["text: given with another"])
    kind = args.get("kind") or None
    if kind is not None and kind not in part(Entries).kinds:
        kinds = " or ".join(part(Entries).kinds)
        raise ContractError(f"kind is {kinds}.", [f"kind: {kind[:80]!r}"])
    return Wanted(
        **texts,
        kind=kind,
        success=_flag("success"),
        unread=_flag("unread") or False,
        corrected=_flag("corrected"),
        since=bound("from", args.get("from"), False, zone),
        until=bound("to", args.get("to"), True, zone),
    )


def _text(name: str) -> str | None:
    text = request.args.get(name, "").strip()
    if len(text) > MAX_TEXT:
        raise ContractError(f"{name} has at most {MAX_TEXT} characters.", [f"{name}: {len(text)} characters"])
    return text if text.strip("*") else None


def _flag(name: str) -> bool | None:
    text = request.args.get(name, "").strip().lower()
    if text not in ("", "true", "false", "1", "0"):
        raise ContractError(f"{name} is true or false.", [f"{name}: {text[:80]!r}"])
    return text in ("true", "1") if text else None
