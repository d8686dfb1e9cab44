"""Hub and agent each have a wire to a child process and may not import each other: both speak the same format."""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

import pytest

from agent_lib.ocr import trocr_wire
from hub.vision import wire

PAIRS = [(wire, trocr_wire), (trocr_wire, wire), (wire, wire), (trocr_wire, trocr_wire)]
MESSAGES: list[tuple[dict[str, Any], bytes]] = [
    ({}, b""),
    ({"id": 1, "task": "apriltag", "options": {"fx": 600.5, "distortion": []}}, b"\xff\xd8picture"),
    ({"text": "ทะเบียน شماره", "confidence": 0.5}, b""),
    ({"shape": [2, 3, 3]}, bytes(18)),
]
CORRUPT = [
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x02[]",
    b"\x00\x00\x00\x03{x}",
    b'\x00\x00\x00\x0c{"bytes":-1}',
    b'\x00\x00\x00\x16{"bytes": 999999999999}',
]
CUT = [b"", b"\x00\x00", b"\x00\x00\x00\x05{}", b'\x00\x00\x00\x0c{"bytes": 5}abc']


def ids(pair: tuple[ModuleType, ModuleType]) -> str:
    return "-".join(module.__name__.rpartition(".")[2] for module in pair)


@pytest.mark.parametrize("pair", PAIRS, ids=ids)
def test_what_one_sends_the_other_receives(pair: tuple[Any, Any]) -> None:
    sender, receiver = pair
    pipe = io.BytesIO()
    for head, body in MESSAGES:
        sender.send(pipe, head, body)
    pipe.seek(0)
    for head, body in MESSAGES:
        assert receiver.receive(pipe) == ({**head, "bytes": len(body)} if body else head, body)
    assert receiver.receive(pipe) is None


@pytest.mark.parametrize("module", [wire, trocr_wire], ids=["hub", "agent"])
@pytest.mark.parametrize("data", CORRUPT)
def test_what_is_no_message(module: Any, data: bytes) -> None:
    with pytest.raises(module.WireError):
        module.receive(io.BytesIO(data))


@pytest.mark.parametrize("module", [wire, trocr_wire], ids=["hub", "agent"])
@pytest.mark.parametrize("data", CUT)
def test_a_pipe_that_ends(module: Any, data: bytes) -> None:
    assert module.receive(io.BytesIO(data)) is None


def test_the_limits_of_bodies_are_the_same() -> None:
    assert wire.MAX_BODY_BYTES == trocr_wire.MAX_BODY_BYTES
