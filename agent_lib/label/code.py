"""The edge code of the weighbridge label: the positions of its white ticks, in board units.

The numbers come from a file (`code_file`), so a site with other labels only needs another file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

EDGES = ("top", "right", "bottom", "left")
MAX_UNITS = 8000  # of a board's width and height; its templates have a pixel for each square unit while they are made


class LabelCodeError(ValueError):
    """The code file cannot be used; the message names the file and the reason."""


@dataclass(frozen=True)
class LabelCode:
    """Geometry of one label family, in board units (x to the right, y down).

    `panel` is x0, y0, x1, y1 of the light panel. `ticks[edge]` are the starts of that edge's ticks along the edge;
    `across[edge]` is the start of its ticks across the edge (y for top and bottom, x for left and right).
    """

    width: int
    height: int
    panel: tuple[int, int, int, int]
    tick_width: int
    tick_length: int
    pitch: int
    ticks: dict[str, tuple[int, ...]]
    across: dict[str, int]

    def comb(self, edge: str) -> tuple[int, ...]:
        """All positions along an edge where ticks of this family may start."""
        length = self.width if edge in ("top", "bottom") else self.height
        return tuple(range(min(self.ticks[edge]) % self.pitch, length - self.tick_width + 1, self.pitch))

    def tick_boxes(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield x0, y0, x1, y1 of every tick."""
        for edge in EDGES:
            start = self.across[edge]
            for along in self.ticks[edge]:
                if edge in ("top", "bottom"):
                    yield along, start, along + self.tick_width, start + self.tick_length
                else:
                    yield start, along, start + self.tick_length, along + self.tick_width


def parse_label_code(data: Mapping[str, Any]) -> LabelCode:
    """The code that a file's JSON object describes. Raises KeyError, IndexError, TypeError or ValueError."""
    axes = {"top": ("x", "y"), "bottom": ("x", "y"), "left": ("y", "x"), "right": ("y", "x")}
    panel = tuple(int(v) for v in data["panel"])
    if len(panel) != 4:
        raise ValueError("panel is x0, y0, x1, y1")
    x0, y0, x1, y1 = panel
    code = LabelCode(
        width=int(data["board"][0]),
        height=int(data["board"][1]),
        panel=(x0, y0, x1, y1),
        tick_width=int(data["tick"]["width"]),
        tick_length=int(data["tick"]["length"]),
        pitch=int(data["tick"]["pitch"]),
        ticks={e: tuple(int(v) for v in data[e][axes[e][0]]) for e in EDGES},
        across={e: int(data[e][axes[e][1]]) for e in EDGES},
    )
    _check(code)
    return code


def _check(code: LabelCode) -> None:
    """Raise ValueError, with a sentence, if the numbers describe no board."""
    if not (360 <= code.width <= MAX_UNITS and 100 <= code.height <= MAX_UNITS):
        raise ValueError(f"a board is 360 to {MAX_UNITS} units wide and 100 to {MAX_UNITS} high: use larger units")
    if not 0.25 <= code.width / code.height <= 4:
        raise ValueError("a board is at most four times as long as it is wide")
    x0, y0, x1, y1 = code.panel
    if not (0 < x0 < x1 < code.width and 0 < y0 < y1 < code.height):
        raise ValueError("the panel lies inside the board")
    if not (0 < code.tick_width < code.pitch and code.tick_length > 0):
        raise ValueError("a tick is narrower than the pitch")
    for edge in EDGES:
        length = code.width if edge in ("top", "bottom") else code.height
        other = code.height if edge in ("top", "bottom") else code.width
        if not code.ticks[edge] or min(code.ticks[edge]) < 0 or max(code.ticks[edge]) >= length:
            raise ValueError(f"the edge {edge} needs ticks, all of them on the board")
        if not 0 <= code.across[edge] <= other - code.tick_length:
            raise ValueError(f"the ticks of the edge {edge} lie on the board")
