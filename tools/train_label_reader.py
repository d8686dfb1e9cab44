"""Train the label reader's network.

`python tools/train_label_reader.py [--seed N] [--steps N] [--bfloat16] [--output FILE]`

About 30 minutes on one core with --bfloat16 where the CPU has it, 45 without. Every tenth of the way the weights so far
are kept in a file beside the output: --start goes on from them with strips of every hardness, --finish makes the
network of a run that was stopped. Writes the ONNX file that `agent_lib/ocr/crnn.py` runs, with its calibration, and
beside it a JSON file with the settings used and the results measured on rendered strips outside the training set.

The network in the repository: `--bfloat16`, stopped after 1,440 of its 3,600 batches; `--bfloat16 --start WEIGHTS
--steps 800 --rate 0.002`; with what the nights have now, `--bfloat16 --start NETWORK.onnx --minutes 62 --batch 64
--rate 0.0012 --nights 0.7`: 8,365 batches in 36 minutes of one core, which other work shared; then, with its
corrections, `--bfloat16 --processes 2 --start NETWORK.onnx --minutes 65 --batch 64 --rate 0.0015 --nights 0.75`: 8,300
batches of both processes, on two cores that other work shared; then without dropout, with digits that lean and the
faces of `label_fonts.DEBIAN_PACKAGES`, the same with `--minutes 64`: 10,678 batches of both processes, on two cores;
then, with most numbers printed as a station's labels are, the same with `--run 3 --minutes 54`: 13,800 batches of both
processes; calibrated by `--run 3 --finish NETWORK.onnx --measure 8000`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(ROOT), str(ROOT / "tools")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from label_fonts import Face, bold, faces  # noqa: E402
from label_measure import calibrate, measure  # noqa: E402
from label_network import CLASSES, COLUMNS, HEIGHT, WIDTH, LabelNetwork  # noqa: E402
from label_onnx import load_tensors, read_tensors, write_onnx  # noqa: E402
from label_render import Sample, StripRenderer  # noqa: E402
from training import Progress, add_length, kept_weights, rate, whole  # noqa: E402
from training_team import Team, team  # noqa: E402

from agent_lib.ocr.crnn import MODEL, Crnn, tensor  # noqa: E402

HELD_OUT_EVERY = 6
"""Every so many faces of the system one is kept from the training, to measure with."""
BUILTIN_TIMES, BOLD_TIMES = 5, 2
"""How many times as often as a regular face of the system a builtin one is drawn, and a bold one of the system."""
POOL = 12_000
"""Strips kept to be shown again: drawing one costs about as much as learning from it."""
FRESH = 0.4
"""Share of a batch that is newly drawn."""
CALIBRATED = 6
"""Strips to calibrate with, for each one of a level of the measurement: few of them are sure and wrong."""


def main(arguments: list[str] | None = None) -> int:
    """The program; returns its exit status."""
    settings = _arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    _one_core(settings.seed)
    rng = np.random.default_rng(settings.seed)
    builtin = faces(rng, system=False)
    system = faces(rng)[len(builtin) :]
    known = BUILTIN_TIMES * builtin + [
        face
        for i, face in enumerate(system)
        for _ in range((BOLD_TIMES if bold(face) else 1) if i % HELD_OUT_EVERY else 0)
    ]
    unknown = system[::HELD_OUT_EVERY]
    started = time.monotonic()
    if settings.finish:
        network = LabelNetwork()
        renderer = StripRenderer(known, np.random.default_rng([settings.seed, 6]), settings.digits)
        typical = [tensor(one.strip) for one in of_every_hardness(renderer, settings.batch)]
        load_weights(network, settings.finish, torch.from_numpy(np.concatenate(typical)))
        network.eval()
    else:
        with team(settings.processes, train, known, settings) as first:
            network = train(first, known, settings)
    report = _report(network, known, unknown, settings)
    if not settings.finish:
        report["settings"]["minutes"] = round((time.monotonic() - started) / 60, 1)
    settings.output.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    kept_weights(settings.output).unlink(missing_ok=True)
    for level, found in report["held_out"].items():
        print(
            f"{level:10} exact {found['exact']:.4f}  reported {found['reported']:.4f}  reported wrong "
            f"{found['wrong']} of {found['strips']}"
        )
    print(f"{settings.output}: {report['bytes']:,} bytes")
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the label reader's network on rendered digits.")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed, faces and machine give the same network (default 1)"
    )
    add_length(parser, steps=3600, batch=96, highest=3e-3)
    parser.add_argument(
        "--run", type=whole, default=1, help="which of several runs with the same seed: each draws other strips"
    )
    parser.add_argument("--digits", type=whole, default=5, help="digits of most numbers (default 5)")
    parser.add_argument(
        "--measure", type=whole, default=1500, help="held-out strips for each level of the measurement (default 1500)"
    )
    parser.add_argument(
        "--bfloat16",
        action="store_true",
        help="compute in bfloat16: nearly twice as fast where the CPU has it (AMX, AVX512-BF16), far slower elsewhere",
    )
    parser.add_argument(
        "--output", type=Path, default=MODEL, help="the ONNX file to write; a .json of the same name goes beside it"
    )
    parser.add_argument(
        "--nights",
        type=float,
        default=0.55,
        help="share of strips by night once the training knows digits (default 0.55)",
    )
    parser.add_argument(
        "--processes", type=whole, default=1, help="cores to learn on, a batch of examples at each (default 1)"
    )
    parser.add_argument("--start", type=Path, help="go on from these kept weights, or from a network (.onnx)")
    parser.add_argument(
        "--finish",
        type=Path,
        help="calibrate, measure and write these kept weights, or a network (.onnx); train nothing",
    )
    return parser.parse_args(arguments)


class Pool:
    """Strips as the network takes them, new ones in the place of the oldest; hardness grows as the training goes on."""

    def __init__(self, renderer: StripRenderer, rng: np.random.Generator, batch: int) -> None:
        self._renderer, self._rng, self._batch = renderer, rng, batch
        self._kept: list[tuple[np.ndarray, tuple[int, ...]]] = []
        self._next = 0

    def batch(self, hardest: float, nights: float) -> tuple[torch.Tensor, list[tuple[int, ...]]]:
        rng = self._rng
        fresh = self._batch if len(self._kept) < 3 * self._batch else round(FRESH * self._batch)
        chosen = [self._draw(hardest, nights) for _ in range(fresh)]
        chosen += [self._again(self._kept[int(i)]) for i in rng.integers(0, len(self._kept), self._batch - fresh)]
        for one in chosen[:fresh]:
            if len(self._kept) < POOL:
                self._kept.append(one)
            else:
                self._kept[self._next % POOL] = one
                self._next += 1
        return torch.from_numpy(np.concatenate([strip for strip, _ in chosen])), [classes for _, classes in chosen]

    def _draw(self, hardest: float, nights: float) -> tuple[np.ndarray, tuple[int, ...]]:
        night = float(self._rng.random()) < nights
        one: Sample = self._renderer.sample(hardest * float(self._rng.random()) ** 0.5, night)
        return tensor(one.strip), one.classes

    def _again(self, kept: tuple[np.ndarray, tuple[int, ...]]) -> tuple[np.ndarray, tuple[int, ...]]:
        """A strip shown again is moved by up to two pixels along and one across, so that it is not learnt by heart."""
        rng = self._rng
        strip, classes = kept
        matrix = np.array([(1, 0, rng.uniform(-2, 2)), (0, 1, rng.uniform(-1, 1))])
        moved = cv2.warpAffine(strip[0, 0], matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        return moved[None, None] * np.float32(rng.uniform(0.85, 1.15)), classes


def _one_core(seed: int) -> None:
    """Let this process compute on one core, with the same weights to begin with for the same seed."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(seed)


