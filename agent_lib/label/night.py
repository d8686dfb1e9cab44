"""Find labels in a noisy frame: their ticks are too faint for a fixed correlation, and their outlines are ragged.

One network proposes panels, another places their corners; a panel is a label if its sides are a label's (`border`) and
its ticks agree much better with the label's code than with other codes (`ticks`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent_lib.label.border import Border
from agent_lib.label.corner_network import REDUCE as CORNERS_REDUCE
from agent_lib.label.corner_network import CornerNetwork
from agent_lib.label.match import EdgeCode
from agent_lib.label.panel_network import PanelNetwork, reduced
from agent_lib.label.panels import SMALLEST_SIDE, fits, grain_of_rows
from agent_lib.label.strap import Attempt, solve
from agent_lib.label.ticks import Evidence, Ticks
from agent_lib.runtime.arrays import Array, Image, Points

# Noise of a frame reduced by two, as a share of the span of its levels, from which no other way finds more.
NOISY = 0.02
MAX_PROPOSED, MAX_WEIGHED, MAX_MOVED, MAX_ATTEMPTS = 8, 5, 3, 4
# Probability of a panel below which a proposal is dropped.
UNLIKELY = 0.02
# Evidence of the code as a whole and of the third best edge, for a label and for one that may be.
ACCEPT, ACCEPT_THIRD = 4.1, 1.3
WEAK, WEAK_THIRD = 3.5, 1.0
# By how much another code may be likelier on the worst edge, of which a strap may show other ticks, and on the others.
LACKING_WORST, LACKING = 18.0, 6.5
# Agreement of the best three sides with a label's border.
LEAST_BORDER = 0.55
# A panel of which a side was moved had more chances to agree, since it was moved to where two edges do: this is taken
# off its evidence.
MOVED_PENALTY = 1.0
# A side of the likeliest panels is moved if the opposite edge, or all others, have this evidence before.
OPPOSITE, OTHERS = 2.0, 1.0
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
        panels, evidence = self._ticks.turned(frame, _distinct(proposed(frame, MAX_PROPOSED)))
        found = self._labels(grey, panels, evidence)
        sure = any(not label.weak for label in found)
        solved = [solve(self._edges, grey, one) for one in _attempts(panels, evidence, sure)]
        moved = [panel for score, _, panel in solved if score > 0]
        found += self._labels(grey, moved, self._ticks.weigh(frame, moved), 0.0 if sure else MOVED_PENALTY)
        return found, panels

    def _labels(
        self, grey: Image, panels: list[Points], evidence: list[Evidence], penalty: float = 0.0
    ) -> list[NightPanel]:
        """The labels among panels from their own top left; `penalty` is taken off the evidence of each."""
        borders = self._border.agreement(grey, panels)
        judged = [_judged(*one, penalty) for one in zip(panels, borders, evidence, strict=True)]
        return [one for one in judged if one is not None and fits(one.panel[None], SMALLEST_SIDE * 0.75)[0]]


def _attempts(panels: list[Points], evidence: list[Evidence], sure: bool) -> list[Attempt]:
    """The likeliest panels, each with the sides that a strap may hide; if one is a label for `sure`, the likeliest of
    all with the side of which nothing is seen, since that may be elsewhere.
    """
    found = []
    order = np.argsort([-each.whole for each in evidence])
    for one in order[: 1 if sure else MAX_MOVED]:
        edges = evidence[one].edges
        for side in [int(edges.argmin())] if sure else range(4):
            strength, others = float(edges[(side + 2) % 4]), float(np.delete(edges, side).min())
            if edges[side] < OTHERS <= others or (not sure and max(strength / OPPOSITE, others / OTHERS) >= 1):
                found.append(Attempt(strength, panels[one], side))
    return found[:MAX_ATTEMPTS]


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
        if len(kept) == MAX_WEIGHED:
            break
        if fits(panel[None], SMALLEST_SIDE * 0.75)[0] and all(
            np.abs(panel.mean(axis=0) - other.mean(axis=0)).max() > 3
            or np.abs(np.ptp(panel, axis=0) - np.ptp(other, axis=0)).max() > 4
            for other in kept
        ):
            kept.append(panel)
    return kept


def _judged(panel: Points, border: Array, evidence: Evidence, penalty: float = 0.0) -> NightPanel | None:
    """The label that a panel is; None if it is none. `border` (4,) is how well its sides agree with a label's."""
    whole, third = evidence.whole - penalty, evidence.third
    *_, lacking, worst = np.sort(evidence.lacking)
    if lacking > LACKING or worst > LACKING_WORST or np.sort(border)[1:].mean() < LEAST_BORDER:
        return None
    score = min(SCORE_MOST, 0.5 + SCORE_STEP * (whole - ACCEPT))
    if whole >= ACCEPT and third >= ACCEPT_THIRD:
        return NightPanel(score, panel, False)
    if whole >= WEAK and third >= WEAK_THIRD:
        return NightPanel(min(score, 0.49), panel, True)
    return None
