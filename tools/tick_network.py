"""The network that says where an edge has ticks, in torch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from agent_lib.label.tick_network import BESIDE, ROWS, SAMPLES

WIDTHS = (16, 16, 32, 64)
KERNELS = ((3, 5), (3, 3), (3, 3), (ROWS // 2, 3))
STRIDES = ((1, 2), (2, 1), (1, SAMPLES // 2), (1, 1))
PADS = ((1, 2), (1, 1), (1, 1), (0, 1))
"""Kernels, strides and margins across and along an edge of the convolutions that end with one value a place."""
DILATIONS = (1, 2, 4, 8, 2, 1)
"""Of those that then look along the places; each corrects what it sees."""


class TickNetwork(nn.Module):
    """(N, 1, ROWS, columns) of `agent_lib.label.tick_network.EdgeViews` in, (N, places) log odds out: 113,000
    parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        before = (1, *WIDTHS[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, kernel, stride=stride, padding=pad, bias=False)
            for a, b, kernel, stride, pad in zip(before, WIDTHS, KERNELS, STRIDES, PADS, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in WIDTHS)
        self.along = nn.ModuleList(
            nn.Conv2d(WIDTHS[-1], WIDTHS[-1], (1, 3), padding=(0, step), dilation=(1, step), bias=False)
            for step in DILATIONS
        )
        self.corrected = nn.ModuleList(nn.BatchNorm2d(WIDTHS[-1]) for _ in DILATIONS)
        self.last = nn.Conv2d(WIDTHS[-1], 1, (1, 1 + 2 * BESIDE))

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        seen = views
        for convolution, norm, added in self.stages():
            computed = torch.relu(norm(convolution(seen)))
            seen = seen + computed if added else computed
        found: torch.Tensor = self.last(seen).flatten(1)
        return found

    def stages(self) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d, bool]]:
        """Yield (convolution, norm, whether what they compute is added to what they see), all before the last one."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            yield convolution, norm, False
        for convolution, norm in zip(self.along, self.corrected, strict=True):
            yield convolution, norm, True
