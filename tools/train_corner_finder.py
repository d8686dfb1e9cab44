"""Train the network that places the corners of proposed panels.

`python tools/train_corner_finder.py [--seed N] [--minutes N] [--output FILE]`

About 15 minutes on one core. Writes the ONNX file that `agent_lib/label/corner_network.py` runs, and beside it a JSON
file with the settings used and the results measured on rendered pictures outside the training set.
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
from label_onnx import write_corner_finder  # noqa: E402
from panel_network import CornerNetwork  # noqa: E402
from panel_render import PanelRenderer, Picture  # noqa: E402
from training import Progress, add_length, kept_weights, rate  # noqa: E402

from agent_lib.label.corner_network import MODEL, REACH, SQUARE, view  # noqa: E402
from agent_lib.label.corner_network import CornerNetwork as Finder  # noqa: E402
from agent_lib.label.panel_network import channels  # noqa: E402

POOL = 3_000
"""Pictures kept to be shown again, with other proposals."""
FRESH = 0.08
"""New pictures per proposal in a batch."""
OFF, MOVED, LARGER = 0.04, 0.05, 0.06
"""How far proposals are off (sigma): each corner, all together, and in size; shares of the panel's length."""
NONE = 0.2
"""Share of the proposals beside which there is no panel."""
FAR = 0.3
"""A panel with a corner further off than this share of its length is not asked for."""


def main(arguments: list[str] | None = None) -> int:
    """The program; returns its exit status."""
    settings = _arguments(arguments)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    network = train(PanelRenderer(faces(rng), rng), settings)
    unsure = settings.output.with_name(settings.output.name + ".new")
    size = write_corner_finder(network, unsure, {"seed": str(settings.seed)})
    os.replace(unsure, settings.output)
    fresh = np.random.default_rng([settings.seed, 1])
    report = {
        "settings": {name: getattr(settings, name) for name in ("seed", "steps", "batch", "rate")}
        | {"torch": torch.__version__},
        "parameters": sum(p.numel() for p in network.parameters()),
        "bytes": size,
        "held_out": measure(
            Finder(settings.output), PanelRenderer(faces(rng, system=False), fresh), fresh, settings.measure
        ),
    }
    settings.output.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    kept_weights(settings.output).unlink(missing_ok=True)
    print(report["held_out"])
    print(f"{settings.output}: {size:,} bytes")
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the network that places the corners of proposed panels.")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    add_length(parser, steps=4000, batch=64, highest=3e-3)
    parser.add_argument("--measure", type=int, default=1000, help="held-out pictures to measure with (default 1000)")
    parser.add_argument("--output", type=Path, default=MODEL, help="the ONNX file to write; a .json goes beside it")
    parser.add_argument("--start", type=Path, help="go on from these kept weights")
    return parser.parse_args(arguments)


