"""Find labels in a noisy frame: their ticks are too faint for a fixed correlation, and their outlines are ragged.

Proposals come from the smoothed frame, their borders are fitted (`fit`), and a panel is a label if its ticks agree much
better with the label's code than with other codes (`rivals`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent_lib.label.fit import BorderFit
from agent_lib.label.match import EdgeCode, Match
from agent_lib.label.panel_network import PanelNetwork
from agent_lib.label.panels import SMALLEST_SIDE, fits, grain_of_rows
from agent_lib.label.rivals import Evidence, Rivals
from agent_lib.label.strap import Attempt, attempts, solve
from agent_lib.runtime.arrays import Array, Image, Points

# Noise of a frame reduced by two, as a share of the span of its levels, from which it is searched in this way, and from
# which no other way finds more.
NOISY, ONLY_NOISE = 0.02, 0.045
MAX_PROPOSED, MAX_MATCHED, MAX_FITTED, MAX_ATTEMPTS = 8, 12, 5, 3
# Agreement of a panel's sides with a border, from which it is compared with the code.
BORDER = 0.35
# Correlation of one edge from which a strap over the opposite one is tried.
STRONG = 0.32
# Evidence of the best three edges together and of the worst of them, for a label and for one that may be.
ACCEPT, ACCEPT_THIRD, ACCEPT_BORDER = 4.3, 1.6, 0.85
WEAK, WEAK_THIRD, WEAK_BORDER = 3.8, 1.2, 0.85
# A lengthened panel had more chances to agree: this is taken off its evidence.
STRAP_PENALTY = 0.4
# The worst of the three edges has at least this share of the evidence: a board with two edges of the code is no label.
ACCEPT_SHARE = 0.38
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
    """Searches noisy frames for labels of one family. Stateless and thread-safe."""

    def __init__(self, edges: EdgeCode) -> None:
        self._edges, self._fit, self._rivals = edges, BorderFit(edges.code), Rivals(edges)

    def find(self, frame: Image, grey: Image) -> list[NightPanel]:
        """The panels of labels in a frame; `grey` is the frame smoothed and stretched (`finder.cleaned`)."""
        panels, borders = self._fit.settle(grey, PanelNetwork.shared().propose(frame, MAX_PROPOSED))
        chosen = _distinct(panels, borders)
        matches = [self._edges.match(grey, panels[i]) for i in chosen]
        order = np.argsort([-match.score for match in matches])[:MAX_FITTED]
        starts = [np.roll(panels[chosen[k]], -matches[k].turn, axis=0) for k in order]
        sides = [float(borders[chosen[k]]) for k in order]
        fitted = self._fit.by_ticks(grey, starts)
        whole = len(fitted)
        for attempt, border in self._straps([panels[i] for i in chosen], matches, [borders[i] for i in chosen]):
            score, _, panel = solve(self._edges, grey, attempt)
            if score > 0:
                # A fit would draw the covered side to the strap's.
                fitted.append(panel)
                sides.append(border)
        found = []
        evidence = self._rivals.weigh(grey, fitted)
        for place, (panel, border, one) in enumerate(zip(fitted, sides, evidence, strict=True)):
            label = _judged(panel, border, one, one.whole - (STRAP_PENALTY if place >= whole else 0.0))
            if label is not None and fits(panel[None], SMALLEST_SIDE * 0.75)[0]:
                found.append(label)
        return found

    def _straps(self, panels: list[Points], matches: list[Match], borders: list[float]) -> list[tuple[Attempt, float]]:
        tries = [
            (attempt, float(border))
            for panel, match, border in zip(panels, matches, borders, strict=True)
            for attempt in attempts(panel, match, 1, STRONG)
        ]
        return sorted(tries, key=lambda one: -one[0].strength)[:MAX_ATTEMPTS]


def _distinct(panels: list[Points], borders: Array) -> list[int]:
    """Indices of the panels with the clearest borders, without those that settled where another did."""
    kept: list[int] = []
    for i in np.argsort(-borders):
        if len(kept) == MAX_MATCHED or borders[i] < BORDER:
            break
        if fits(panels[i][None], SMALLEST_SIDE * 0.75)[0] and all(
            np.abs(panels[i].mean(axis=0) - panels[k].mean(axis=0)).max() > 3
            or np.abs(np.ptp(panels[i], axis=0) - np.ptp(panels[k], axis=0)).max() > 4
            for k in kept
        ):
            kept.append(int(i))
    return kept


def _judged(panel: Points, border: float, evidence: Evidence, whole: float) -> NightPanel | None:
    """The label that a panel is, with `whole` of its evidence counted; None if it is none."""
    score = min(SCORE_MOST, 0.5 + SCORE_STEP * (whole - ACCEPT))
    third = max(ACCEPT_THIRD, ACCEPT_SHARE * evidence.whole)
    if whole >= ACCEPT and evidence.third >= third and border >= ACCEPT_BORDER:
        return NightPanel(score, panel, False)
    if whole >= WEAK and evidence.third >= WEAK_THIRD and border >= WEAK_BORDER:
        return NightPanel(min(score, 0.49), panel, True)
    return None
