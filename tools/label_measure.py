"""Measure the label reader on rendered strips: calibration, and the shares of right, missing and wrong numbers."""

from __future__ import annotations

import numpy as np
from label_render import Sample

from agent_lib.ocr import ACCEPT
from agent_lib.ocr.crnn import Crnn, log_odds

BINS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
STEPS = 50
MOST_WRONG = 0.001
"""Share of the numbers reported of strips by day that may be wrong, and of those by night."""


def calibrate(reader: Crnn, samples: list[Sample], digits: int) -> dict[str, float]:
    """Fit Platt scaling: the logistic of the network's log odds that best predicts how often it is right, lowered
    until at most MOST_WRONG of what would be reported by day, and by night, is not what is printed.

    `reader` is one with slope 1 and offset 0. Only texts of `digits` digits count: no other is ever reported. A mostly
    hidden digit that is guessed right counts as wrong in the fit: it should not have been read.
    """
    found = [(reader.read(one.strip), one) for one in samples]
    counted = [
        (log_odds(seen.confidence), seen.text == one.text, seen.text != one.printed, one.night)
        for seen, one in found
        if len(seen.text) == digits and seen.text.isdigit()
    ]
    if len(counted) < 20:
        return {"slope": 1.0, "offset": 0.0}
    odds, right, wrong, night = (np.array(column) for column in zip(*counted, strict=True))
    return _cautious(_logistic(odds, right.astype(np.float64)), odds, wrong, night)


def _cautious(fit: dict[str, float], odds: np.ndarray, wrong: np.ndarray, night: np.ndarray) -> dict[str, float]:
    """The fit with an offset so low that at most MOST_WRONG of the texts with a confidence of ACCEPT are wrong, by day
    as well as by `night`.
    """
    least = (log_odds(ACCEPT) - fit["offset"]) / fit["slope"]
    for place in np.sort(odds[wrong]):
        above = odds > least
        if all((wrong & above & part).sum() <= MOST_WRONG * (above & part).sum() for part in (night, ~night)):
            break
        least = max(least, float(place) + 1e-3)
    return {"slope": fit["slope"], "offset": round(log_odds(ACCEPT) - fit["slope"] * least, 4)}


def _logistic(odds: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Newton's steps to the two numbers of greatest likelihood, held near 1 and 0 by about one observation."""
    inputs = np.stack([odds, np.ones_like(odds)], axis=1)
    prior = np.array([1.0, 0.0])
    weights = prior.copy()
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (right - chance) - (weights - prior)
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + np.eye(2)
        step = np.linalg.solve(bend, slope)
        weights = weights + np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-6:
            break
    return {"slope": round(float(weights[0]), 4), "offset": round(float(weights[1]), 4)}


def measure(reader: Crnn, samples: list[Sample], digits: int) -> dict:
    """Shares of strips with a whole number in sight: read `exact`ly, `reported` (confidence of at least ACCEPT).
    `wrong` counts what was reported and is not printed there, over all strips; `reliability` compares confidence with
    the share that was right.
    """
    found = [(reader.read(one.strip), one) for one in samples]
    whole = [(seen, one.text) for seen, one in found if len(one.text) == digits and one.text.isdigit()]
    counted = [(seen, one.printed) for seen, one in found if len(seen.text) == digits and seen.text.isdigit()]
    sure = [(seen, printed) for seen, printed in counted if seen.confidence >= ACCEPT]
    reliability = []
    for low, high in zip(BINS, BINS[1:], strict=False):
        inside = [(seen.confidence, seen.text == printed) for seen, printed in counted if low <= seen.confidence < high]
        if inside:
            confidence, right = np.mean(inside, axis=0)
            reliability.append(
                {
                    "from": low,
                    "to": high,
                    "strips": len(inside),
                    "confidence": round(float(confidence), 4),
                    "right": round(float(right), 4),
                }
            )
    return {
        "strips": len(samples),
        "with a number": len(whole),
        "exact": round(sum(seen.text == text for seen, text in whole) / max(1, len(whole)), 4),
        "reported": round(
            sum(seen.text == text and seen.confidence >= ACCEPT for seen, text in whole) / max(1, len(whole)), 4
        ),
        "wrong": sum(seen.text != printed for seen, printed in sure),
        "reliability": reliability,
    }
