"""Which of the worker processes of `python app.py --workers N` this process is."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

VARIABLE = "GATEHOUSE_WORKER"  # "2/4": the second of four


@dataclass(frozen=True)
class WorkerPlace:
    """`number` counts from 1; 0 is a hub of one process."""

    number: int = 0
    count: int = 1

    @property
    def is_worker(self) -> bool:
        return self.number > 0

    def file(self, name: str) -> str:
        """The name of a file that each worker has for itself: hub.log becomes hub-2.log."""
        stem, dot, ending = name.partition(".")
        return f"{stem}-{self.number}{dot}{ending}" if self.is_worker else name

    def marked(self, text: str) -> str:
        """An id of something that only this worker has: other workers hand over the connections that name it."""
        return f"{text}.{self.number}" if self.is_worker else text

    def text(self) -> str:
        """The value of VARIABLE."""
        return f"{self.number}/{self.count}"


def worker_place() -> WorkerPlace:
    """The place of this process, by its environment."""
    number, _, count = os.environ.get(VARIABLE, "").partition("/")
    return WorkerPlace(int(number), int(count)) if number.isdecimal() and count.isdecimal() else WorkerPlace()


def can_share_ports() -> bool:
    """Whether several processes of this system may listen on one port."""
    return hasattr(socket, "SO_REUSEPORT")
