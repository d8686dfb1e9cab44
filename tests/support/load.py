"""What attacks look like from outside: another client's waits, and how much memory the hub holds meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import requests

from tests.support.helpers import HubProcess

# How much longer than the promise another client may wait: attack, hub and test share the cores, whatever else runs
# there. `GATEHOUSE_PATIENCE=1 pytest tests/hub/hardening` on a quiet machine measures the promise itself.
PATIENCE = float(os.environ.get("GATEHOUSE_PATIENCE", "5"))


class Bystander:
    """Another client that asks for something small again and again, and remembers its longest wait."""

    def __init__(
        self, hub: HubProcess, path: str = "/api/test", ask: Callable[[requests.Session], Any] | None = None
    ) -> None:
        self._hub, self._path, self._ask = hub, path, ask
        self._ending = threading.Event()
        self.longest = 0.0
        self.asked = 0
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Bystander:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(120)

    def _run(self) -> None:
        with requests.Session() as session:
            while not self._ending.is_set():
                began = time.monotonic()
                try:
                    answer = (
                        self._ask(session) if self._ask else session.get(f"{self._hub.url}{self._path}", timeout=100)
                    )
                    if answer.status_code >= 500:
                        self.failures.append(f"{answer.status_code}: {answer.text[:200]}")
                except requests.RequestException as error:
                    self.failures.append(repr(error))
                self.longest = max(self.longest, time.monotonic() - began)
                self.asked += 1
                self._ending.wait(0.005)


class Memory:
    """The largest resident size of the hub, in MB, sampled while the block runs."""

    def __init__(self, hub: HubProcess) -> None:
        assert hub.process is not None
        self._process = psutil.Process(hub.process.pid)
        self._ending = threading.Event()
        self.before = self.peak = self._process.memory_info().rss / 1e6
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._ending.wait(0.01):
            self.peak = max(self.peak, self._process.memory_info().rss / 1e6)
