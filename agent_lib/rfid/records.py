"""The binary records of UHF readers, recognised at one place in a buffer (wire/station.md "RFID reader").

Nothing here keeps state: `record_at` looks at bytes and says what starts there. How a stream of such
bytes is cut into records is `agent_lib.rfid_parser`.
"""

import re
from dataclasses import dataclass

# An EPC has at most 496 bits. Longer "tags" are refused: they come from noise, and the tag becomes
# part of file names.
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

# Every place where a record can start, found at C speed; look-ahead keeps overlapping places apart.
_HEADS = re.compile(rb"(?=[\x05-\x44]\x00\xee\x00|\xa0..[\x89\x90])", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Record:
    """One record in a buffer: bytes start..end. `tag` is None while its last bytes have not come."""

    start: int
    end: int
    source: str
    tag: str | None = None
    antenna: int | None = None


def records_in(buffer: bytes) -> tuple[list[Record], list[Record]]:
    """All records in `buffer`, overlapping ones included: (complete, unfinished), each by start.

    An unfinished one has a right beginning and ends behind the buffer's end. Its beginning may be
    a single byte: then it is very likely nothing at all, and the caller must not wait for it.
    """
    complete: list[Record] = []
    unfinished: list[Record] = []
    for match in _HEADS.finditer(buffer):
        record = record_at(buffer, match.start())
        if record is not None:
            (unfinished if record.tag is None else complete).append(record)
    for start in range(max(0, len(buffer) - _HEAD_BYTES + 1), len(buffer)):
        record = _short_beginning(buffer, start)
        if record is not None:
            unfinished.append(record)
    return complete, unfinished


def record_at(buffer: bytes, start: int) -> Record | None:
    """The record whose head is at `start`, at least four bytes of which are there; None where none is."""
    if buffer[start] == A0:
        return _a0_record(buffer, start)
    return _ee_record(buffer, start)


def is_a0_frame(buffer: bytes, start: int) -> bool:
    """Whether a whole A0 frame of any command with a right checksum starts here.

    Readers send such frames for much besides tags (end of a round, answers, errors).
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
    source = SHORT_HEADS.get(head)
    if source is None:
        if not 5 <= head <= _LONGEST_LEN:
            return None
        data = buffer[start + 4 : end - 1]
        source, right = "LEN", buffer[end - 1 : end] in (b"\xff", b"")
    else:
        data = buffer[start + 6 : end]
        right = _SHORT_MARK.startswith(buffer[start + 4 : start + 6])
    if not right:
        return None
    if end > len(buffer):
        return Record(start, end, source)
    return Record(start, end, source, data.hex().upper())


def _a0_record(buffer: bytes, start: int) -> Record | None:
    length, command = buffer[start + 1], buffer[start + 3]
    end = start + length + 2
    if command == _INVENTORY:
        # LEN 0A would be an EPC of three bytes, which does not exist: it ends a round of reading.
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


def _short_beginning(buffer: bytes, start: int) -> Record | None:
    """What the last one to three bytes of a buffer may become.

    A lone length byte of the LEN family can be almost any byte, so that family counts from two on.
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
