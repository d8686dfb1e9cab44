"""TagParser: every family, every split, and nothing lost behind noise."""

import random
import tracemalloc
from collections import Counter

import pytest

from agent_lib.rfid import TagParser
from tests.support.devices import a0_89, a0_90, ascii_line, length_prefixed, short8, short14, with_check

EPC = bytes.fromhex("E2003412012345678900ABCD")
UID = bytes.fromhex("E004015012345678")
FAMILIES = {
    "SHORT14": (short14(UID), UID.hex().upper(), None),
    "SHORT8": (short8(b"\xbe\xef"), "BEEF", None),
    "LEN": (length_prefixed(EPC), EPC.hex().upper(), None),
    "A0_89": (a0_89(EPC), EPC.hex().upper(), 1),
    "A0_90": (a0_90(EPC), EPC.hex().upper(), 2),
    "ASCII": (ascii_line(EPC), EPC.hex().upper(), None),
}
END_OF_ROUND = with_check(bytes.fromhex("A00A0189010064000000A0"))


def read(*pieces: bytes) -> list:
    parser = TagParser()
    return [tag for piece in pieces for tag in parser.feed(piece)] + parser.flush()


def tags(*pieces: bytes) -> list[str]:
    return [tag for tag, _, _ in read(*pieces)]


@pytest.mark.parametrize("source", FAMILIES)
def test_each_family_is_read_with_its_source_and_antenna(source):
    data, tag, antenna = FAMILIES[source]
    assert read(data) == [(tag, source, antenna)]


def test_frames_written_down_by_hand():
    assert read(bytes.fromhex("0D 00 EE 00 20 00 01 02 03 04 05 06 07 08")) == [("0102030405060708", "SHORT14", None)]
    assert read(bytes.fromhex("07 00 EE 00 20 00 01 02")) == [("0102", "SHORT8", None)]
    assert read(bytes.fromhex("08 00 EE 00 AA BB CC DD FF")) == [("AABBCCDD", "LEN", None)]
    assert read(bytes.fromhex("A0 09 01 89 02 08 00 AA BB 40 F9")) == []
    assert read(with_check(bytes.fromhex("A0 09 01 89 02 08 00 AA BB 40"))) == [("AABB", "A0_89", 2)]


@pytest.mark.parametrize("source", FAMILIES)
def test_a_record_split_at_every_byte(source):
    data, tag, _ = FAMILIES[source]
    for cut in range(1, len(data)):
        assert tags(data[:cut], data[cut:]) == [tag], f"cut at {cut}"
    assert tags(*(data[at : at + 1] for at in range(len(data)))) == [tag]


def test_every_split_of_joined_records():
    data = b"".join(record for record, _, _ in FAMILIES.values()) + END_OF_ROUND + short8(b"\x12\x34")
    expected = [tag for _, tag, _ in FAMILIES.values()] + ["1234"]
    for cut in range(1, len(data)):
        assert tags(data[:cut], data[cut:]) == expected, f"cut at {cut}"
    assert tags(*(data[at : at + 1] for at in range(len(data)))) == expected


def test_an_end_of_round_frame_is_no_tag_and_no_noise():
    parser = TagParser()
    assert parser.feed(END_OF_ROUND * 50 + a0_89(EPC)) == [(EPC.hex().upper(), "A0_89", 1)]
    assert parser.noise_bytes == 0


@pytest.mark.parametrize("build", [a0_89, a0_90])
def test_a_bad_checksum_is_noise_and_the_frame_behind_it_is_read(build):
    broken = bytearray(build(EPC))
    broken[-1] ^= 1
    assert tags(bytes(broken)) == []
    assert tags(bytes(broken) + build(UID)) == [UID.hex().upper()]


@pytest.mark.parametrize(
    "noise",
    [
        b"\x0d",
        b"\x07",
        b"\xa0",
        b"\x10",
        b"\x00",
        b"\xff",
        b"\xee",
        b"\xa0\x48",
        b"\xa0\x48\x01",
        b"\xa0\x48\x01\x89",
        b"\xa0\xff\x01\x89",
        b"\xa0\x51\x01\x90\x00\x01\x48",
        b"\x44\x00",
        b"\x44\x00\xee",
        b"\x44\x00\xee\x00",
        b"\xfe\x00\xee\x00",
        b"\xff\x00\xee\x00\x20\x00",
        b"\x0d\x00",
        b"\x0d\x00\xee\x00",
        b"\x0d\x00\xee\x00\x20",
        b"\x0d\x00\xee\x00\x20\x00",
        b"\x07\x00\xee\x00\x20\x00",
        b"\x0d\x0d\x0d",
        b"\xa0\xa0\xa0",
        b"\x55" * 300,
    ],
    ids=bytes.hex,
)
@pytest.mark.parametrize("source", ["SHORT14", "SHORT8", "LEN", "A0_89", "A0_90"])
def test_noise_in_front_never_costs_or_delays_a_record(noise, source):
    data, tag, _ = FAMILIES[source]
    assert tags(noise + data) == [tag]
    assert tags(noise, data) == [tag]
    parser = TagParser()
    parser.feed(noise + data)
    parser.feed(data)
    assert parser.feed(data) + parser.flush() != []


@pytest.mark.parametrize("noise", [b"\x44\x00\xee\x00", b"\xa0\x48\x01\x89", b"\xa0\xff", b"\x00\x80"], ids=bytes.hex)
def test_an_ascii_line_behind_noise(noise):
    assert tags(noise + ascii_line(EPC)) == [EPC.hex().upper()]


