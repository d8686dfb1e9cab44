"""The network of the label reader in torch: convolutions and a bidirectional GRU, one class per column."""

from __future__ import annotations

import torch
from torch import nn

HEIGHT, WIDTH = 32, 128
COLUMNS = 32
"""Places along the strip where the network names a sign or the blank."""
CLASSES = 12
"""The blank, ten digits, and a sign that cannot be read."""
CHANNELS = (16, 48, 80, 96, 112, 112)
FEATURES = 112
HIDDEN = 112


class LabelNetwork(nn.Module):
    """(N, 1, 32, 128) normalised grey strips in, (N, 32, 12) logits out. About half a million parameters."""

    def __init__(self) -> None:
        super().__init__()
        before = (1, *CHANNELS[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in zip(before, CHANNELS, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in CHANNELS)
        # Heights 32, 16, 8, 8, 4, 4 and columns 128, 64, 32, 32, 32, 32.
        self.pools = ((2, 2), (2, 2), None, (2, 1), None, None)
        self.collapse = nn.Conv2d(CHANNELS[-1], FEATURES, (HEIGHT // 8, 1), bias=False)
        self.collapsed = nn.BatchNorm2d(FEATURES)
        self.drop = nn.Dropout(0.1)
        self.memory = nn.GRU(FEATURES, HIDDEN, bidirectional=True)
        self.signs = nn.Linear(2 * HIDDEN, CLASSES)

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        seen = strips
        for convolution, norm, pool in zip(self.convolutions, self.norms, self.pools, strict=True):
            seen = torch.relu(norm(convolution(seen)))
            if pool:
                seen = nn.functional.max_pool2d(seen, pool)
        seen = torch.relu(self.collapsed(self.collapse(seen))).squeeze(2)
        told, _ = self.memory(self.drop(seen.permute(2, 0, 1)))
        return self.signs(self.drop(told.transpose(0, 1)))

    def stages(self):
        """Yield (convolution, norm, pool) in their order, the one that takes the height away last."""
        yield from zip(self.convolutions, self.norms, self.pools, strict=True)
        yield self.collapse, self.collapsed, None
