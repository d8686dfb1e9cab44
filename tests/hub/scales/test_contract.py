"""Lines of indicators: what they become, and that no bytes and no lines do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.line_pattern import MAX_LINE
from hub.scales.contract import MAX_KG, LineParser, Lines
from hub.settings.scales import DEFAULT_PATTERN


def parser(pattern: str = DEFAULT_PATTERN, unit: str = "kg") -> LineParser:
    return LineParser(pattern, unit)


@pytest.mark.parametrize(
    ("line", "kg", "stable", "net"),
    [
        ("ST,GS,+012340kg", 12340, True, False),
        ("US,NT,- 00120 kg", -120, False, True),
        ("ST,GS,   0.500t", 500, True, False),
        ("ST,NT,+0001000lb", 453.592, True, True),
        ("st,gs, 12340 KG", 12340, True, False),
        ("ST GS 00080", 80, True, False),
        ("GS: 12340 kg", 12340, None, False),
        ("012340", 12340, None, False),
        ("-0kg", 0, None, False),
        ("+12.5,t", 12500, None, False),
    ],
)
def test_the_usual_forms_are_understood(line: str, kg: float, stable: bool | None, net: bool) -> None:
    reading = parser().parse(line)
    assert reading is not None
    assert (reading.kg, reading.stable, reading.net, reading.text) == (kg, stable, net, line)
    assert str(reading.kg)[0] == "-" or kg >= 0


@pytest.mark.parametrize("line", ["OL", "OL,GS,---------kg", "ol,nt,+999999kg"])
def test_overload_has_no_weight(line: str) -> None:
    reading = parser().parse(line)
    assert reading is not None and reading.kg is None and reading.stable is False


@pytest.mark.parametrize(
    "line", ["ST,GS,", "ST,GS,kg", "hello", "ST,GS,1e9kg", "ST,GS,nan", "9999999999", "1234 lbs", "999999999t", "12 34"]
)
def test_other_lines_are_not_understood(line: str) -> None:
    assert parser().parse(line) is None


def test_the_unit_of_lines_without_one_is_a_setting() -> None:
    assert parser(unit="t").parse("12.34").kg == 12340  # type: ignore[union-attr]
    assert parser(unit="t").parse("ST,GS,+100kg").kg == 100  # type: ignore[union-attr]


def test_groups_of_a_pattern() -> None:
    own = parser(r"(?P<stable>S)?(?P<weight>[\d.,]{1,9})(?P<unit>[a-z]{0,3})")
    assert own.parse("S7,25t").kg == 7250  # type: ignore[union-attr]
    assert own.parse("S7t").stable is True and own.parse("7t").stable is False  # type: ignore[union-attr]
    assert own.parse("7oz") is None and own.parse("1,2,3t") is None and own.parse("....t") is None


@given(st.text(max_size=300))
def test_any_text_is_a_reading_or_none(text: str) -> None:
    reading = parser().parse(text)
    assert reading is None or reading.kg is None or abs(reading.kg) <= MAX_KG


@given(
    st.integers(-99_999, 999_999),
    st.sampled_from(["ST", "US", ""]),
    st.sampled_from(["GS", "NT", ""]),
    st.sampled_from(["kg", "KG", ""]),
    st.integers(0, 4),
)
def test_what_an_indicator_prints_is_what_is_read(kg: int, status: str, kind: str, unit: str, spaces: int) -> None:
    sign = "-" if kg < 0 else "+" if spaces % 2 else ""
    line = ",".join(filter(None, [status, kind, f"{sign}{' ' * (spaces if sign else 0)}{abs(kg):06d}{unit}"]))
    reading = parser().parse(line)
    assert reading is not None, line
    assert (reading.kg, reading.stable, reading.net) == (kg, {"ST": True, "US": False, "": None}[status], kind == "NT")


def lines_of(pieces: list[bytes]) -> list[str]:
    lines = Lines()
    return [line for piece in pieces for line in lines.feed(piece)]


@pytest.mark.parametrize(
    "data",
    [
        b"ST,GS,1kg\r\nUS,GS,2kg\r\n",
        b"ST,GS,1kg\rUS,GS,2kg\r",
        b"ST,GS,1kg\nUS,GS,2kg\n",
        b"\x02ST,GS,1kg\x03\x02US,GS,2kg\x03",
        b"\x02ST,GS,1kg\r\n\x03\x02US,GS,2kg\r\n\x03",
        b"\r\n\r\n  ST,GS,1kg \r\n\x00\x00US,GS,\x002kg\r\n",
    ],
)
@pytest.mark.parametrize("parity", [False, True])
def test_line_ends_nuls_and_parity(data: bytes, parity: bool) -> None:
    if parity:  # even, as a converter that passes all eight bits delivers it
        data = bytes(code | (0x80 if code.bit_count() % 2 else 0) for code in data)
    expected = ["ST,GS,1kg", "US,GS,2kg"]
    assert lines_of([data]) == expected
    assert lines_of([data[place : place + 1] for place in range(len(data))]) == expected


def test_a_line_that_is_too_long_is_left_out_and_the_next_is_read() -> None:
    lines = Lines()
    assert lines.feed(b"x" * (MAX_LINE + 1) + b"\nST,GS,1kg\n") == ["ST,GS,1kg"]
    for _ in range(1000):
        assert lines.feed(b"y" * 1000) == []
        assert len(lines._rest) <= MAX_LINE
    assert lines.feed(b"z\nST,GS,2kg\n") == ["ST,GS,2kg"]
    assert lines.too_long == 2


@given(st.lists(st.binary(max_size=700), max_size=20))
def test_any_bytes_in_any_pieces_give_the_same_lines(pieces: list[bytes]) -> None:
    lines = Lines()
    found = []
    for piece in pieces:
        found += lines.feed(piece)
        assert len(lines._rest) <= MAX_LINE
    assert all(0 < len(line) <= MAX_LINE and line.isascii() for line in found)
    assert found == lines_of([b"".join(pieces)])
