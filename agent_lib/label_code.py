"""The edge code of the weighbridge label: where its white ticks are, in board units.

The numbers live in `data/label_code.json`, so that a site with other labels needs another file
and no other code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DEFAULT_PATH = Path(__file__).parent / "data" / "label_code.json"
EDGES = ("top", "right", "bottom", "left")


class LabelCodeError(ValueError):
    """The code file cannot be used; the text says which file and why."""


@dataclass(frozen=True)
class LabelCode:
    """Geometry of one label family, all in board units (x to the right, y down).

    `panel` is x0, y0, x1, y1 of the light panel. `ticks[edge]` holds the starts of that edge's
    ticks along the edge; `across[edge]` is where a tick begins across it (y for top and bottom,
    x for left and right).
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
        """Every place along an edge where this family's ticks may start."""
        length = self.width if edge in ("top", "bottom") else self.height
        return tuple(range(min(self.ticks[edge]) % self.pitch, length - self.tick_width + 1, self.pitch))

    def tick_boxes(self):
        """Yield x0, y0, x1, y1 of every tick."""
        for edge in EDGES:
            start = self.across[edge]
            for along in self.ticks[edge]:
                if edge in ("top", "bottom"):
                    yield along, start, along + self.tick_width, start + self.tick_length
                else:
                    yield start, along, start + self.tick_length, along + self.tick_width


@lru_cache(maxsize=8)
def load_label_code(path: Path = DEFAULT_PATH) -> LabelCode:
    """Read a code file. Raises LabelCodeError where it is missing or not such a file."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        axes = {"top": ("x", "y"), "bottom": ("x", "y"), "left": ("y", "x"), "right": ("y", "x")}
        return LabelCode(
            width=int(data["board"][0]),
            height=int(data["board"][1]),
            panel=tuple(int(v) for v in data["panel"]),
            tick_width=int(data["tick"]["width"]),
            tick_length=int(data["tick"]["length"]),
            pitch=int(data["tick"]["pitch"]),
            ticks={e: tuple(int(v) for v in data[e][axes[e][0]]) for e in EDGES},
            across={e: int(data[e][axes[e][1]]) for e in EDGES},
        )
    except OSError as error:
        raise LabelCodeError(f"Cannot read the label code {path}: {error.strerror}.") from error
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise LabelCodeError(
            f"The label code {path} is not usable ({error!r}): it needs board, panel, tick and the "
            "four edges, as the file that comes with the agent has them."
        ) from error
