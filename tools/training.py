"""What the trainings of the agent's networks share: how long they last, their learning rate, their kept weights."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np


def whole(text: str) -> int:
    """An argument that is a whole number from 1 on."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("give a whole number from 1 on")
    return value


def _minutes(text: str) -> float:
    """An argument that is a time, in minutes."""
    value = float(text)
    if not 0 < value < 1e5:
        raise argparse.ArgumentTypeError("give a number of minutes above 0")
    return value


def add_length(parser: argparse.ArgumentParser, steps: int, batch: int, highest: float) -> None:
    """The arguments for how much is learnt, with their defaults."""
    parser.add_argument("--steps", type=whole, default=steps, help=f"batches to learn from (default {steps})")
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=0.0,
        help="learn for so long instead, on a machine that has other work to do",
    )
    parser.add_argument("--batch", type=whole, default=batch, help=f"examples in a batch (default {batch})")
    parser.add_argument("--rate", type=float, default=highest, help=f"highest learning rate (default {highest:g})")


def kept_weights(output: Path) -> Path:
    """Where the weights of an unfinished training are kept."""
    return output.with_name(output.name + ".weights")


def rate(share: float) -> float:
    """Learning rate as a share of the highest: up in a line for a twelfth of the way, down in half a cosine."""
    rise = 1 / 12
    if share < rise:
        return 0.01 + 0.99 * share / rise
    return 0.5 + 0.5 * float(np.cos(np.pi * (share - rise) / (1 - rise)))


class Progress:
    """How far the training is, in `steps` or in `minutes` (0: not limited); shown on stderr as a bar, a few times a
    second on a terminal and a line for every tenth elsewhere, unless it is `silent`.
    """

    def __init__(self, steps: int, minutes: float, silent: bool = False) -> None:
        self._steps, self._seconds, self._silent = steps, 60 * minutes, silent
        self._began = self._shown = time.monotonic()
        self.done = self._tenths = 0
        self._terminal = sys.stderr.isatty()

    @property
    def share(self) -> float:
        """How much of the training is done, 0..1: of the time if that is limited, else of the steps."""
        if self._seconds:
            return min(1.0, (time.monotonic() - self._began) / self._seconds)
        return self.done / self._steps

    @property
    def over(self) -> bool:
        """Whether all is done, after a step at least."""
        return self.done > 0 and self.share >= 1.0

    def step(self, loss: float) -> bool:
        """Count a step; whether a further tenth of the training is done."""
        self.done += 1
        now, share = time.monotonic(), self.share
        tenth = int(10 * share) > self._tenths
        self._tenths = int(10 * share)
        if not self._silent and (tenth or (self._terminal and now - self._shown > 0.3)):
            self._shown = now
            left = (now - self._began) * (1 / share - 1)
            bar = "#" * round(30 * share)
            start, end = ("\r", "\n" if share >= 1 else "") if self._terminal else ("", "\n")
            steps = self.done if self._seconds else f"{self.done}/{self._steps}"
            said = f"{start}[{bar:30}] {steps}  loss {loss:.3f}  {left / 60:.1f} min left"
            print(said, end=end, file=sys.stderr, flush=True)
        return tenth
