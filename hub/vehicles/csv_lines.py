"""Lines of a CSV file as vehicles, and vehicles as lines: the same columns in both directions."""

from __future__ import annotations

import csv
import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from hub.contract.csv_cells import as_typed
from hub.contract.errors import ContractError
from hub.contract.vehicles import PLATE, Identifier
from hub.vehicles.contract import read_vehicle
from hub.vehicles.csv_rows import MAX_ROW, CsvRows
from hub.vehicles.first_lines import FirstLines
from hub.vehicles.vehicle import LISTS, Vehicle

COLUMNS: tuple[str, ...] = ("name", "owner", "tags", "numbers", "plates", "permission", "reason", "note", "match")
COLUMNS += ("valid_from", "valid_until")
OTHER_NAMES = dict(LISTS)  # the singular of a column is taken, too
SEPARATORS = (",", ";", "\t")
BREAK = re.compile(r"[\r\n]")
MANY = re.compile(r"[|,;\n\r]")
TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""How spreadsheets are made to keep a number as it was typed."""
MAX_LINES = 100_000
MAX_BAD = 1000  # lines that are named one by one
MAX_REASON = 300
FREED = 1000  # vehicles that are freed at once


@dataclass
class Read:
    """What was read of a file: vehicles by the number of their line, and why others cannot be taken.

    Vehicles are kept as bytes and identifiers as texts, of which the garbage collector need not look at each: a hundred
    thousand objects would make it stop the event loop.
    """

    packed: list[tuple[int, bytes]] = field(default_factory=list)
    watched: int = 0  # plates of vehicles to be stopped or watched
    bad: list[tuple[int, str]] = field(default_factory=list)
    bad_count: int = 0
    lines: int = 0
    first_lines: FirstLines = field(default_factory=FirstLines)

    def add(self, line: int, vehicle: Vehicle) -> None:
        """Keep a vehicle."""
        self.packed.append((line, pickle.dumps(vehicle)))
        self.watched += len(vehicle.texts(PLATE)) if vehicle.is_watched else 0

    def vehicles(self, start: int, end: int) -> list[tuple[int, Vehicle]]:
        """Some of the vehicles, with their lines."""
        return [(line, pickle.loads(data)) for line, data in self.packed[start:end]]

    def clear(self) -> None:
        """Free what was read in small steps, on a native thread: all of it at once would stop the event loop."""
        self.first_lines.clear()
        while self.packed:
            del self.packed[-FREED:]

    def refuse(self, line: int, reason: str) -> None:
        """Name a line that cannot be taken; the first MAX_BAD are kept."""
        self.bad_count += 1
        if len(self.bad) < MAX_BAD:
            self.bad.append((line, reason[:MAX_REASON]))


class CsvLines:
    """Reads the lines of a text some at a time. Raises ContractError where it has no heading."""

    def __init__(self, text: str, zone: tzinfo | None) -> None:
        if "\x00" in text:
            raise ContractError(
                "The file is no text: it has zero bytes. Save it as CSV in UTF-8, or name its encoding."
            )
        self._zone = zone
        self.separator = _separator(text)
        self._rows = CsvRows(text, self.separator)
        self._columns = self._heading()
        self.read = Read()

    def _heading(self) -> list[str]:
        try:
            names = [_column(cell) for cell in self._rows.next() or []]
        except csv.Error as error:
            raise ContractError(f"The first line, the names of the columns, cannot be read: {error}.") from error
        twice = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
        if not set(names) & set(LISTS.values()) or twice:
            what = f"the column {twice[0]} is there twice" if twice else "none of the columns tags, numbers and plates"
            raise ContractError(
                f"The first line has the names of the columns, and here it has {what}. "
                f"The columns are {', '.join(COLUMNS)}.",
                [f"line 1: {what}"],
            )
        return names

    def some(self, most: int) -> bool:
        """Read up to `most` lines more; whether there may be others. On a native thread."""
        for _ in range(most):
            line = self._rows.line + 1
            try:
                cells = self._rows.next()
            except csv.Error as error:
                self.read.refuse(line, f"this is no CSV: {error}")
                continue
            if cells is None:
                return False
            if any(cell.strip() for cell in cells):
                self.read.lines += 1
                if self.read.lines > MAX_LINES:
                    raise ContractError(f"The file has more than {MAX_LINES:,} lines. Split it into several files.")
                self._line(line, cells)
        return True

    def _line(self, line: int, cells: list[str]) -> None:
        if any(cell.strip() for cell in cells[len(self._columns) :]):
            self.read.refuse(line, f"it has {len(cells)} cells, and the first line names {len(self._columns)} columns")
            return
        data: dict[str, object] = {}
        for name, cell in zip(self._columns, cells, strict=False):
            if name in COLUMNS:
                text = cell.strip()
                found = TEXT_FORMULA.fullmatch(text)
                text = found[1] if found else text
                if text.startswith(("=", "@", "＝", "＠")):
                    self.read.refuse(line, f"{name} is a formula ({text[:40]}); enter what it shows as text")
                    return
                text = as_typed(text)
                data[name] = _many(text) if name in OTHER_NAMES.values() else text
        data["permission"] = str(data.get("permission", "")).lower()
        data["match"] = str(data.get("match", "")).lower()
        vehicle, errors = read_vehicle(data, Vehicle(), self._zone)
        errors = errors or self._twice(line, vehicle)
        if errors:
            self.read.refuse(line, "; ".join(errors))
        else:
            self.read.add(line, vehicle)

    def _twice(self, line: int, vehicle: Vehicle) -> list[str]:
        """Identifiers that an earlier line has."""
        errors = []
        for identifier, (kind, text) in zip(vehicle.values, vehicle.identifiers, strict=True):
            first = self.read.first_lines.first(key_of(identifier), line)
            if first != line:
                errors.append(f"the {kind} {text} is in line {first} already")
        return errors


def csv_row(vehicle: Vehicle, zone: tzinfo | None) -> list[str]:
    """The cells of a vehicle in the order of COLUMNS; times are the site's."""
    content = vehicle.content()
    cells = {name: content[name] for name in COLUMNS}
    for name in LISTS.values():
        cells[name] = " | ".join(content[name])
    for name, seconds in (("valid_from", vehicle.valid_from), ("valid_until", vehicle.valid_until)):
        cells[name] = "" if seconds is None else datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S")
    return [_one_line(str(cells[name])) for name in COLUMNS]


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def _column(cell: str) -> str:
    name = as_typed(cell).strip().strip("\ufeff").lower().replace(" ", "_")
    return OTHER_NAMES.get(name, name)


def _separator(text: str) -> str:
    """The separator that the first line has most of."""
    first = BREAK.split(text[:MAX_ROW], 1)[0]
    return max(SEPARATORS, key=first.count)


def _many(text: str) -> list[str]:
    return [each.strip() for each in MANY.split(text) if each.strip()]


def key_of(identifier: Identifier) -> str:
    """An identifier as one text."""
    return f"{identifier.kind}:{identifier.value}"


def texts_of(read: Read) -> Iterator[str]:
    """A sentence for each line that cannot be taken."""
    for line, reason in read.bad:
        yield f"line {line}: {reason}"
    if read.bad_count > len(read.bad):
        yield f"and {read.bad_count - len(read.bad):,} lines more"
