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
    """Probability of exactly this text, summed over all its paths (the CTC forward recursion).

    `probabilities` is (T, classes) with rows that sum to at most 1; class 0 is the blank.
    """
    labels = [BLANK]
    for c in classes:
        labels += [c, BLANK]
    states = np.zeros(len(labels))
    states[0] = 1.0
    # A state is also reachable from two before, unless that skips the blank between two equal labels.
    skips = np.array([i > 1 and labels[i] != BLANK and labels[i] != labels[i - 2] for i in range(len(labels))])
    for step, row in enumerate(probabilities):
        one = np.concatenate([[0.0], states[:-1]])
        two = np.where(skips, np.concatenate([[0.0, 0.0], states])[: len(states)], 0.0)
        if step == 0:
            one = np.zeros(len(states))
            one[1:2] = 1.0
            two = np.zeros(len(states))
        states = (states + one + two) * row[labels]
    return float(min(1.0, states[-2:].sum()))
