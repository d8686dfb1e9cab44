"""JSON for Socket.IO: orjson in the shape that python-socketio expects."""

from __future__ import annotations

from typing import Any

import orjson


class SocketJson:
    """`loads` and `dumps` with the arguments that python-socketio passes, which are ignored."""

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        return orjson.loads(text)

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
