"""Messages between the hub and its vision processes: in pieces, cut off, and what is none."""

from __future__ import annotations

import io

import pytest

from hub.vision.wire import WireError, pack, receive, send


def test_messages_survive_the_pipe_in_pieces() -> None:
    one, two = io.BytesIO(), io.BytesIO()
    send(one, {"id": 3}, b"\x00\xff" * 10)
    send(two, {"error": "กขค"})
    pipe = io.BytesIO(one.getvalue() + two.getvalue())
    assert (
        receive(pipe) == ({"id": 3, "bytes": 20}, b"\x00\xff" * 10)
        and receive(pipe)[0] == {"error": "กขค"}
        and receive(pipe) is None
    )
    for end in range(len(one.getvalue())):
        assert receive(io.BytesIO(one.getvalue()[:end])) is None
    for wrong in (
        b"Traceback",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x02xx",
        pack({"id": 1})[:4] + b'{"bytes"',
        pack({"bytes": 10**9}),
    ):
        with pytest.raises(WireError):
            receive(io.BytesIO(wrong + b" " * 70000))
