"""A line of an indicator: what is accepted and what it becomes. No input or output here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.contract.line_pattern import MAX_LINE, compile_line_pattern

KG = {"kg": 1.0, "t": 1000.0, "lb": 0.453_592_37}
MAX_KG = 1_000_000.0
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{1,6})?", re.ASCII)
_ENDS = re.compile(rb"[\x02\x03\r\n]+")
_SEVEN_BITS = bytes(code & 0x7F for code in range(256))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says. `kg` is None on overload; `stable` is None where lines do not say whether it is."""

    kg: float | None
    stable: bool | None
    net: bool
    text: str


class LineParser:
    """Parses lines by a pattern (`hub.settings.scales.Scale.pattern`); `unit` is that of lines that name none."""

    def __init__(self, pattern: str, unit: str) -> None:
        self._match = compile_line_pattern(pattern).fullmatch
        groups = compile_line_pattern(pattern).groupindex
        self._unit = unit
        self._flagged = "stable" in groups and "moving" not in groups
        self._last: tuple[str, Reading | None] = ("", None)

    def parse(self, text: str) -> Reading | None:
        """The reading of a line without spaces at its ends; None where it cannot be understood."""
        if text == self._last[0]:  # a vehicle that stands, an empty scale
            return self._last[1]
        reading = self._parse(text)
        self._last = (text, reading)
        return reading

    def _parse(self, text: str) -> Reading | None:
        match = self._match(text) if len(text) <= MAX_LINE else None
        if match is None:
            return None
        found = match.groupdict()
        net = found.get("net") is not None
        if found.get("overload") is not None:
            return Reading(None, False, net, text)
        kg = _kilograms(found["weight"], found.get("unit") or self._unit)
        if kg is None:
            return None
        stable = True if found.get("stable") is not None else False if found.get("moving") is not None else None
        return Reading(kg, False if stable is None and self._flagged else stable, net, text)


def _kilograms(text: str | None, unit: str) -> float | None:
    number = "".join((text or "").split())
    if "." not in number:
        number = number.replace(",", ".")
    factor = KG.get(unit.strip().lower())
    if factor is None or not _NUMBER.fullmatch(number):
        return None
    kg = round(float(number) * factor, 3) + 0.0  # no minus zero
    return kg if abs(kg) <= MAX_KG else None


class Lines:
    """Splits what an indicator sends into lines; at most MAX_LINE characters of an unfinished one are kept.

    Lines end with CR, LF, both, STX or ETX. The eighth bit is cleared: it is the parity of a serial line. A line that
    is too long is left out and counted.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self.too_long = 0

    def feed(self, data: bytes) -> list[str]:
        """The lines that these bytes complete, without spaces at their ends and without empty ones."""
        *whole, rest = _ENDS.split(self._rest + data.translate(_SEVEN_BITS, b"\x00\x80"))
        found = []
        for number, line in enumerate(whole):
            if number == 0 and self._skipping:
                self._skipping = False
            elif len(line) > MAX_LINE:
                self.too_long += 1
            elif text := line.decode("ascii").strip():
                found.append(text)
        if len(rest) > MAX_LINE:
            self.too_long += not self._skipping
            self._skipping = True
        self._rest = b"" if self._skipping else rest
        return found
