"""Train the network that proposes panels in noisy frames.

`python tools/train_panel_finder.py [--seed N] [--minutes N] [--output FILE]`

About 25 minutes on one core. Writes the ONNX file that `agent_lib/label/panel_network.py` runs, and beside it a JSON
file with the settings used and the results measured on rendered pictures outside the training set. Every tenth of the
way the weights so far are kept in a file beside the output: --start goes on from them.
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
from label_onnx import write_panel_finder  # noqa: E402
from panel_network import PanelNetwork  # noqa: E402
from panel_render import HEIGHT, WIDTH, PanelRenderer  # noqa: E402
from training import Progress, add_length, kept_weights, rate  # noqa: E402

from agent_lib.label.panel_network import MODEL, REACH, STRIDE, channels  # noqa: E402
from agent_lib.label.panel_network import PanelNetwork as Finder  # noqa: E402
from agent_lib.label.panels import clockwise  # noqa: E402

POOL = 8_000
"""Pictures kept to be shown again, mirrored at random: drawing one costs about as much as learning from it."""
FRESH = 0.25
"""Share of a batch that is newly drawn."""
MIDDLE, BESIDE = 0.4, 0.75
"""A cell is a panel's middle within this share of the panel around its centre, and neither is nor is not up to that."""
CLOSE = 0.06
"""A proposal is right if no corner is further off than this share of the panel's length (or a pixel of the input)."""
MOST = 5


def main(arguments: list[str] | None = None) -> int:
    """The program; returns its exit status."""
    settings = _arguments(arguments)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    renderer = PanelRenderer(faces(rng), rng)
    network = train(renderer, settings)
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    unsure = settings.output.with_name(settings.output.name + ".new")
    size = write_panel_finder(network, unsure, {"seed": str(settings.seed)})
    os.replace(unsure, settings.output)
    other = PanelRenderer(faces(rng, system=False), np.random.default_rng([settings.seed, 1]))
    report = {
        "settings": {name: getattr(settings, name) for name in ("seed", "steps", "batch", "rate")}
        | {"torch": torch.__version__},
        "parameters": sum(p.numel() for p in network.parameters()),
        "bytes": size,
        "held_out": measure(Finder(settings.output), other, settings.measure),
    }
    settings.output.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    kept_weights(settings.output).unlink(missing_ok=True)
    print(report["held_out"])
    print(f"{settings.output}: {size:,} bytes")
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the network that proposes panels in noisy frames.")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    add_length(parser, steps=3300, batch=48, highest=4e-3)
    parser.add_argument("--measure", type=int, default=1000, help="held-out pictures to measure with (default 1000)")
    parser.add_argument("--output", type=Path, default=MODEL, help="the ONNX file to write; a .json goes beside it")
    parser.add_argument("--start", type=Path, help="go on from these kept weights")
    return parser.parse_args(arguments)