class Pool:
    """Pictures with panels, new ones in the place of the oldest, and proposals near their panels."""

    def __init__(self, renderer: PanelRenderer, rng: np.random.Generator, batch: int) -> None:
        self._renderer, self._rng, self._batch = renderer, rng, batch
        self._kept: list[Picture] = []
        self._next = 0

    def batch(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Inputs (N, 2, h, w), whether there is a panel (N,), and its corners from the proposed ones (N, 8)."""
        rng = self._rng
        for _ in range(max(1, round(FRESH * self._batch)) if self._kept else self._batch):
            one = self._renderer.fine()
            if len(self._kept) < POOL:
                self._kept.append(one)
            else:
                self._kept[self._next % POOL] = one
                self._next += 1
        lines, there, offsets = [], [], []
        while len(lines) < self._batch:
            one = self._kept[int(rng.integers(len(self._kept)))]
            if rng.random() < NONE:
                proposal, panel = self.elsewhere(one)
            elif len(one.panels):
                panel = one.panels[int(rng.integers(len(one.panels)))]
                proposal = near(panel, rng)
            else:
                continue
            seen, off = view(one.image, proposal), np.zeros((4, 2), np.float32)
            if panel is not None:
                off = corner_offsets(proposal, panel)
                if rng.random() < 0.5:
                    seen, off = np.ascontiguousarray(seen[:, ::-1]), (off * (-1, 1))[[1, 0, 3, 2]]
            lines.append(channels(seen))
            there.append(panel is not None)
            offsets.append(np.clip(off / REACH, -4, 4).reshape(8))
        return (
            torch.from_numpy(np.concatenate(lines)),
            torch.tensor(there, dtype=torch.float32),
            torch.from_numpy(np.array(offsets, np.float32)),
        )

    def elsewhere(self, one: Picture) -> tuple[np.ndarray, np.ndarray | None]:
        """A proposal anywhere, and the panel that is there if it lies near one."""
        rng = self._rng
        height, width = one.image.shape
        wide = rng.uniform(30, 140)
        tall = wide / rng.uniform(1.0, 2.0)
        x, y = rng.uniform(0, width - 20), rng.uniform(0, height - 20)
        quad = np.array([(x, y), (x + wide, y), (x + wide, y + tall), (x, y + tall)]) + rng.normal(
            0, 0.08 * wide, (4, 2)
        )
        proposal = quad.astype(np.float32)
        for panel in one.panels:
            if np.abs(panel - proposal).max() < FAR * np.linalg.norm(panel[1] - panel[0]):
                return proposal, panel
        return proposal, None


def near(panel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A proposal as far off a panel as they are."""
    length = float(np.linalg.norm(panel - np.roll(panel, 1, axis=0), axis=1).max())
    middle = panel.mean(axis=0)
    share = rng.uniform(0.1, 1.2)
    larger = 1 + rng.normal(0, LARGER * share)
    off = rng.normal(0, OFF * length * share, (4, 2)) + rng.normal(0, MOVED * length * share, 2)
    return np.asarray(middle + (panel - middle) * larger + off, np.float32)


def corner_offsets(proposal: np.ndarray, panel: np.ndarray) -> np.ndarray:
    """Where a panel's corners lie in the view of a proposal, from the proposed ones: (4, 2) pixels."""
    matrix = cv2.getPerspectiveTransform(proposal, SQUARE)
    return cv2.perspectiveTransform(panel[None].astype(np.float32), matrix)[0] - SQUARE


def train(renderer: PanelRenderer, settings: argparse.Namespace) -> CornerNetwork:
    """A network that has learnt from `settings.steps` batches, ready to be used."""
    network = CornerNetwork().to(memory_format=torch.channels_last)
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
        views, there, offsets = pool.batch()
        found = network(views.contiguous(memory_format=torch.channels_last))
        off = torch.nn.functional.smooth_l1_loss(found[:, 1:], offsets, reduction="none", beta=0.1).mean(dim=1)
        chance = torch.nn.functional.binary_cross_entropy_with_logits(found[:, 0], there)
        loss = (off * there).sum() / there.sum().clamp_min(1) + 0.1 * chance
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        smooth = loss.item() if smooth is None else 0.97 * smooth + 0.03 * loss.item()
        if progress.step(smooth):
            torch.save(network.state_dict(), kept_weights(settings.output))
    settings.steps = progress.done
    return network.eval()


def measure(finder: Finder, renderer: PanelRenderer, rng: np.random.Generator, count: int) -> dict[str, float]:
    """How far the worst corner of proposals is off, before and after, in shares of the panel's length (medians and the
    shares below 0.03), and the shares of panels and of other places that are taken for panels.
    """
    before, after, taken, wrong = [], [], [], []
    pool = Pool(renderer, rng, 1)
    for _ in range(count):
        one = renderer.fine()
        for panel in one.panels:
            length = float(np.linalg.norm(panel - np.roll(panel, 1, axis=0), axis=1).max())
            proposal = near(panel, rng)
            (moved,), (chance,) = finder.settle(one.image, [proposal])
            before.append(float(np.abs(proposal - panel).max()) / length)
            after.append(float(np.abs(moved - panel).max()) / length)
            taken.append(chance >= 0.5)
        proposal, there = pool.elsewhere(one)
        if there is None:
            wrong.append(finder.settle(one.image, [proposal])[1][0] >= 0.5)
    return {
        "panels": len(after),
        "median before": round(float(np.median(before)), 4),
        "median after": round(float(np.median(after)), 4),
        "within 0.03 before": round(float(np.mean(np.array(before) < 0.03)), 4),
        "within 0.03 after": round(float(np.mean(np.array(after) < 0.03)), 4),
        "panels taken for panels": round(float(np.mean(taken)), 4),
        "other places taken for panels": round(float(np.mean(wrong)), 4),
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        sys.exit(130)
