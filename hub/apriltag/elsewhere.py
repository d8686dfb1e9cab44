"""Readings and boards of other hubs, for the games and pages of this one.

A reading goes out as the board sent it, its JSON made once: a line with what belongs to it, and the message of games.
"""

from __future__ import annotations

from hub.apriltag.service import AprilTags
from hub.contract.errors import ContractError
from hub.contract.json_text import decode_object, encode
from hub.live.events import TagReading
from hub.live.relay import MAX_TEXT_BYTES, Relay

TOPIC = "readings"
MAX_BOARD = 200


class ReadingsElsewhere:
    """Sends the readings of this hub to the others, and gives theirs to `apriltags`."""

    def __init__(self, relay: Relay, apriltags: AprilTags) -> None:
        self._relay, self._apriltags = relay, apriltags
        relay.on(TOPIC, self._receive)
        relay.want(TOPIC)

    def send(self, reading: TagReading) -> None:
        """Queue a reading of this hub for the others; never blocks."""
        if reading.here and self._relay.wanted(TOPIC):
            head = {"board": reading.board, "tag_id": reading.tag_id, "received_at": reading.received_at}
            self._relay.send(TOPIC, b"%b\n%b" % (encode(head), reading.text.encode()))

    def _receive(self, topic: str, body: bytes, sender: str) -> None:
        """A reading of another hub. Raises ContractError."""
        head, line, text = body.partition(b"\n")
        if not line or len(body) > MAX_TEXT_BYTES:
            raise ContractError("The reading of another hub cannot be read.")
        about, message = decode_object(head), decode_object(text)
        board, tag_id, received_at = about.get("board"), about.get("tag_id"), about.get("received_at")
        if not isinstance(board, str) or len(board) > MAX_BOARD or not isinstance(received_at, float):
            raise ContractError("The reading of another hub names no board or no time.")
        if tag_id is not None and type(tag_id) is not int:
            raise ContractError("The tag of another hub's reading is no number.")
        reading = TagReading(message, board, tag_id, received_at, here=False)
        reading.__dict__["text"] = text.decode()  # the value of the cached property
        self._apriltags.show(reading)
