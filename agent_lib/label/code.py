"""The edge code of the weighbridge label: where its white ticks are, in board units.

The numbers live in `data/label_code.json`, so that a site with other labels needs another file
and no other code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DEFAULT_PATH = Path(__file__).resolve().parents[1] / "data" / "label_code.json"
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


def load_label_code(path: str | Path = "") -> LabelCode:
    """Read a code file ("" for the project's own). Raises LabelCodeError where it is missing or not such a file."""
    path = Path(path).expanduser() if str(path).strip() else DEFAULT_PATH
    try:
        changed = path.stat().st_mtime_ns
        return _load(path, changed)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise LabelCodeError(
            f"Cannot read the label code {path}: {why}. Set ocr.label_code to a file that can be read, or leave it "
            "empty."
        ) from error


@lru_cache(maxsize=8)
def _load(path: Path, changed: int) -> LabelCode:
    """The code of one state (`changed`: modification time) of a file."""
    text = path.read_text(encoding="utf-8")
    try:
        data = json.loads(text)
        axes = {"top": ("x", "y"), "bottom": ("x", "y"), "left": ("y", "x"), "right": ("y", "x")}
        code = LabelCode(
            width=int(data["board"][0]),
            height=int(data["board"][1]),
            panel=tuple(int(v) for v in data["panel"]),
            tick_width=int(data["tick"]["width"]),
            tick_length=int(data["tick"]["length"]),
            pitch=int(data["tick"]["pitch"]),
            ticks={e: tuple(int(v) for v in data[e][axes[e][0]]) for e in EDGES},
            across={e: int(data[e][axes[e][1]]) for e in EDGES},
        )
        _check(code)
        return code
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise LabelCodeError(
            f"The label code {path} is not usable ({error!r}): it needs board, panel, tick and the "
            "four edges, as the file that comes with the agent has them."
        ) from error


def _check(code: LabelCode) -> None:
    """Raises ValueError, as a sentence, where the numbers make no board."""
    if not (360 <= code.width <= 20000 and 100 <= code.height <= 20000):
        raise ValueError("a board is 360 to 20000 units wide and 100 to 20000 high: use smaller units")
    if not 0.25 <= code.width / code.height <= 4:
        raise ValueError("a board is at most four times as long as it is wide")
    if len(code.panel) != 4:
        raise ValueError("panel is x0, y0, x1, y1")
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
