"""How far a panel's ticks agree better with the label's code than with other codes: for labels whose ticks are faint.

In noise even the right code correlates weakly, so a fixed correlation decides nothing. Here the same profiles are
compared with many random codes as well, which have as many ticks on each edge: noise, blur and a chance likeness change
their correlations as much as those of the right code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent_lib.label.code import EDGES, LabelCode
from agent_lib.label.match import SHIFT, EdgeCode, high_pass, profile_of, shifted
from agent_lib.runtime.arrays import Array, Image, Points

RIVALS = 64
SEED = 20
# Blur of the expected ticks, in samples along an edge (sigma): sharp, and as far as ticks still make groups.
BLURS = (0.0, 4.5)
# Shifts tried along an edge: every second of those that `match` tries.
EVERY = 2
NO_LEAST = (-float("inf"), -float("inf"))


@dataclass(frozen=True)
class Evidence:
    """How many standard deviations the label's code is above the rivals: `whole` for all edges or the best three
    together, whichever is more, `edges` (4,) for each on its own.
    """

    whole: float
    edges: Array

    def doubtful(self, covered: Array, least_alone: tuple[float, float] = NO_LEAST) -> tuple[float, float]:
        """The evidence of the worst two edges together, and their share of that of the best two: of a board that shares
        only two edges with the label, these are the others. If the worst one is `covered` (4,) and has no evidence to
        give, it is that of the third best, if that is more and these two are at least `least_alone`.
        """
        ranked = np.argsort(self.edges)
        worst, third, second, best = (float(one) for one in self.edges[ranked])
        both = (worst + third) / 2**0.5, (worst + third) / max(second + best, 1e-6)
        counts = covered[ranked[0]] and worst >= least_alone[0] and third >= least_alone[1]
        return max(both, (third, self.third_share)) if counts else both

    @property
    def third(self) -> float:
        """The evidence of the third best edge."""
        return float(np.sort(self.edges)[1])

    @property
    def third_share(self) -> float:
        """The third best edge's evidence as a share of the mean of the best two."""
        return 2 * self.third / max(float(np.sort(self.edges)[2:].sum()), 1e-6)


class Rivals:
    """The code of one label family among random codes, prepared for comparison. Stateless and thread-safe."""

    def __init__(self, edges: EdgeCode) -> None:
        rng = np.random.default_rng(SEED)
        self._edges = edges
        self._banks = [
            [_bank(edges.code, edge, count, rng, blur) for edge, count in zip(EDGES, edges.counts, strict=True)]
            for blur in BLURS
        ]

    def weigh(self, grey: Image, panels: list[Points]) -> list[Evidence]:
        """The evidence for each panel (TL, TR, BR, BL of the label itself)."""
        if not panels:
            return []
        profiles = [high_pass(part.mean(axis=1, dtype=np.float32)) for part in self._edges.strips(grey, panels)]
        best: list[Evidence] = []
        for bank in self._banks:
            correlations = np.stack([one.compare(p) for one, p in zip(bank, profiles, strict=True)], axis=1)
            found = _evidence(correlations)
            best = found if not best else [max(pair, key=lambda e: e.whole) for pair in zip(best, found, strict=True)]
        return best


def _evidence(correlations: Array) -> list[Evidence]:
    """From the correlations (panels, 4 edges, 1 + RIVALS), the label's own code first."""
    spread = correlations[:, :, 1:].std(axis=2, ddof=1) + 1e-3
    middle = correlations[:, :, 1:].mean(axis=2)
    scaled = (correlations - middle[:, :, None]) / spread[:, :, None]
    four = scaled.sum(axis=1)
    # The worst edge of each rival is left out as well.
    three = four - scaled.min(axis=1)
    whole = np.maximum(
        *((s[:, 0] - s[:, 1:].mean(axis=1)) / (s[:, 1:].std(axis=1, ddof=1) + 1e-3) for s in (four, three))
    )
    return [Evidence(float(one), edges) for one, edges in zip(whole, scaled[:, :, 0], strict=True)]


class _Bank:
    """The patterns of one edge: the label's own and its rivals', at every shift."""

    def __init__(self, patterns: Array) -> None:
        self._patterns = patterns

    def compare(self, profiles: Array) -> Array:
        """Correlation at the best shift of each profile (N, length) with each code: (N, 1 + RIVALS)."""
        part = profiles[:, SHIFT:-SHIFT]
        part = part - part.mean(axis=1, keepdims=True)
        part = part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 0.5 * np.sqrt(part.shape[1]))
        found: Array = (part @ self._patterns.T).reshape(len(part), 1 + RIVALS, -1).max(axis=2)
        return found


def _bank(code: LabelCode, edge: str, count: int, rng: np.random.Generator, blur: float) -> _Bank:
    length = code.width if edge in ("top", "bottom") else code.height
    comb = code.comb(edge)
    own = code.ticks[edge]
    codes = [own] + [tuple(rng.choice(comb, min(len(own), len(comb)), replace=False).tolist()) for _ in range(RIVALS)]
    combs = shifted(profile_of(comb, code.tick_width, length, count), blur)[::EVERY]
    rows = []
    for ticks in codes:
        pattern = shifted(profile_of(ticks, code.tick_width, length, count), blur)[::EVERY]
        pattern = pattern - (pattern * combs).sum(axis=1, keepdims=True) * combs
        rows.append(pattern / np.maximum(np.linalg.norm(pattern, axis=1, keepdims=True), 1e-6))
    return _Bank(np.concatenate(rows).astype(np.float32))
