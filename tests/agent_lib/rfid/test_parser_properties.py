"""Properties of TagParser: any bytes, any pieces, records between noise."""

from __future__ import annotations

import math
import random

from hypothesis import example, given
from hypothesis import strategies as st

from agent_lib.rfid.parser import Tag, TagParser
from agent_lib.rfid.records import MAX_RECORD_BYTES, MAX_TAG_BYTES
from agent_lib.simulator.records import end_of_round, noise, record
from tests.support.generated import pieces

# Bytes that begin, continue or end records, so that parts of them come up often.
TELLING = bytes([0x0D, 0x07, 0xA0, 0x08, 0x10, 0x00, 0xEE, 0xFF, 0x89, 0x90, 0x20, 0x0A, 0x0B]) + b"0AFa \t\r\n"

EPCS = st.binary(min_size=8, max_size=MAX_TAG_BYTES)
RECORDS = st.one_of(
    st.builds(lambda tag, antenna: ("A0_89", tag, antenna), EPCS, st.integers(0, 3)),
    st.builds(lambda tag, antenna: ("A0_90", tag, antenna), EPCS, st.integers(0, 3)),
    # EPCs have words of two bytes; nine bytes would give the length of SHORT14.
    st.builds(lambda tag: ("LEN", tag + tag, None), st.binary(min_size=4, max_size=MAX_TAG_BYTES // 2)),
    st.builds(lambda tag: ("SHORT14", tag, None), st.binary(min_size=8, max_size=8)),
    st.builds(lambda tag: ("ASCII", tag, None), st.binary(min_size=8, max_size=MAX_TAG_BYTES)),
)


def telling() -> st.SearchStrategy[bytes]:
    """Bytes of any values, most of them bytes that mean something to the parser."""
    part = st.binary(max_size=12) | st.lists(st.sampled_from(TELLING), max_size=12).map(bytes)
    whole = RECORDS.map(lambda one: record(one[0], one[1], one[2] or 0)) | st.just(end_of_round(3))
    cut = st.builds(lambda data, end: data[: len(data) * end // 8], whole, st.integers(1, 7))
    return st.lists(part | whole | cut, max_size=6).map(b"".join)


def read(parts: list[bytes]) -> list[Tag]:
    parser = TagParser()
    return [tag for part in parts for tag in parser.feed(part)] + parser.flush()


@given(st.data())
def test_any_bytes_in_any_pieces(data: st.DataObject) -> None:
    stream = data.draw(telling())
    parser = TagParser()
    found: list[Tag] = []
    for part in data.draw(pieces(stream)):
        found += parser.feed(part)
        assert len(parser._buffer) < 2 * MAX_RECORD_BYTES
    found += parser.flush()
    parser.drop()  # a record that was begun
    assert not parser.pending
    assert 0 <= parser.noise_bytes <= len(stream)
    for tag, source, antenna in found:
        assert 0 < len(bytes.fromhex(tag)) <= MAX_TAG_BYTES and tag == tag.upper()
        assert antenna is None if not source.startswith("A0") else antenna in range(4)


@given(st.data())
def test_every_record_between_noise_is_read_once_whatever_the_pieces(data: st.DataObject) -> None:
    sent = data.draw(st.lists(RECORDS, min_size=1, max_size=5))
    rng = random.Random(data.draw(st.integers(0, 1000)))
    stream = b""
    for family, tag, antenna in sent:
        stream += (noise(rng) if rng.random() < 0.5 else b"") + record(family, tag, antenna or 0)
    wanted = {(tag.hex().upper(), family, antenna) for family, tag, antenna in sent}
    plain = read([stream])
    # What a tag's own bytes look like may be a record as well: then either of the two is right, and no more than that.
    if not any(looks_like_a_head(tag) for _, tag, _ in sent):
        assert set(plain) == wanted and len(plain) == len(sent)
    assert read(data.draw(pieces(stream))) == plain


@given(telling(), st.integers(1, 30))
@example(b"\xa0E2003412\r\x00\xee\x00\x20\x0012345678", 1)  # 0D ends a line, or begins a record, or both
@example(b"\xa0E2003412\n\x00\xee\x00123456\xff", 1)
def test_the_size_of_the_pieces_makes_no_difference(stream: bytes, size: int) -> None:
    parts = [stream[size * number : size * (number + 1)] for number in range(math.ceil(len(stream) / size))]
    assert read(parts) == read([stream])


def looks_like_a_head(tag: bytes) -> bool:
    """Whether bytes of a tag could begin a record of their own."""
    return 0xA0 in tag or b"\x00\xee" in tag or 0x0D in tag or 0x07 in tag
