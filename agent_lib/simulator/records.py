"""The bytes that a real reader sends for a tag, in all families (docs/wire/station.md, "RFID reader")."""

import random

FAMILIES = ("A0_89", "LEN", "SHORT14", "A0_90", "ASCII")
"""The families for main tags; SHORT8's two bytes are too few to distinguish vehicles."""

_ADDRESS, _RSSI = 0x01, 0x45
_PC = b"\x30\x00"
# Heads without a record, and other bytes; no hex digits, since noise right before an ASCII tag would become part of it.
_NOISE = bytes([0x0D, 0x07, 0xA0, 0x10, 0x00, 0xEE, 0xFF, 0x89, 0x90, 0x7F, 0xC3, 0xFE])


def record(family: str, tag: bytes, antenna: int = 1) -> bytes:
    """One record of `family` for `tag` (8 bytes for SHORT14, 2 for SHORT8). Raises ValueError for an unknown family."""
    if family == "SHORT14":
        return b"\x0d\x00\xee\x00\x20\x00" + tag
    if family == "SHORT8":
        return b"\x07\x00\xee\x00\x20\x00" + tag
    if family == "LEN":
        return bytes([len(tag) + 4, 0x00, 0xEE, 0x00]) + tag + b"\xff"
    if family == "A0_89":
        return a0_frame(0x89, bytes([antenna]) + _PC + tag + bytes([_RSSI]))
    if family == "A0_90":
        data = _PC + tag + b"\x5a\xc3"
        return a0_frame(0x90, b"\x00\x01" + bytes([len(data)]) + data + bytes([_RSSI, antenna, 1]))
    if family == "ASCII":
        return tag.hex().upper().encode("ascii") + b"\r\n"
    raise ValueError(f"There is no record family {family}.")


def a0_frame(command: int, data: bytes) -> bytes:
    """An A0 frame around `data`, with its length and checksum."""
    frame = bytes([0xA0, len(data) + 3, _ADDRESS, command]) + data
    return frame + bytes([-sum(frame) & 0xFF])


def end_of_round(reads: int) -> bytes:
    """The frame that an A0 reader sends after each inventory round; it is no tag."""
    return a0_frame(0x89, b"\x01" + (100).to_bytes(2, "big") + reads.to_bytes(4, "big"))


def noise(rng: random.Random) -> bytes:
    """One to six bytes that belong to no record."""
    return bytes(rng.choices(_NOISE, k=rng.randint(1, 6)))


def burst(tags: list[tuple[str, bytes]], number: int, rng: random.Random) -> list[bytes]:
    """The bytes of one inventory round for `tags` (family, tag), split into pieces as a network delivers them.

    Records are joined and cut anywhere, with noise and end-of-round frames in between.
    """
    data = bytearray()
    for family, tag in tags:
        if rng.random() < 0.3:
            data += noise(rng)
        data += record(family, tag, antenna=rng.randrange(4)) * rng.choice((1, 1, 2))
        if family.startswith("A0"):
            data += end_of_round(number)
    cuts = sorted(rng.sample(range(1, len(data)), rng.randrange(3)))
    return [bytes(data[start:end]) for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
