"""`python app.py --workers N`: N hub processes on the same ports, supervised by this one.

A worker ends when its input ends, and so with this process, however that ends.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
import gevent.subprocess
from gevent.event import Event

from hub.runtime.durable_file import write_whole
from hub.runtime.service_manager import ServiceManager
from hub.runtime.stop_request import end_on_request
from hub.runtime.supervisor import Supervisor
from hub.runtime.worker_place import VARIABLE, WorkerPlace, can_share_ports
from hub.settings.file import SettingsError
from hub.settings.model import Settings
from tools.boot.stop_request import StopRequest
from tools.signals import may_repeat, stop_signals

log = logging.getLogger(__name__)

MAX_WORKERS = 64
READY_FILE = "hub.ready.json"
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
HEALTHY_SECONDS = 60.0  # a worker that ran for longer is restarted with the first pause again
READY_SECONDS = 120.0  # of the first worker, which prepares the database for the others
KILL_SECONDS = 10.0  # beyond limits.shutdown_seconds
ROOT = Path(__file__).resolve().parents[2]


def check(settings: Settings, count: int) -> None:
    """Raise SettingsError, with a sentence, where workers cannot be used."""
    if not 1 <= count <= MAX_WORKERS:
        raise SettingsError(f"--workers is the number of hub processes, from 1 to {MAX_WORKERS}.")
    if not settings.store.url or not settings.live.url:
        raise SettingsError(
            "--workers needs PostgreSQL (store.url) and Redis (live.url), which several hub processes share; name both "
            "in hub.toml, or start without --workers."
        )
    if not can_share_ports():
        raise SettingsError(
            "--workers needs a system on which several processes can listen on one port (SO_REUSEPORT), such as Linux; "
            "start without --workers here."
        )
    if not settings.port:
        raise SettingsError("--workers needs a main port of its own: set port to another number than 0.")


class Worker:
    """One hub process, restarted when it ends by itself."""

    def __init__(self, place: WorkerPlace, instance: Path, ending: Event) -> None:
        self.place, self._instance, self._ending = place, instance, ending
        self.process: Any = None
        self.restarts = 0
        self.status = 0

    @property
    def ready_file(self) -> Path:
        return self._instance / self.place.file(READY_FILE)

    def run(self) -> None:
        """Keep the process running until the end."""
        failures = 0
        while not self._ending.is_set():
            began = time.monotonic()
            self._start()
            self.status = self.process.wait()
            if self._ending.is_set():
                return
            failures = 0 if time.monotonic() - began > HEALTHY_SECONDS else failures + 1
            pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1] if failures else BACKOFF_SECONDS[0]
            self.restarts += 1
            log.error("Worker %d has ended (%s) and is started again.", self.place.number, self.status)
            self._ending.wait(pause)

    def _start(self) -> None:
        with suppress(OSError):
            self.ready_file.unlink(missing_ok=True)
        self.process = gevent.subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), *_own_arguments(sys.argv[1:])],
            stdin=subprocess.PIPE,
            env={**os.environ, VARIABLE: self.place.text()},
            start_new_session=True,  # Ctrl-C reaches this process alone, which ends the workers in order
        )

    def ready(self) -> dict[str, Any] | None:
        """What the process says of itself once it listens."""
        if self.process is None:
            return None
        try:
            told = json.loads(self.ready_file.read_bytes())
        except (OSError, ValueError):
            return None
        return told if isinstance(told, dict) and told.get("pid") == self.process.pid else None

    def terminate(self) -> None:
        """Ask the process to end in order."""
        if self.process is not None and self.process.poll() is None:
            with suppress(OSError):
                self.process.terminate()

    def kill(self) -> None:
        """End the process at once."""
        if self.process is not None and self.process.poll() is None:
            log.error("Worker %d did not end in time and is killed.", self.place.number)
            with suppress(OSError):
                self.process.kill()


def supervise(settings: Settings, count: int) -> int:
    """Run the workers until a signal arrives; the exit status."""
    ending = Event()
    workers = [Worker(WorkerPlace(number, count), settings.instance, ending) for number in range(1, count + 1)]
    _on_signals(ending)
    supervisor, manager = Supervisor(), ServiceManager()
    supervisor.keep("stop request", end_on_request, StopRequest(settings.instance, "hub"), ending.set)
    supervisor.keep("service manager", manager.keep_alive)
    running = [supervisor.spawn("worker 1", workers[0].run)]
    try:
        told = _first_ready(workers[0], ending)
        if told is None:
            return 0 if ending.is_set() else workers[0].status or 1
        running += [supervisor.spawn(f"worker {worker.place.number}", worker.run) for worker in workers[1:]]
        while not ending.is_set() and not all(worker.ready() for worker in workers):
            ending.wait(0.05)
        _write_ready(settings.instance, told, workers)
        manager.ready()
        log.info("%d workers serve.", count)
        while not ending.wait(1.0):
            _write_ready(settings.instance, told, workers)
        return 0
    finally:
        manager.stopping()
        ending.set()
        _end(workers, running, settings.limits.shutdown_seconds + KILL_SECONDS)
        with suppress(OSError):
            (settings.instance / READY_FILE).unlink(missing_ok=True)


def _first_ready(worker: Worker, ending: Event) -> dict[str, Any] | None:
    """What the first worker says when it listens; None where it ends before, or the end was asked for."""
    until = time.monotonic() + READY_SECONDS
    while not ending.is_set() and not worker.restarts and time.monotonic() < until:
        told = worker.ready()
        if told is not None:
            return told
        ending.wait(0.05)
    return None


def _write_ready(instance: Path, told: dict[str, Any], workers: list[Worker]) -> None:
    """Write who serves, where that has changed, for the program that started the hub."""
    pids = [worker.process.pid for worker in workers if worker.process is not None]
    text = json.dumps({**told, "pid": os.getpid(), "workers": pids}).encode()
    path = instance / READY_FILE
    try:
        if not path.exists() or path.read_bytes() != text:
            write_whole(path, text)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error)


def _end(workers: list[Worker], running: list[Any], seconds: float) -> None:
    for worker in workers:
        worker.terminate()
    gevent.joinall(running, timeout=seconds)
    for worker in workers:
        worker.kill()
    gevent.joinall(running, timeout=KILL_SECONDS)


def _on_signals(ending: Event) -> None:
    """End on a stop signal; exit on a second one, which ends the workers too, since their input ends."""

    def on_signal(number: int) -> None:
        if ending.is_set() and not may_repeat(number):
            os._exit(130)
        ending.set()

    for number in stop_signals():
        gevent.signal_handler(number, on_signal, number)


def _own_arguments(given: list[str]) -> list[str]:
    """The arguments of a worker: those of this process without --workers."""
    kept: list[str] = []
    skip = False
    for word in given:
        if skip:
            skip = False
        elif word == "--workers":
            skip = True
        elif not word.startswith("--workers="):
            kept.append(word)
    return kept
