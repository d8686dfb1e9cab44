"""Threads beside a measurement."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Self


class Threads:
    """Threads that run while the context is open; each ends soon after `stopping` is set."""

    def __init__(self, targets: Sequence[Callable[[], None]]) -> None:
        self.stopping = threading.Event()
        self._threads = [threading.Thread(target=target) for target in targets]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()
