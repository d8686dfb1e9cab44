"""Decode the output of a CTC network: the best text, and the probability of a text."""

from __future__ import annotations

import numpy as np

from agent_lib.runtime.arrays import Array

BLANK = 0


def best_path(probabilities: Array) -> list[int]:
    """Classes of the best path, repeats merged and blanks (class 0) removed; input (T, classes)."""
    path = probabilities.argmax(axis=1)
    return [int(c) for i, c in enumerate(path) if c != BLANK and (i == 0 or c != path[i - 1])]


def text_probability(probabilities: Array, classes: list[int]) -> float:
    """Probability of exactly this text, summed over all its paths.

    `probabilities` is (T, classes) with rows that sum to at most 1; class 0 is the blank.
    """
    return float(text_probabilities(probabilities[None], classes)[0])


def text_probabilities(probabilities: Array, classes: list[int]) -> Array:
    """`text_probability` in several outputs (N, T, classes) at once: (N,) (the CTC forward recursion)."""
    labels = [BLANK]
    for c in classes:
        labels += [c, BLANK]
    count = len(labels)
    # A state is also reachable from two before, unless that skips the blank between two equal labels.
    skips = np.array([i > 1 and labels[i] != BLANK and labels[i] != labels[i - 2] for i in range(count)])
    # The two columns before the first state are never reached.
    states = np.zeros((len(probabilities), count + 2))
    steps = probabilities[:, :, labels]
    states[:, 2:4] = steps[:, 0, :2]
    for step in range(1, steps.shape[1]):
        states[:, 2:] = (states[:, 2:] + states[:, 1:-1] + states[:, :-2] * skips) * steps[:, step]
    found: Array = np.minimum(1.0, states[:, -2:].sum(axis=1))
    return found