def load_weights(network: LabelNetwork, path: Path, strips: torch.Tensor) -> None:
    """Give a network the weights that a training kept, or those of a network's file (.onnx; see `load_tensors`)."""
    if path.suffix == ".onnx":
        load_tensors(network, read_tensors(path), strips)
    else:
        network.load_state_dict(torch.load(path, weights_only=True))


def of_every_hardness(renderer: StripRenderer, count: int) -> list[Sample]:
    """`count` strips from the easiest to the hardest, every second one by night."""
    return [renderer.sample(float(h), night=bool(i % 2)) for i, h in enumerate(np.linspace(0, 1, count))]


def train(team: Team, known: list[Face], settings: argparse.Namespace) -> LabelNetwork:
    """A network that has learnt from `settings.steps` batches of each process of the team, ready to be used."""
    _one_core(settings.seed + team.place)
    network = LabelNetwork().to(memory_format=torch.channels_last)
    renderer = StripRenderer(
        known, np.random.default_rng([settings.seed, 5, team.place, settings.run]), settings.digits
    )
    pool = Pool(renderer, np.random.default_rng([settings.seed, 1, team.place, settings.run]), settings.batch)
    if settings.start:
        load_weights(network, settings.start, pool.batch(1.0, settings.nights)[0])
    decayed = [p for p in network.parameters() if p.ndim > 1]
    rest = [p for p in network.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0.0}], lr=settings.rate
    )
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    progress, smooth = Progress(settings.steps, settings.minutes, silent=team.place > 0), None
    shared = team.shared(network.train())
    while True:
        share = team.agreed(progress.share)
        if share >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * rate(share)
        done = 1.0 if settings.start else share
        strips, texts = pool.batch(min(1.0, 0.25 + 2.0 * done), settings.nights * min(1.0, max(0.0, 6.0 * done - 0.4)))
        lengths = torch.tensor([len(text) for text in texts])
        targets = torch.tensor([c for text in texts for c in text], dtype=torch.long)
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
            logits = shared(strips.contiguous(memory_format=torch.channels_last))
        chances = logits.float().log_softmax(-1).transpose(0, 1)
        loss = torch.nn.functional.ctc_loss(
            chances, targets, torch.full((len(texts),), COLUMNS), lengths, reduction="sum", zero_infinity=True
        ) / len(texts)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        smooth = loss.item() if smooth is None else 0.97 * smooth + 0.03 * loss.item()
        if progress.step(smooth) and team.place == 0:
            torch.save(network.state_dict(), kept_weights(settings.output))
    settings.steps = progress.done
    return network.eval()