class Pool:
    """Pictures with their panels, new ones in the place of the oldest."""

    def __init__(self, renderer: PanelRenderer, rng: np.random.Generator, batch: int) -> None:
        self._renderer, self._rng, self._batch = renderer, rng, batch
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []
        self._next = 0

    def batch(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Inputs (N, 2, h, w), and `targets` of their panels, stacked."""
        rng = self._rng
        fresh = self._batch if len(self._kept) < 3 * self._batch else round(FRESH * self._batch)
        chosen = []
        for _ in range(fresh):
            drawn = self._renderer.picture()
            chosen.append((drawn.image, drawn.panels))
        older = (
            [self._kept[int(i)] for i in rng.integers(0, len(self._kept), self._batch - fresh)] if self._kept else []
        )
        for one in chosen:
            if len(self._kept) < POOL:
                self._kept.append(one)
            else:
                self._kept[self._next % POOL] = one
                self._next += 1
        shown = [self._mirrored(*one) for one in chosen + older]
        aims = [targets(panels) for _, panels in shown]
        return (
            torch.from_numpy(np.concatenate([channels(image) for image, _ in shown])),
            torch.from_numpy(np.stack([aim for aim, _ in aims])),
            torch.from_numpy(np.stack([corners for _, corners in aims])),
        )

    def _mirrored(self, image: np.ndarray, panels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rng = self._rng
        panels = panels.copy()
        if rng.random() < 0.5:
            image, panels[..., 0] = image[:, ::-1], image.shape[1] - 1 - panels[..., 0]
        if rng.random() < 0.5:
            image, panels[..., 1] = image[::-1], image.shape[0] - 1 - panels[..., 1]
        return np.ascontiguousarray(image), clockwise(panels) if len(panels) else panels


def targets(panels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each cell 1 in a panel's middle, 0 outside and -1 where neither is asked for, (h / 4, w / 4) float32; and the
    corners of the panel from there, (8, h / 4, w / 4) in units of REACH.
    """
    rows, columns = HEIGHT // STRIDE, WIDTH // STRIDE
    x, y = np.meshgrid((np.arange(columns) + 0.5) * STRIDE - 0.5, (np.arange(rows) + 0.5) * STRIDE - 0.5)
    aim, corners = np.zeros((rows, columns), np.float32), np.zeros((8, rows, columns), np.float32)
    for panel in panels:
        centre = panel.mean(axis=0)
        masks = []
        for share in (MIDDLE, BESIDE):
            quad = ((centre + (panel - centre) * share + 0.5) / STRIDE - 0.5) * 16
            mask = np.zeros((rows, columns), np.uint8)
            cv2.fillConvexPoly(mask, np.round(quad).astype(np.int32), 1, cv2.LINE_8, 4)
            masks.append(mask > 0)
        masks[0][
            int(np.clip((centre[1] + 0.5) / STRIDE, 0, rows - 1)),
            int(np.clip((centre[0] + 0.5) / STRIDE, 0, columns - 1)),
        ] = True
        aim[masks[1] & (aim == 0)] = -1
        aim[masks[0]] = 1
        offsets = (panel[:, :, None, None] - np.stack([x, y])[None]).reshape(8, rows, columns) / REACH
        corners[:, masks[0]] = offsets[:, masks[0]]
    return aim, corners


def train(renderer: PanelRenderer, settings: argparse.Namespace) -> PanelNetwork:
    """A network that has learnt from `settings.steps` batches, ready to be used."""
    network = PanelNetwork().to(memory_format=torch.channels_last)
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
        pictures, aims, corners = pool.batch()
        loss = _loss(network(pictures.contiguous(memory_format=torch.channels_last)), aims, corners)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        smooth = loss.item() if smooth is None else 0.97 * smooth + 0.03 * loss.item()
        if progress.step(smooth):
            torch.save(network.state_dict(), kept_weights(settings.output))
    settings.steps = progress.done
    return network.eval()


def _loss(found: torch.Tensor, aims: torch.Tensor, corners: torch.Tensor) -> torch.Tensor:
    """Focal loss of the cells, each panel's middle counting as much as all ground, and how far its corners are off."""
    middle, asked = aims == 1, aims >= 0
    chance = torch.sigmoid(found[:, 0])
    told = torch.where(middle, chance, 1 - chance).clamp_min(1e-6)
    losses = -((1 - told) ** 2) * told.log() * asked
    count = middle.sum().clamp_min(1)
    off = torch.nn.functional.smooth_l1_loss(found[:, 1:], corners, reduction="none", beta=0.03) * middle[:, None]
    return (losses * torch.where(middle, 2.0, 1.0)).sum() / count + 4.0 * off.sum() / (8 * count)


def measure(finder: Finder, renderer: PanelRenderer, count: int) -> dict[str, float]:
    """Shares of panels with a proposal beside them (the first; one of MOST), and how far its corners are off."""
    first = any_of = total = 0
    errors = []
    for _ in range(count):
        one = renderer.picture()
        for panel in one.panels:
            total += 1
            length = float(np.linalg.norm(panel - np.roll(panel, 1, axis=0), axis=1).max())
            proposed = finder.in_reduced(one.image, MOST)
            off = [float(np.abs(each - panel).max()) for each in proposed]
            right = [each <= max(1.0, CLOSE * length) for each in off]
            first += right[:1] == [True]
            any_of += any(right)
            if off and min(off) < 0.3 * length:
                errors.append(min(off))
    return {
        "pictures": count,
        "panels": total,
        "first": round(first / max(1, total), 4),
        f"one of {MOST}": round(any_of / max(1, total), 4),
        "median error, pixels of the input": round(float(np.median(errors)), 3) if errors else -1.0,
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        sys.exit(130)
