"""Find labels in a noisy frame: their ticks are too faint for a fixed correlation, and their outlines are ragged.

One network proposes panels, another places their corners; a panel is a label if its sides are a label's (`border`) and
its ticks agree much better with the label's code than with other codes (`ticks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent_lib.label.border import Border
from agent_lib.label.corner_network import REDUCE as CORNERS_REDUCE
from agent_lib.label.corner_network import CornerNetwork
from agent_lib.label.match import EdgeCode, Match
from agent_lib.label.panel_network import PanelNetwork, reduced
from agent_lib.label.panels import SMALLEST_SIDE, fits, grain_of_rows
from agent_lib.label.strap import Attempt, attempts, solve
from agent_lib.label.ticks import NO_LEAST, Evidence, Ticks
from agent_lib.runtime.arrays import Array, Image, Points

# Noise of a frame reduced by two, as a share of the span of its levels, from which no other way finds more.
NOISY = 0.02
MAX_PROPOSED, MAX_MATCHED, MAX_ATTEMPTS = 8, 5, 3
# Probability of a panel below which a proposal is dropped.
UNLIKELY = 0.02
# Agreement of a side with a label's border below which something lies over it.
COVERED = 0.6
# Correlation of one edge from which a strap over the opposite one is tried.
STRONG = 0.32
# Evidence of the code as a whole and of its `doubtful` edges, for a label and for one that may be, and the agreement of
# its sides. A board that shares two edges with the label has much evidence, but not of the others.
ACCEPT, ACCEPT_DOUBTFUL, ACCEPT_BORDER = 4.1, 2.0, 0.85
WEAK, WEAK_DOUBTFUL, WEAK_BORDER = 3.3, 1.5, 0.85
# With so much evidence the sides may be partly in a shadow or under a strap.
CLEAR, CLEAR_DOUBTFUL, CLEAR_BORDER = 4.8, 2.4, 0.6
# Share of the best two edges' evidence that the doubtful ones have, for a label: all its ticks are seen about as well.
LEAST_SHARE = 0.52
# Evidence of the third best edge, and its share of that of the best two, with which three edges are enough, whatever
# the fourth one shows: a strap as dark as the frame hides its ticks alone.
THREE, THREE_SHARE = 3.0, 0.7
# A lengthened panel had more chances to agree, since its length was chosen so that two edges do: this is taken off its
# evidence, and its doubtful edges need a larger share.
STRAP_PENALTY = 1.0
LENGTHENED_SHARE = 0.58
# Evidence of its worst and its third edge, where the worst one counts as covered: a side that was moved to where none
# is looks covered, too, but has other ticks.
LENGTHENED_ALONE = -1.0, 3.5
# A side of the likeliest panel is moved if the other three have this evidence before: a board that shares two edges
# with the label has none of the third, until it is moved to where it agrees by chance. Then this evidence of the code
# as a whole and of the third best edge, and this one's share, are enough, whatever that side shows, if it is the worst:
# the end of a dark strap looks like a border.
HINT = 1.0
BESIDE, BESIDE_THIRD, BESIDE_SHARE = 5.0, 2.4, 0.75
UNKNOWN = -1
"""The side that was moved of a panel of which the others had no such evidence."""
# Evidence as a score: an accepted label has at least 0.5, and never as much as one whose ticks are well visible.
SCORE_STEP, SCORE_MOST = 0.06, 0.74


@dataclass(frozen=True)
class NightPanel:
    """A panel found in noise: `score` and `weak` as in `finder.FoundLabel`, `panel` from the label's own top left."""

    score: float
    panel: Points
    weak: bool


def noise_share(grey: Image) -> float:
    """The noise of a frame reduced by two, as a share of the span of its levels."""
    width = grey.shape[1] // 2 * 2
    lower = grey[5::24, :width].astype(np.int16)
    rows = lower + grey[4::24, :width][: len(lower)]
    if width < 6 or not len(rows):
        return 0.0
    pairs = rows[:, ::2] + rows[:, 1::2]
    noise = grain_of_rows(pairs) / 4  # a pair is the sum of four pixels
    low, high = np.percentile(grey[::8, ::8], (2, 98))
    return noise / max(8.0, float(high - low))


