"""Socket.IO events `message` and `image` of an older camera generation, under /ws/ (docs/wire/lpr.md 1.6)."""

from __future__ import annotations

import re
from typing import Any

from hub.context import Hub
from hub.contract.errors import ContractError, RequestError
from hub.lpr.contract.record import Detection, Test
from hub.lpr.service import Accepted
from hub.lpr.socketio import ingest_event
from hub.socketio.event_access import DEVICES
from hub.socketio.events import event_object

FILE_TIME = re.compile(r"(\d{8}_\d{6}(?:_\d{1,6})?)")


def register_older_events(hub: Hub) -> None:
    """Add the events `message` and `image` to the Socket.IO server."""
    server, access = hub.socketio.server, hub.event_access

    def message(sid: str, *args: Any) -> dict[str, Any]:
        try:
            access.check("message", sid, args)
            body = _message_reply(ingest_event(hub, server, sid, event_object(args), None))
        except RequestError as error:
            return _emit(server, sid, "message_error", _error_body(error))
        return _emit(server, sid, "message_saved", body)

    def image(sid: str, *args: Any) -> dict[str, Any]:
        try:
            access.check("image", sid, args)
            body = _image_reply(ingest_event(hub, server, sid, _as_record(event_object(args)), "detection"))
        except RequestError as error:
            return _emit(server, sid, "image_error", _error_body(error))
        return _emit(server, sid, "image_saved", body)

    for event in ("message", "image"):
        access.declare(event, DEVICES)
    server.on("message", message)
    server.on("image", image)


def _emit(server: Any, sid: str, event: str, body: dict[str, Any]) -> dict[str, Any]:
    """Emit a reply, and return it as the acknowledgement."""
    server.emit(event, body, room=sid)
    return body


def _error_body(error: RequestError) -> dict[str, Any]:
    return {**error.body(), "error": error.message}


def _message_reply(accepted: Accepted | Test) -> dict[str, Any]:
    if isinstance(accepted, Test):
        return {"success": True, "message": "Nothing to store"}
    return {
        "success": True,
        "record_id": accepted.id,
        "message": "Record saved",
        "warnings": accepted.warnings,
        "duplicate": accepted.duplicate,
    }


def _image_reply(accepted: Accepted | Test) -> dict[str, Any]:
    """The reply to a stored picture. Raises ContractError where the event had none."""
    if isinstance(accepted, Test) or not isinstance(accepted.record, Detection) or not accepted.saved:
        raise ContractError("The event image carries no picture in `data` (base64, a data URL or bytes).")
    return {"success": True, "path": accepted.saved, "record_id": accepted.id, "duplicate": accepted.duplicate}


def _as_record(sent: dict[str, Any]) -> dict[str, Any]:
    """A detection without plates from a single picture, at the time in its file name."""
    record = {key: value for key, value in sent.items() if key not in ("data", "filename")}
    if sent.get("data"):
        record["image"] = sent["data"]
    name = sent.get("filename")
    if "timestamp" not in record and isinstance(name, str) and (found := FILE_TIME.search(name)):
        record["timestamp"] = found[1]
    record["file_name"] = name if isinstance(name, str) else None
    return record
