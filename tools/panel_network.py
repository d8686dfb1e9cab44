"""The networks of the panel finder in torch: one proposes panels in a picture, one says where a panel's corners are."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

WIDTHS = (16, 24, 32, 32, 32, 32, 32)
STRIDES = (2, 2, 1, 1, 1, 1, 1)
DILATIONS = (1, 1, 1, 2, 4, 2, 1)
OUTPUTS = 9
"""Log odds that a cell lies in a panel's middle, and the x and y of the panel's four corners from the cell."""


class PanelNetwork(nn.Module):
    """(N, 2, h, w) of `agent_lib.label.panel_network.channels` in, (N, 9, h / 4, w / 4) out: 42,000 parameters."""

    def __init__(self) -> None:
        super().__init__()
        before = (2, *WIDTHS[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=stride, padding=dilation, dilation=dilation, bias=False)
            for a, b, stride, dilation in zip(before, WIDTHS, STRIDES, DILATIONS, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in WIDTHS)
        self.last = nn.Conv2d(WIDTHS[-1], OUTPUTS, 1)
        nn.init.constant_(self.last.bias, 0.0)
        with torch.no_grad():
            self.last.bias[0] = -4.0

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        seen = pictures
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            seen = torch.relu(norm(convolution(seen)))
        found: torch.Tensor = self.last(seen)
        return found

    def stages(self) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
        """Yield (convolution, norm) in their order, all before the last one."""
        yield from zip(self.convolutions, self.norms, strict=True)


class CornerNetwork(nn.Module):
    """(N, 2, 80, 112) of `agent_lib.label.corner_network.view` in, (N, 9) out: the log odds that there is a panel, and
    the x and y of its four corners from the proposed ones. 150,000 parameters.
    """

    WIDTHS = (16, 32, 32, 48, 48, 16)
    STRIDES = (2, 2, 1, 2, 1, 1)
    CELLS = 10 * 14
    HIDDEN = 64

    def __init__(self) -> None:
        super().__init__()
        before = (2, *self.WIDTHS[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=stride, padding=1, bias=False)
            for a, b, stride in zip(before, self.WIDTHS, self.STRIDES, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in self.WIDTHS)
        self.first = nn.Linear(self.WIDTHS[-1] * self.CELLS, self.HIDDEN)
        self.last = nn.Linear(self.HIDDEN, OUTPUTS)

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        seen = views
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            seen = torch.relu(norm(convolution(seen)))
        found: torch.Tensor = self.last(torch.relu(self.first(seen.flatten(1))))
        return found

    def stages(self) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
        """See PanelNetwork."""
        yield from zip(self.convolutions, self.norms, strict=True)
