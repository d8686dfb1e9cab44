"""What an open page asks over `/events`: whether the hub is there, and what it missed."""

from __future__ import annotations

import time
from typing import Any

from hub.contract.errors import ContractError, RequestError
from hub.contract.json_text import decode_object, encode_text
from hub.contract.times import utc_text
from hub.live.missed import Missed

MAX_ID = 100
MAX_CURSOR = 2**53


class Questions:
    """Replies to the messages of pages. None of them changes anything."""

    def __init__(self, missed: Missed) -> None:
        self._missed = missed

    def reply(self, message: str | bytes, listener: object, host: str) -> str:
        """The reply to a message of a page, as JSON with `event`; an error is one with the event `error`."""
        try:
            return encode_text(self._reply(decode_object(message), host))
        except RequestError as error:
            return encode_text({"event": "error", "message": str(error)})

    def _reply(self, asked: dict[str, Any], host: str) -> dict[str, Any]:
        question = asked.get("ask")
        if question == "beat":
            return {"event": "beat", "now": utc_text(time.time())}
        if question == "missed":
            kind, after, before = asked.get("kind"), asked.get("after", ""), asked.get("cursor")
            if not isinstance(kind, str) or not isinstance(after, str) or len(after) > MAX_ID:
                raise ContractError("kind is the name of an event, after the id of its last record or empty.")
            if before is not None and (type(before) is not int or not 0 <= before < MAX_CURSOR):
                raise ContractError("cursor is the cursor of the reply before, unchanged.")
            return self._missed.page(kind, after, before, host)
        raise ContractError('A page asks {"ask": "beat"} or {"ask": "missed", "kind": ..., "after": ...}.')
