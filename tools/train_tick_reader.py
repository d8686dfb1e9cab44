"""Train the network that says where a panel's edges have ticks.

`python tools/train_tick_reader.py [--seed N] [--minutes N] [--output FILE]`

About 40 minutes on one core. Writes the ONNX file that `agent_lib/label/tick_network.py` runs, and beside it a JSON
file with the settings used and the results measured on rendered edges outside the training set. Every tenth of the way
the weights so far are kept in a file beside the output: --start goes on from them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(ROOT), str(ROOT / "tools")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from label_fonts import faces  # noqa: E402
from label_onnx import write_tick_reader  # noqa: E402
from tick_network import TickNetwork  # noqa: E402
from tick_render import Seen, TickRenderer  # noqa: E402
from training import Progress, add_length, kept_weights, rate  # noqa: E402

from agent_lib.label.tick_network import MODEL  # noqa: E402
from agent_lib.label.tick_network import TickNetwork as Reader  # noqa: E402

POOL = 16_000
"""Edges of each length that are kept to be shown again: drawing one costs about as much as learning from it."""
FRESH = 0.35
"""Share of a batch that is newly drawn."""
FINDINGS = 4
"""How often each board is found, with other errors."""


def main(arguments: list[str] | None = None) -> int:
    """The program; returns its exit status."""
    settings = _arguments(arguments)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    network = train(TickRenderer(faces(rng), rng), settings)
    unsure = settings.output.with_name(settings.output.name + ".new")
    size = write_tick_reader(network, unsure, {"seed": str(settings.seed)})
    os.replace(unsure, settings.output)
    fresh = np.random.default_rng([settings.seed, 1])
    report = {
        "settings": {name: getattr(settings, name) for name in ("seed", "steps", "batch", "rate")}
        | {"torch": torch.__version__},
        "parameters": sum(p.numel() for p in network.parameters()),
        "bytes": size,
        "held_out": measure(Reader(settings.output), TickRenderer(faces(rng, system=False), fresh), settings.measure),
    }
    settings.output.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    kept_weights(settings.output).unlink(missing_ok=True)
    print(report["held_out"])
    print(f"{settings.output}: {size:,} bytes")
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the network that says where a panel's edges have ticks.")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    add_length(parser, steps=8000, batch=96, highest=3e-3)
    parser.add_argument("--measure", type=int, default=1000, help="held-out boards to measure with (default 1000)")
    parser.add_argument("--output", type=Path, default=MODEL, help="the ONNX file to write; a .json goes beside it")
    parser.add_argument("--start", type=Path, help="go on from these kept weights")
    return parser.parse_args(arguments)


class Pool:
    """Edges by their number of places, new ones in the place of the oldest."""

    def __init__(self, renderer: TickRenderer, rng: np.random.Generator, batch: int) -> None:
        self._renderer, self._rng, self._batch = renderer, rng, batch
        self._kept: dict[int, list[Seen]] = {}
        self._next: dict[int, int] = {}

    def batches(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Of each number of places, `batch` views (N, 1, ROWS, columns), and where there are ticks (N, places)."""
        drawn, wanted = 0, self._batch * (FRESH if self._kept else 1)
        while drawn < wanted:
            for seen in self._renderer.edges(FINDINGS):
                self._keep(seen)
            drawn += 2 * FINDINGS
        found = []
        for kept in self._kept.values():
            some = [kept[i] for i in self._rng.integers(0, len(kept), self._batch)]
            views = torch.from_numpy(np.stack([one.view for one in some]))[:, None]
            found.append((views, torch.from_numpy(np.stack([one.ticks for one in some])).float()))
        return found

    def _keep(self, seen: Seen) -> None:
        places = len(seen.ticks)
        kept = self._kept.setdefault(places, [])
        if len(kept) < POOL:
            kept.append(seen)
            return
        kept[self._next.get(places, 0)] = seen
        self._next[places] = (self._next.get(places, 0) + 1) % POOL


def train(renderer: TickRenderer, settings: argparse.Namespace) -> TickNetwork:
    """A network that has learnt from `settings.steps` batches, ready to be used."""
    network = TickNetwork()
    if settings.start:
        network.load_state_dict(torch.load(settings.start, weights_only=True))
    pool = Pool(renderer, np.random.default_rng([settings.seed, 2]), settings.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=0.01)
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    progress, smooth = Progress(settings.steps, settings.minutes), None
    network.train()
    while not progress.over:
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * rate(progress.share)
        losses = [
            torch.nn.functional.binary_cross_entropy_with_logits(network(views), ticks)
            for views, ticks in pool.batches()
        ]
        loss = torch.stack(losses).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if progress.step(smooth):
            torch.save(network.state_dict(), kept_weights(settings.output))
    settings.steps = progress.done
    return network.eval()


def measure(reader: Reader, renderer: TickRenderer, count: int) -> dict[str, float]:
    """Of the places of `count` boards: the mean loss (natural logarithm), that of their share of ticks alone, and how
    many of those thought at least 0.9 likely, or at most 0.1, are so.
    """
    odds, ticks = [], []
    for _ in range(count):
        for seen in renderer.edges(1):
            odds.append(reader.log_odds(seen.view[None, None])[0])
            ticks.append(seen.ticks)
    chances = 1.0 / (1.0 + np.exp(-np.concatenate(odds).astype(np.float64)))
    there = np.concatenate(ticks)
    likely, unlikely = chances >= 0.9, chances <= 0.1
    share = there.mean()
    return {
        "places": len(there),
        "loss": round(float(-np.log(np.where(there, chances, 1 - chances)).mean()), 4),
        "loss of their share": round(float(-(share * np.log(share) + (1 - share) * np.log(1 - share))), 4),
        "likely or unlikely": round(float((likely | unlikely).mean()), 4),
        "of them right": round(float(np.concatenate([there[likely], ~there[unlikely]]).mean()), 4),
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        sys.exit(130)
