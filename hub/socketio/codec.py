"""What Socket.IO packets carry: JSON in the shape that python-socketio expects, and packets that are checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from hub.contract.errors import RequestError
from hub.socketio.internals import EVENT_TYPES, SocketIoPacket

MAX_DEPTH = 64  # of an event with pictures; no contract reads so deep


class PacketRefused(ValueError):
    """The JSON of a packet cannot be decoded; `error` is the reply. A ValueError, as the libraries expect one."""

    def __init__(self, error: RequestError) -> None:
        super().__init__(error.message)
        self.error = error


class SocketJson:
    """`loads` and `dumps` with the arguments that python-socketio passes, which are ignored.

    `decode` decodes JSON of any size without blocking the event loop, and raises RequestError.
    """

    def __init__(self, decode: Callable[[str | bytes], Any]) -> None:
        self._decode = decode

    def loads(self, text: str | bytes, **_: Any) -> Any:
        """Any JSON value. Raises PacketRefused."""
        try:
            return self._decode(text)
        except RequestError as error:
            raise PacketRefused(error) from error

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


class StrictPacket(SocketIoPacket):  # type: ignore[misc]  # the library has no types
    """A Socket.IO packet. Raises ValueError for an event without a name, and for attachments that are not there."""

    def decode(self, encoded_packet: str) -> int:
        """Decode a packet; the number of its attachments."""
        count: int = super().decode(encoded_packet)
        if self.packet_type in EVENT_TYPES:
            data = self.data
            if not (isinstance(data, list) and data and isinstance(data[0], str)):
                raise ValueError("An event is a list that begins with its name.")
        return count

    @classmethod
    def reconstruct_binary(cls, data: Any, attachments: list[Any]) -> Any:
        """`data` with its attachments in their places."""
        return _filled(data, attachments, MAX_DEPTH)


def _filled(value: Any, attachments: list[Any], depth: int) -> Any:
    if depth <= 0:
        return None if isinstance(value, (list, dict)) else value
    if isinstance(value, list):
        return [_filled(item, attachments, depth - 1) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("_placeholder") and "num" in value:
        number = value["num"]
        if not isinstance(number, int) or not 0 <= number < len(attachments):
            raise ValueError("An event names an attachment that was not sent.")
        return attachments[number]
    return {key: _filled(item, attachments, depth - 1) for key, item in value.items()}
