"""Labels with one edge under a strap: the visible panel is shortened (or lengthened by a bright strap).

Three sides of the panel are where they appear. The position of the fourth follows from the ticks on the two adjacent
edges: each is compared at many lengths, without the part that the strap may cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent_lib.label.match import EdgeCode, Match, balance
from agent_lib.runtime.arrays import Array, Image, Points

# With this correlation an edge is trusted, and the opposite one is assumed to be covered.
STRONG = 0.5
MOST = 2
# How much longer the panel may be than it appears, as shares of its length: (min, max, step) down and across.
REACHES = {0: (-0.26, 0.24, 0.02), 1: (-0.17, 0.16, 0.0135)}
# Maximum tilt of the covered side against the opposite one, as a share of the distance between them.
LEAN = 0.09

# Including the parts beside the strap, the three visible edges must still match about equally: see match.balance.
WHOLE_BALANCE = 0.5


@dataclass(frozen=True)
class Attempt:
    """A hypothesis about a panel: label side `covered` (0 top, 1 right, 2 bottom, 3 left) is not where it appears.

    `panel` starts at the label's own top left; `strength` is the opposite edge's correlation.
    """

    strength: float
    panel: Points
    covered: int


def attempts(panel: Points, match: Match) -> list[Attempt]:
    """Hypotheses for a panel whose match was too weak, the best first."""
    order = np.argsort(-match.edges, axis=None)[:MOST]
    found = []
    for place in order:
        turn, edge = divmod(int(place), 4)
        strength = float(match.edges[turn, edge])
        if strength >= STRONG:
            found.append(Attempt(strength, np.roll(panel, -turn, axis=0), (edge + 2) % 4))
    return found


def solve(edges: EdgeCode, grey: Image, attempt: Attempt) -> tuple[float, float, Points]:
    """The best lengthened panel: mean and balance of the correlations of its three visible edges, and the panel."""
    least, most, step = REACHES[attempt.covered % 2]
    shares = np.arange(least, most + step / 2, step)
    coarse = [lengthened(attempt, (share, share)) for share in shares]
    chosen = np.array([shares[_best(edges, grey, coarse, attempt, way)] for way in (-1, 1)])
    for corner, way in enumerate((-1, 1)):
        trials = np.repeat(chosen[None], 7, axis=0)
        trials[:, corner] += np.linspace(-step, step, 7)
        fine = [lengthened(attempt, trial) for trial in trials]
        chosen[corner] = trials[_best(edges, grey, fine, attempt, way), corner]
    if abs(chosen[0] - chosen[1]) > LEAN:
        return -1.0, -1.0, attempt.panel
    panel = lengthened(attempt, chosen)
    seen = [float(edges.beside(grey, [panel], (attempt.covered + way) % 4, attempt.covered)[0]) for way in (-1, 1)]
    correlations = edges.match(grey, panel).edges[0]
    whole = np.delete(correlations, attempt.covered)
    if balance(whole) < WHOLE_BALANCE:
        return -1.0, -1.0, attempt.panel
    seen.append(float(correlations[(attempt.covered + 2) % 4]))
    return sum(seen) / 3, balance(seen), panel


def _best(edges: EdgeCode, grey: Image, panels: list[Points], attempt: Attempt, way: int) -> int:
    """Index of the panel that best matches the edge before (-1) or after (1) the covered one."""
    return int(edges.beside(grey, panels, (attempt.covered + way) % 4, attempt.covered).argmax())


def lengthened(attempt: Attempt, shares: Sequence[float] | Array) -> Points:
    """The panel with the two corners of its covered side moved outwards along the adjacent sides."""
    first, second = attempt.covered, (attempt.covered + 1) % 4
    before, after = (first - 1) % 4, (second + 1) % 4
    panel = attempt.panel.copy()
    panel[first] += (panel[first] - panel[before]) * shares[0]
    panel[second] += (panel[second] - panel[after]) * shares[1]
    return panel
