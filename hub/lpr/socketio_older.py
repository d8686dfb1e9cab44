"""The events `message` and `image` of cameras that connect under /ws/ (docs/wire/lpr.md 1.6)."""

from __future__ import annotations

import re
from typing import Any

from hub.context import Hub
from hub.contract.errors import ContractError, RequestError
from hub.lpr.contract.record import Detection, Test
from hub.lpr.socketio import take_event
from hub.socketio.events import event_object

FILE_TIME = re.compile(r"(\d{8}_\d{6}(?:_\d{1,6})?)")


def register_older_events(hub: Hub) -> None:
    server = hub.socketio.server

    def message(sid: str, *args: Any) -> dict[str, Any]:
        try:
            accepted = take_event(hub, server, sid, event_object(args), None)
        except RequestError as error:
            body = {**error.body(), "error": error.message}
            server.emit("message_error", body, room=sid)
            return body
        body = (
            {"success": True, "message": "Nothing to store"}
            if isinstance(accepted, Test)
            else {
                "success": True,
                "record_id": accepted.id,
                "message": "Record saved",
                "warnings": accepted.warnings,
                "duplicate": accepted.duplicate,
            }
        )
        server.emit("message_saved", body, room=sid)
        return body

    def image(sid: str, *args: Any) -> dict[str, Any]:
        try:
            accepted = take_event(hub, server, sid, _as_record(event_object(args)), "detection")
            if isinstance(accepted, Test) or not isinstance(accepted.record, Detection) or not accepted.saved:
                raise ContractError("The event image carries no picture in `data` (base64, a data URL or bytes).")
        except RequestError as error:
            body = {**error.body(), "error": error.message}
            server.emit("image_error", body, room=sid)
            return body
        body = {"success": True, "path": accepted.saved, "record_id": accepted.id, "duplicate": accepted.duplicate}
        server.emit("image_saved", body, room=sid)
        return body

    server.on("message", message)
    server.on("image", image)


def _as_record(sent: dict[str, Any]) -> dict[str, Any]:
    """A picture alone is a detection without plates, at the time that its file name tells."""
    record = {key: value for key, value in sent.items() if key not in ("data", "filename")}
    if sent.get("data"):
        record["image"] = sent["data"]
    name = sent.get("filename")
    if "timestamp" not in record and isinstance(name, str) and (found := FILE_TIME.search(name)):
        record["timestamp"] = found[1]
    record["file_name"] = name if isinstance(name, str) else None
    return record
