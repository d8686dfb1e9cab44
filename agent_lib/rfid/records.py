"""Recognise the binary records of UHF readers in a buffer (docs/wire/station.md, "RFID reader").

Everything here is stateless; `agent_lib.rfid.parser` splits a stream into records.
"""

import re
from dataclasses import dataclass

# An EPC has at most 496 bits. Longer "tags" are rejected: they are noise, and a tag becomes part of file names.
MAX_TAG_BYTES = 64
# A0, LEN, address, 90, count (2), data length, then PC (2), EPC, CRC (2), and RSSI, antenna, count, check.
MAX_RECORD_BYTES = 11 + 4 + MAX_TAG_BYTES

A0 = 0xA0
SHORT_HEADS = {0x0D: "SHORT14", 0x07: "SHORT8"}
_SHORT_MARK = b"\x20\x00"
_EE_MARK = b"\x00\xee\x00"
_INVENTORY, _BUFFER = 0x89, 0x90
_END_OF_ROUND = 0x0A
_HEAD_BYTES = 4
_LONGEST_LEN = 4 + MAX_TAG_BYTES

# Every position where a record can start; the look-ahead finds overlapping ones too.
_HEADS = re.compile(rb"(?=[\x05-\x44]\x00\xee\x00|\xa0..[\x89\x90])", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Record:
    """One record in a buffer: bytes start..end. `tag` is None if it is incomplete."""

    start: int
    end: int
    source: str
    tag: str | None = None
    antenna: int | None = None


def records_in(buffer: bytes) -> tuple[list[Record], list[Record]]:
    """All records in `buffer`, including overlapping ones: (complete, incomplete), each ordered by start.

    An incomplete one has a valid start and ends beyond the buffer. Its start may be a single byte: then it is most
    likely noise, and the caller must not wait for it.
    """
    complete: list[Record] = []
    incomplete: list[Record] = []
    for match in _HEADS.finditer(buffer):
        record = record_at(buffer, match.start())
        if record is not None:
            (incomplete if record.tag is None else complete).append(record)
    for start in range(max(0, len(buffer) - _HEAD_BYTES + 1), len(buffer)):
        record = _partial_head(buffer, start)
        if record is not None:
            incomplete.append(record)
    return complete, incomplete


def record_at(buffer: bytes, start: int) -> Record | None:
    """The record whose head (four bytes at least) is at `start`; None if there is none."""
    if buffer[start] == A0:
        return _a0_record(buffer, start)
    return _ee_record(buffer, start)


def is_a0_frame(buffer: bytes, start: int) -> bool:
    """Whether a complete A0 frame of any command with a valid checksum starts here.

    Readers send such frames not only for tags (end of an inventory round, responses, errors).
    """
    if start + 2 > len(buffer) or buffer[start] != A0:
        return False
    end = start + buffer[start + 1] + 2
    return end - start >= 5 and end <= len(buffer) and sum(buffer[start:end]) & 0xFF == 0


def _ee_record(buffer: bytes, start: int) -> Record | None:
    head = buffer[start]
    if buffer[start + 1 : start + 4] != _EE_MARK:
        return None
    end = start + head + 1
    source = SHORT_HEADS.get(head, "LEN")
    if source == "LEN":
        if not 5 <= head <= _LONGEST_LEN:
            return None
        data = buffer[start + 4 : end - 1]
        valid = buffer[end - 1 : end] in (b"\xff", b"")
    else:
        data = buffer[start + 6 : end]
        valid = _SHORT_MARK.startswith(buffer[start + 4 : start + 6])
    if not valid:
        return None
    if end > len(buffer):
        return Record(start, end, source)
    return Record(start, end, source, data.hex().upper())


def _a0_record(buffer: bytes, start: int) -> Record | None:
    length, command = buffer[start + 1], buffer[start + 3]
    end = start + length + 2
    if command == _INVENTORY:
        # LEN 0A would be an EPC of three bytes, which does not exist: it is the end of an inventory round.
        plausible = 1 <= length - 7 <= MAX_TAG_BYTES and length != _END_OF_ROUND
    elif command == _BUFFER:
        announced = buffer[start + 6 : start + 7]
        plausible = 1 <= length - 13 <= MAX_TAG_BYTES and announced in (b"", bytes([length - 9]))
    else:
        plausible = False
    if not plausible:
        return None
    source = "A0_89" if command == _INVENTORY else "A0_90"
    if end > len(buffer):
        return Record(start, end, source)
    if sum(buffer[start:end]) & 0xFF:
        return None
    if command == _INVENTORY:
        epc, freqant = buffer[start + 7 : end - 2], buffer[start + 4]
    else:
        epc, freqant = buffer[start + 9 : end - 6], buffer[end - 3]
    return Record(start, end, source, epc.hex().upper(), freqant & 3)


def _partial_head(buffer: bytes, start: int) -> Record | None:
    """The record that the last one to three bytes of a buffer may start.

    A lone length byte of the LEN family can be almost any byte, so that family counts from two bytes on.
    """
    head, rest = buffer[start], buffer[start + 1 :]
    if head == A0:
        length = rest[0] if rest else 8
        if 8 <= length <= 13 + MAX_TAG_BYTES and length != _END_OF_ROUND:
            return Record(start, max(start + length + 2, len(buffer) + 1), "A0_89")
    elif _EE_MARK.startswith(rest):
        if head in SHORT_HEADS:
            return Record(start, start + head + 1, SHORT_HEADS[head])
        if rest and 5 <= head <= _LONGEST_LEN:
            return Record(start, start + head + 1, "LEN")
    return None
