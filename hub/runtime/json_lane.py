"""The lane for JSON from outside: small texts are decoded at once, large ones on a native thread of their own."""

from __future__ import annotations

from typing import Any

from hub.contract.json_text import as_object, decode
from hub.runtime.lanes import Lane

# Up to this size decoding takes a few milliseconds whatever the text holds; to hand it to a thread takes longer than
# decoding a record with a picture of 60 KB.
LANE_BYTES = 256 * 1024


class JsonLane:
    """Decodes JSON without blocking the event loop, large texts on a lane of their own."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def decode(self, text: str | bytes) -> Any:
        """Any JSON value. Raises ContractError (400, 413) and LaneBusy (503)."""
        return decode(text) if len(text) < LANE_BYTES else self._lane.run(decode, text)

    def decode_object(self, text: str | bytes) -> dict[str, Any]:
        """A JSON object. Raises ContractError (400, 413) and LaneBusy (503)."""
        return as_object(self.decode(text))

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return self._lane.status()