@pytest.mark.parametrize("whole", ["SHORT14", "SHORT8", "LEN", "A0_89", "A0_90"])
@pytest.mark.parametrize("behind", ["SHORT14", "SHORT8", "LEN", "A0_89", "A0_90"])
def test_a_record_that_lost_its_tail_never_costs_the_one_behind(whole, behind):
    cut_off, _, _ = FAMILIES[whole]
    data, tag, _ = FAMILIES[behind]
    for length in range(1, len(cut_off)):
        assert tags(cut_off[:length] + data) == [tag], f"after {length} bytes"
        assert tags(cut_off[:length], data)[-1] == tag, f"after {length} bytes, in two reads"


def test_a_bare_head_and_a_record_in_two_pieces():
    for epc in (b"\x75\xa0\x5a\x7b" * 3, b"\x75\x0d\x00\xee" * 3, b"\x07\x07\xa0\xa0" * 3):
        data = b"\x0d\x00\xee\x00\x20\x00" + a0_89(epc)
        for cut in range(1, len(data)):
            assert tags(data[:cut], data[cut:]) == [epc.hex().upper()], f"cut at {cut}"


def test_random_noise_between_records_in_random_pieces():
    rng = random.Random(20260128)
    heads = bytes([0x0D, 0x07, 0xA0, 0x10, 0x44, 0x00, 0xEE, 0x20, 0xFF, 0x89])
    builds = [
        (short14, 8),
        (short8, 2),
        (length_prefixed, 12),
        (a0_89, 12),
        (a0_89, 6),
        (a0_90, 12),
        (a0_90, 16),
        (ascii_line, 12),
    ]
    for turn in range(1500):
        data, expected = b"", []
        for _ in range(6):
            build, length = rng.choice(builds)
            tag = rng.randbytes(length)
            noise = rng.choice([b"", rng.randbytes(rng.randrange(10)), bytes(rng.choices(heads, k=rng.randrange(8)))])
            if build is ascii_line and noise:
                noise += b"\n"
            data += noise + build(tag)
            expected.append(tag.hex().upper())
        pieces = []
        while data:
            size = rng.choice([1, 2, 5, 17, 60, 200])
            pieces.append(data[:size])
            data = data[size:]
        assert Counter(tags(*pieces)) == Counter(expected), f"turn {turn}"


def test_a_doubtful_end_is_held_only_until_flush():
    uid = bytes.fromhex("1122334455660D00")
    parser = TagParser()
    assert parser.feed(short14(uid)) == []
    assert parser.flush() == [(uid.hex().upper(), "SHORT14", None)]
    assert parser.feed(short14(UID)) == [(UID.hex().upper(), "SHORT14", None)]


def test_a_whole_head_behind_ends_the_doubt():
    uid = bytes.fromhex("1122334455660D00")
    assert [tag for tag, _, _ in TagParser().feed(short14(uid) + short14(UID)[:4])] == [uid.hex().upper()]


def test_half_a_record_survives_flush_and_not_drop():
    data = a0_89(EPC)
    parser = TagParser()
    assert parser.feed(data[:9]) + parser.flush() == []
    assert len(parser.feed(data[9:])) == 1
    parser.feed(data[:9])
    parser.drop()
    assert not parser.pending
    assert parser.feed(data[9:]) == []


def test_a_megabyte_of_noise_leaves_nothing_and_delays_nothing():
    noise = random.Random(7).randbytes(1 << 20)
    parser = TagParser()
    tracemalloc.start()
    found = [tag for at in range(0, len(noise), 4096) for tag in parser.feed(noise[at : at + 4096])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == []
    assert peak < 1_000_000
    assert parser.noise_bytes > 900_000
    assert parser.feed(a0_89(EPC))[-1][0] == EPC.hex().upper()


@pytest.mark.parametrize(
    "pattern", [b"\xa0", b"\x0d", b"\x0d\x00\xee\x00\x20\x00", b"\x44\x00\xee\x00", b"\xa0\x48\x01\x89", b"A", b"A "]
)
def test_patterns_that_look_like_heads_for_ever(pattern):
    parser = TagParser()
    for _ in range(20):
        parser.feed(pattern * (8000 // len(pattern)))
    assert tags(pattern * 200 + b"\x00\r\n" + a0_89(UID))[-1] == UID.hex().upper()
    assert parser.feed(b"\x00" + a0_89(EPC))[-1][0] == EPC.hex().upper()


def test_a_line_of_ten_thousand_digits_is_refused_and_the_next_one_read():
    parser = TagParser()
    line = b"AB" * 5000
    found = [tag for at in range(0, len(line), 100) for tag in parser.feed(line[at : at + 100])]
    assert found == []
    assert parser.feed(b"\r\n" + ascii_line(EPC)) == [(EPC.hex().upper(), "ASCII", None)]
    assert parser.overlong_lines == 1


def test_ascii_lines():
    assert tags(b"e2003412\n", b"\n\r\n", b"E2003413\r") == ["E2003412", "E2003413"]
    assert tags(b"BEEF\r\n") == ["BEEF"]
    assert tags(b"BEE\r\n", b"HELLO\r\n", b"ABC\r\n", b"E200341\r\n") == []
    assert tags(b"  E2003412  \r\n") == ["E2003412"]
    assert tags(b"EPC:" + ascii_line(EPC)) == [EPC.hex().upper()]
    assert tags(b"Version 20240101\r\n") == []


def test_binary_bytes_that_are_digits_make_no_ascii_tag():
    digits = b"A1B2C3D4"
    assert read(short14(digits) + short14(UID)) == [
        (digits.hex().upper(), "SHORT14", None),
        (UID.hex().upper(), "SHORT14", None),
    ]
    assert read(short8(b"AB") * 3) == [("4142", "SHORT8", None)] * 3
