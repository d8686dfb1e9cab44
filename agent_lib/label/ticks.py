"""How far a panel's ticks agree better with the label's code than with other codes: for labels whose ticks are faint.

A network says of every place how likely a tick stands there. The sum of its log odds over the places where the code has
ticks is compared with what codes of as many ticks at random places have: where nothing is to be seen of an edge, all of
them have the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent_lib.label.code import EDGES
from agent_lib.label.match import EdgeCode
from agent_lib.label.tick_network import EdgeViews, TickNetwork
from agent_lib.runtime.arrays import Array, Image, Points

FLAT = 0.25
"""Added to the variance of an edge's sums, so that nothing is made of log odds that are all about the same."""


@dataclass(frozen=True)
class Evidence:
    """How a panel's ticks agree with the label's code.

    `whole` is how many standard deviations the code is above codes at random, for all edges together; `edges` (4,) the
    same for each on its own. `lacking` (4,) is by how much (natural logarithm) another code of as many ticks is
    likelier on each edge: little for a label's edge, whether one sees its ticks or not, and much where other ticks are
    seen.
    """

    whole: float
    edges: Array
    lacking: Array

    @property
    def third(self) -> float:
        """The evidence of the third best edge: a board may share two edges with the label."""
        return float(np.sort(self.edges)[1])


class Ticks:
    """The code of one label family, to be looked for in the ticks of panels. Stateless and thread-safe.

    Creating one loads the network, once for the process. Raises NetworkError if that fails.
    """

    def __init__(self, edges: EdgeCode) -> None:
        TickNetwork.shared()
        self._edges, self._views = edges, EdgeViews(edges.code)
        code = edges.code
        self._own = [np.isin(code.comb(edge), code.ticks[edge]) for edge in EDGES]

    def weigh(self, grey: Image, panels: Sequence[Points]) -> list[Evidence]:
        """The evidence for each panel (TL, TR, BR, BL of the label itself) in an 8-bit grey frame as it was taken."""
        return _evidence(self._log_odds(grey, panels), self._own) if len(panels) else []

    def turned(self, grey: Image, panels: Sequence[Points]) -> tuple[list[Points], list[Evidence]]:
        """Each panel (clockwise) as it starts with the corner for which there is most evidence, and that."""
        starts = [np.roll(panel, -turn, axis=0) for panel in panels for turn in range(4)]
        weighed = self.weigh(grey, starts)
        best = [max(range(i, i + 4), key=lambda one: weighed[one].whole) for i in range(0, len(starts), 4)]
        return [starts[i] for i in best], [weighed[i] for i in best]

    def _log_odds(self, grey: Image, panels: Sequence[Points]) -> list[Array]:
        """The log odds of a tick at the places of each edge of the panels: per edge (panels, places)."""
        views = self._views.of(grey, [self._edges.homography(panel) for panel in panels])
        found = [np.empty(0)] * len(views)
        for length in {view.shape[-1] for view in views}:
            edges = [edge for edge, view in enumerate(views) if view.shape[-1] == length]
            odds = TickNetwork.shared().log_odds(np.concatenate([views[edge] for edge in edges]))
            for edge, part in zip(edges, np.split(odds.astype(np.float64), len(edges)), strict=True):
                found[edge] = part
        return found


def _evidence(odds: list[Array], own: list[Array]) -> list[Evidence]:
    """From the log odds at the places of each edge, (panels, places), and where the code has ticks."""
    above, variances, lacking = np.empty((3, len(odds), len(odds[0])))
    for edge, (parts, ticks) in enumerate(zip(odds, own, strict=True)):
        count, places = int(ticks.sum()), len(ticks)
        total = parts[:, ticks].sum(axis=1)
        above[edge] = total - count * parts.mean(axis=1)
        # Of the sum over `count` of the places, drawn without putting back.
        variances[edge] = parts.var(axis=1) * count * (places - count) / max(1, places - 1) + FLAT
        lacking[edge] = np.sort(parts, axis=1)[:, places - count :].sum(axis=1) - total
    whole, edges = above.sum(axis=0) / np.sqrt(variances.sum(axis=0)), above / np.sqrt(variances)
    return [Evidence(float(one), *each) for one, *each in zip(whole, edges.T, lacking.T, strict=True)]
