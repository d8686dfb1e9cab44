"""A training shared by several processes of one machine: each draws its own examples, and what all of them have learnt
from a batch is averaged before the next one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch

PATIENCE = timedelta(minutes=5)
"""How long one process waits for another, as for the first batch of it."""


class Team:
    """One process of `processes`; the first has place 0 and alone reports and keeps weights."""

    def __init__(self, place: int = 0, processes: int = 1, meeting: str = "") -> None:
        self.place, self.processes = place, processes
        if processes > 1:
            torch.distributed.init_process_group("gloo", meeting, PATIENCE, world_size=processes, rank=place)

    def shared(self, network: torch.nn.Module) -> torch.nn.Module:
        """The network as it is to be called: with the first process' weights, and gradients that are averaged."""
        return torch.nn.parallel.DistributedDataParallel(network) if self.processes > 1 else network

    def agreed(self, number: float) -> float:
        """The first process' number, at all of them; to be called by all."""
        if self.processes == 1:
            return number
        told = torch.tensor([number], dtype=torch.float64)
        torch.distributed.broadcast(told, 0)
        return float(told)


@contextmanager
def team(processes: int, help_out: Callable[..., object], *arguments: object) -> Iterator[Team]:
    """The first of `processes` processes; each other one runs help_out(its Team, *arguments), which ends by itself."""
    if processes == 1:
        yield Team()
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        context = torch.multiprocessing.get_context("spawn")
        helpers = [
            context.Process(target=_help, args=(place, processes, meeting, help_out, arguments), daemon=True)
            for place in range(1, processes)
        ]
        for helper in helpers:
            helper.start()
        yield Team(0, processes, meeting)
        for helper in helpers:
            helper.join(PATIENCE.total_seconds())
        torch.distributed.destroy_process_group()


def _help(
    place: int, processes: int, meeting: str, help_out: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    help_out(Team(place, processes, meeting), *arguments)
    torch.distributed.destroy_process_group()
