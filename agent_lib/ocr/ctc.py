"""Decode the output of a CTC network: the best text, and the probability of a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent_lib.runtime.arrays import Array

BLANK = 0
UNLIKELY = 0.001
"""Probability at one place up to which a class is left out of a search of likely texts."""


def best_path(probabilities: Array) -> list[int]:
    """Classes of the best path, repeats merged and blanks (class 0) removed; input (T, classes)."""
    path = probabilities.argmax(axis=1)
    return [int(c) for i, c in enumerate(path) if c != BLANK and (i == 0 or c != path[i - 1])]


def text_probability(probabilities: Array, classes: list[int]) -> float:
    """Probability of exactly this text, summed over all its paths.

    `probabilities` is (T, classes) with rows that sum to at most 1; class 0 is the blank.
    """
    return float(text_probabilities(probabilities[None], classes)[0])


def text_probabilities(probabilities: Array, classes: Sequence[int]) -> Array:
    """`text_probability` in several outputs (N, T, classes) at once: (N,)."""
    found: Array = texts_probabilities(probabilities, [classes])[:, 0]
    return found


def texts_probabilities(probabilities: Array, texts: Sequence[Sequence[int]]) -> Array:
    """The probability of each text in each output (N, T, classes): (N, texts).

    The CTC forward recursion, in turn for all texts of one length.
    """
    found = np.empty((len(probabilities), len(texts)))
    for length in {len(text) for text in texts}:
        places = [place for place, text in enumerate(texts) if len(text) == length]
        found[:, places] = _same_length(probabilities, np.array([texts[place] for place in places], int))
    return found


def _same_length(probabilities: Array, texts: Array) -> Array:
    """`texts_probabilities` of texts (M, length): (N, M)."""
    count, length = texts.shape
    labels = np.full((count, 2 * length + 1), BLANK)
    labels[:, 1::2] = texts
    # A state is also reachable from two before, unless that skips the blank between two equal labels.
    skips = np.zeros(labels.shape)
    skips[:, 3::2] = texts[:, 1:] != texts[:, :-1]
    # The two columns before the first state are never reached.
    states = np.zeros((len(probabilities), count, 2 * length + 3))
    steps = probabilities[:, :, labels]
    states[:, :, 2:4] = steps[:, 0, :, :2]
    for step in range(1, steps.shape[1]):
        states[:, :, 2:] = (states[:, :, 2:] + states[:, :, 1:-1] + states[:, :, :-2] * skips) * steps[:, step]
    found: Array = np.minimum(1.0, states[:, :, -2:].sum(axis=2))
    return found


def likely_texts(probabilities: Array, most: int) -> list[tuple[int, ...]]:
    """About the `most` likeliest texts of an output (T, classes), the likeliest first (prefix beam search)."""
    # Of each prefix, the probability of its paths that end in a blank, and of those that end in its last class.
    kept: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for chances in probabilities.tolist():
        blank = chances[BLANK]
        likely = [c for c, chance in enumerate(chances) if c != BLANK and chance > UNLIKELY]
        if not likely:
            kept = {prefix: ((ended + open_) * blank, 0.0) for prefix, (ended, open_) in kept.items()}
            continue
        found: dict[tuple[int, ...], list[float]] = {}
        for prefix, (ended, open_) in kept.items():
            last = prefix[-1] if prefix else BLANK
            same = found.setdefault(prefix, [0.0, 0.0])
            same[0] += (ended + open_) * blank
            same[1] += open_ * chances[last] if prefix else 0.0
            for c in likely:
                longer = found.setdefault((*prefix, c), [0.0, 0.0])
                longer[1] += (ended if c == last else ended + open_) * chances[c]
        best = sorted(found, key=lambda prefix: -sum(found[prefix]))[: 2 * most]
        kept = {prefix: (found[prefix][0], found[prefix][1]) for prefix in best}
    return sorted((text for text in kept if text), key=lambda text: -sum(kept[text]))[:most]
