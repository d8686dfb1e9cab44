"""The result of reading labels in one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agent_lib.ocr import Texts
from agent_lib.runtime.arrays import Image, Points

NOT_FOUND = "No label found"
UNREADABLE = "Label unreadable"
UNCERTAIN = "Label not certain"


@dataclass
class LabelReading:
    """What was found in one frame (docs/wire/station.md, "The label").

    `corners` are TL, TR, BR, BL of the outer board in frame pixels, (4, 2) float32; `picture` is the rectified label,
    BGR; `score` (0..1) is how well its edge code matches. `number` is "" unless one is reported; `raw_text` and
    `confidence` (0..1) are the engine's output. `reason` is "" if a number is reported, else why not. A `weak` reading
    may be of something else: it reports no number and counts only if a second frame or reader agrees. `alternatives`
    are the likeliest texts with the engine's own probabilities. `labels` is how many labels the frame shows; this is
    the best of them, `others` are the readings of the rest, best first. Where none is found, `likely` are the corners
    of boards that may be labels, the likeliest first.
    """

    found: bool = False
    number: str = ""
    raw_text: str = ""
    confidence: float = 0.0
    score: float = 0.0
    corners: Points | None = None
    picture: Image | None = field(default=None, repr=False)
    reason: str = NOT_FOUND
    engine: str = ""
    labels: int = 0
    weak: bool = False
    alternatives: Texts = field(default=(), repr=False)
    others: list[LabelReading] = field(default_factory=list, repr=False)
    likely: Sequence[Points] = field(default=(), repr=False)

    @property
    def message(self) -> str:
        """One sentence for the operator when more than one label is in view, else ""."""
        if self.labels < 2:
            return ""
        numbers = ", ".join(one.number or "no number" for one in [self, *self.others])
        more = self.labels - 1 - len(self.others)
        rest = f" and {more} more" if more else ""
        return (
            f"{self.labels} labels are in view ({numbers}{rest}): the best seen one is taken. Keep one label in "
            "the camera's view."
        )


class FrameReader(Protocol):
    """What reads frames: `agent_lib.label.reader.LabelReader`, or `SharedLabelReader`, which loads one."""

    def read(self, image: Image) -> LabelReading: ...

    def read_at(self, image: Image, place: LabelReading) -> LabelReading: ...