class NightSearch:
    """Searches noisy frames for labels of one family. Stateless and thread-safe.

    Creating one loads the networks, once for the process. Raises NetworkError if that fails.
    """

    def __init__(self, edges: EdgeCode) -> None:
        PanelNetwork.shared(), CornerNetwork.shared()
        self._edges, self._border, self._ticks = edges, Border(edges.code), Ticks(edges)

    def find(self, frame: Image, grey: Image) -> tuple[list[NightPanel], list[Points]]:
        """The panels of labels in a frame, and all panels that were looked at, each from what is likeliest to be its
        own top left; `grey` is the frame smoothed and stretched (`finder.cleaned`).
        """
        panels = _distinct(proposed(frame, MAX_PROPOSED))
        matches = [self._edges.match(grey, panel) for panel in panels]
        turned, evidence = self._ticks.turned(frame, panels)
        found = self._labels(grey, turned, evidence)
        tries = [(one, UNKNOWN) for one in self._straps(panels, matches)]
        if evidence and all(label.weak for label in found):
            tries += _beside(turned, evidence)
        solved = [(solve(self._edges, grey, one), side) for one, side in tries]
        moved = [(panel, side) for (score, _, panel), side in solved if score > 0]
        longer = [panel for panel, _ in moved]
        found += self._labels(grey, longer, self._ticks.weigh(frame, longer), [side for _, side in moved])
        return found, turned

    def _labels(
        self, grey: Image, panels: list[Points], evidence: list[Evidence], moved: Sequence[int] = ()
    ) -> list[NightPanel]:
        """The labels among panels from their own top left; `moved`: the side of each that was moved, if any was."""
        borders = self._border.agreement(grey, panels)
        sides: Sequence[int | None] = moved or [None] * len(panels)
        judged = [_judged(*one) for one in zip(panels, borders, evidence, sides, strict=True)]
        return [one for one in judged if one is not None and fits(one.panel[None], SMALLEST_SIDE * 0.75)[0]]

    def _straps(self, panels: list[Points], matches: list[Match]) -> list[Attempt]:
        tries = [
            attempt
            for panel, match in zip(panels, matches, strict=True)
            for attempt in attempts(panel, match, 1, STRONG)
        ]
        return sorted(tries, key=lambda one: -one.strength)[:MAX_ATTEMPTS]


def _beside(turned: list[Points], evidence: list[Evidence]) -> list[tuple[Attempt, int]]:
    """The likeliest panel with each side that may be moved, and that side."""
    likeliest = int(np.argmax([one.whole for one in evidence]))
    edges = evidence[likeliest].edges
    return [(Attempt(0.0, turned[likeliest], side), side) for side in range(4) if np.delete(edges, side).min() >= HINT]


def proposed(frame: Image, most: int) -> list[Points]:
    """The likeliest panels in a frame, clockwise from the top left, with their corners where the networks see them."""
    if min(frame.shape) < SMALLEST_SIDE:
        return []
    half, shift = np.float32(CORNERS_REDUCE), np.float32(0.5)  # pixels count from their centres
    panels = [(panel + shift) / half - shift for panel in PanelNetwork.shared().propose(frame, most)]
    moved, chances = CornerNetwork.shared().settle(reduced(frame, CORNERS_REDUCE), panels)
    order = np.argsort(-chances, kind="stable")
    return [(moved[i] + shift) * half - shift for i in order if chances[i] >= UNLIKELY]


def _distinct(panels: list[Points]) -> list[Points]:
    """The likeliest panels that could be a label's, without those that were moved to where another is."""
    kept: list[Points] = []
    for panel in panels:
        if len(kept) == MAX_MATCHED:
            break
        if fits(panel[None], SMALLEST_SIDE * 0.75)[0] and all(
            np.abs(panel.mean(axis=0) - other.mean(axis=0)).max() > 3
            or np.abs(np.ptp(panel, axis=0) - np.ptp(other, axis=0)).max() > 4
            for other in kept
        ):
            kept.append(panel)
    return kept


def _judged(panel: Points, border: Array, evidence: Evidence, moved: int | None) -> NightPanel | None:
    """The label that a panel is; None if it is none.

    `border` (4,) is how well its sides agree with a label's, `moved` the one that was moved so that two edges agree,
    UNKNOWN where the others may agree by chance.
    """
    lengthened = moved is not None
    whole = evidence.whole - (STRAP_PENALTY if lengthened else 0.0)
    score = min(SCORE_MOST, 0.5 + SCORE_STEP * (whole - ACCEPT))
    sides = float(np.sort(border)[1:].mean())
    three = evidence.third >= THREE and evidence.third_share >= THREE_SHARE
    if three and whole >= CLEAR and sides >= CLEAR_BORDER and not lengthened:
        return NightPanel(score, panel, False)
    beside = evidence.third >= BESIDE_THIRD and evidence.third_share >= BESIDE_SHARE and evidence.whole >= BESIDE
    if beside and sides >= ACCEPT_BORDER and int(np.argmin(evidence.edges)) == moved:
        return NightPanel(score, panel, False)
    doubtful, share = evidence.doubtful(border < COVERED, LENGTHENED_ALONE if lengthened else NO_LEAST)
    if share < (LENGTHENED_SHARE if lengthened else LEAST_SHARE):
        return None
    clear = whole >= CLEAR and doubtful >= CLEAR_DOUBTFUL and sides >= CLEAR_BORDER
    if clear or (whole >= ACCEPT and doubtful >= ACCEPT_DOUBTFUL and sides >= ACCEPT_BORDER):
        return NightPanel(score, panel, False)
    if whole >= WEAK and doubtful >= WEAK_DOUBTFUL and sides >= WEAK_BORDER:
        return NightPanel(min(score, 0.49), panel, True)
    return None
