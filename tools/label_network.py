"""The network of the label reader in torch: convolutions and a bidirectional GRU, one class per column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

HEIGHT, WIDTH = 32, 128
COLUMNS = 32
"""Places along the strip where the network names a sign or the blank."""
CLASSES = 12
"""The blank, ten digits, and a sign that cannot be read."""
CHANNELS = (16, 48, 80, 96, 112, 112)
REFINED = (2, 5)
"""Convolutions whose outputs a further one corrects: what it computes is added to what it sees (a residual block)."""
FEATURES = 112
HIDDEN = 112


@dataclass(frozen=True)
class Stage:
    """A convolution with its norm; `name` is unique in the network, `pool` is (down, along), None where nothing is
    pooled, and what is `added` to its input is a correction of it.
    """

    name: str
    convolution: nn.Conv2d
    norm: nn.BatchNorm2d
    pool: tuple[int, int] | None = None
    added: bool = False

    def after(self, computed: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """The stage's output, from what its convolution and norm have computed of `seen`."""
        found = torch.relu(seen + computed if self.added else computed)
        return nn.functional.max_pool2d(found, self.pool) if self.pool else found


class LabelNetwork(nn.Module):
    """(N, 1, 32, 128) normalised grey strips in, (N, 32, 12) logits out. About 0.7 million parameters.

    One of 1.5 million (15 corrections instead of two), trained on from this one for 84 minutes on two cores, read no
    more: 58.2 % of 600 strips of `bench/label.py` by night, cut at about their true corners, where this one read
    58.3 with its weights of then.
    """

    def __init__(self) -> None:
        super().__init__()
        before = (1, *CHANNELS[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in zip(before, CHANNELS, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in CHANNELS)
        self.refining = nn.ModuleList(nn.Conv2d(CHANNELS[i], CHANNELS[i], 3, padding=1, bias=False) for i in REFINED)
        self.refined = nn.ModuleList(nn.BatchNorm2d(CHANNELS[i]) for i in REFINED)
        for norm in self.refined:
            # A correction begins as none.
            nn.init.zeros_(norm.weight)
        # Heights 32, 16, 8, 8, 4, 4 and columns 128, 64, 32, 32, 32, 32.
        self.pools = ((2, 2), (2, 2), None, (2, 1), None, None)
        self.collapse = nn.Conv2d(CHANNELS[-1], FEATURES, (HEIGHT // 8, 1), bias=False)
        self.collapsed = nn.BatchNorm2d(FEATURES)
        self.memory = nn.GRU(FEATURES, HIDDEN, bidirectional=True)
        self.signs = nn.Linear(2 * HIDDEN, CLASSES)

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        seen = strips
        for stage in self.stages():
            seen = stage.after(stage.norm(stage.convolution(seen)), seen)
        told, _ = self.memory(seen.squeeze(2).permute(2, 0, 1))
        return self.signs(told.transpose(0, 1))

    def stages(self) -> Iterator[Stage]:
        """The convolutions in their order, the one that takes the height away last."""
        corrections = dict(zip(REFINED, zip(self.refining, self.refined, strict=True), strict=True))
        for i, (convolution, norm, pool) in enumerate(zip(self.convolutions, self.norms, self.pools, strict=True)):
            yield Stage(str(i), convolution, norm, pool)
            if i in corrections:
                yield Stage(f"{i}_refined", *corrections[i], added=True)
        yield Stage("6", self.collapse, self.collapsed)
