"""Properties of the pipes to child processes: messages in pieces come out whole, any bytes end with an error."""

from __future__ import annotations

import io
import struct
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent_lib.ocr import trocr_wire
from hub.vision import wire
from tests.support.generated import pieces, values

WIRES = pytest.mark.parametrize("pipes", [wire, trocr_wire], ids=["hub", "agent"])
HEADS = st.dictionaries(st.text(max_size=8).filter(lambda key: key != "bytes"), st.text() | st.integers(), max_size=4)


class Pieces(io.RawIOBase):
    """A pipe whose reads return what arrived in one piece at most."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = [part for part in parts if part]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._parts:
            return 0
        part = self._parts[0][: len(buffer)]
        self._parts[0] = self._parts[0][len(part) :]
        if not self._parts[0]:
            del self._parts[0]
        buffer[: len(part)] = part
        return len(part)


def head(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


@WIRES
@given(data=st.data(), messages=st.lists(st.tuples(HEADS, st.binary(max_size=200)), max_size=4))
def test_messages_in_pieces_come_out_whole(
    pipes: ModuleType, data: st.DataObject, messages: list[tuple[dict[str, Any], bytes]]
) -> None:
    sent = io.BytesIO()
    for fields, body in messages:
        pipes.send(sent, fields, body)
    stream = sent.getvalue()
    pipe = io.BufferedReader(Pieces(data.draw(pieces(stream))))
    for fields, body in messages:
        received = pipes.receive(pipe)
        assert received is not None
        assert received == ({**fields, "bytes": len(body)} if body else fields, body)
    assert pipes.receive(pipe) is None
    cut = data.draw(st.integers(0, max(0, len(stream) - 1)))
    pipe = io.BufferedReader(Pieces([stream[:cut]]))
    assert sum(pipes.receive(pipe) is not None for _ in messages) <= max(0, len(messages) - 1)


@WIRES
@given(data=st.binary(max_size=60) | st.binary(max_size=40).map(head) | values().map(lambda value: head(_text(value))))
@example(data=head(b'{"bytes": Infinity}'))
@example(data=head(b'{"bytes": 1e999}'))
@example(data=head(b'{"bytes": ' + b"9" * 5000 + b"}"))
@example(data=head(b"[" * 60_000))
@example(data=head(b'{"bytes": -1}'))
@example(data=head(b'{"bytes": "x"}'))
def test_any_bytes_are_a_message_an_error_or_the_end(pipes: ModuleType, data: bytes) -> None:
    try:
        received = pipes.receive(io.BytesIO(data))
    except pipes.WireError:
        return
    assert received is None or (isinstance(received[0], dict) and isinstance(received[1], bytes))


def _text(value: Any) -> bytes:
    """Something like JSON of any value, as bytes."""
    return repr({"bytes": value}).replace("'", '"').encode("utf-8", "replace")[:60_000]