def _report(network: LabelNetwork, known: list[Face], unknown: list[Face], settings: argparse.Namespace) -> dict:
    """Calibrate and measure the network as it will be used, from its file, and write that file."""
    output = settings.output
    output.parent.mkdir(parents=True, exist_ok=True)
    unsure = output.with_name(output.name + ".new")
    plain = {"slope": 1.0, "offset": 0.0}
    write_onnx(network, unsure, {"calibration": json.dumps(plain)})
    fresh = [np.random.default_rng([settings.seed, n]) for n in (2, 3, 4)]
    seen = StripRenderer(known + unknown, fresh[0], settings.digits)
    calibration = calibrate(
        Crnn(unsure),
        of_every_hardness(seen, CALIBRATED * settings.measure),
        settings.digits,
    )
    size = write_onnx(network, unsure, {"calibration": json.dumps(calibration), "seed": str(settings.seed)})
    os.replace(unsure, output)
    reader = Crnn(output)
    other = StripRenderer(known, fresh[1], settings.digits)
    levels = {
        level: [other.sample(h) for _ in range(settings.measure)]
        for level, h in (("easy", 0.3), ("medium", 0.6), ("hard", 0.85), ("extreme", 1.0))
    }
    levels["night"] = [other.sample(1.0, night=True) for _ in range(settings.measure)]
    if unknown:
        strange = StripRenderer(unknown, fresh[2], settings.digits)
        levels["new faces"] = [strange.sample(0.6) for _ in range(settings.measure)]
    names = ("seed", "run", "steps", "processes", "batch", "rate", "nights", "digits", "bfloat16")
    return {
        "settings": {name: getattr(settings, name) for name in names}
        | {"faces": len({id(face) for face in known}), "torch": torch.__version__},
        "parameters": sum(p.numel() for p in network.parameters()),
        "classes": CLASSES,
        "bytes": size,
        "calibration": calibration,
        "held_out": {level: measure(reader, strips, settings.digits) for level, strips in levels.items()},
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        sys.exit(130)
