"""A hub under load whose power is cut again and again: recorded once, replayed to many states, started on each."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.helpers import HubProcess
from tests.support.power_cut.cuts import Cut
from tests.support.power_cut.hub_account import Account, check_database
from tests.support.power_cut.hub_load import HubLoad, Sent
from tests.support.power_cut.recorder import Recorder

STARTS = 10


@dataclass
class Recording:
    """What a hub wrote under load. `sent`: everything that was sent to it, also before; `before`: was acknowledged."""

    root: Path
    log: Path
    sent: dict[str, Sent]
    before: set[str] = field(default_factory=set)

    def acknowledged(self, cut: Cut) -> set[str]:
        """What the hub had acknowledged when the power was cut."""
        return self.before | {key.decode() for key in cut.acknowledged}


def record_hub(
    folder: Path,
    seed: str,
    acknowledgements: int,
    start: tuple[Recording, Cut] | None = None,
    flush_ms: float = 2.0,
    fail_every: int = 0,
    environ: Mapping[str, str] | None = None,
) -> Recording:
    """Run a hub under load, then kill it. `start`: go on where a cut of an earlier recording left it.

    `fail_every`: one flush of so many fails, on average.
    """
    root, log = folder / "disk", folder / "log"
    if start is not None:
        shutil.copytree(start[1].folder, root)
    recorder = Recorder(root, log, flush_ms, fail_every)
    hub = HubProcess(root / "instance", real=True, **recorder.environ, **(environ or {}))
    hub.output = folder / "output.txt"
    _start(hub, STARTS if fail_every else 1)
    load = HubLoad(hub, seed, lambda key: recorder.acknowledge(key.encode()), limit=acknowledgements).start()
    try:
        load.join()
    finally:
        load.stop()
        hub.kill()
        recorder.close()
    if start is None:
        return Recording(root, log, load.sent)
    return Recording(root, log, {**start[0].sent, **load.sent}, start[0].acknowledged(start[1]))


def _start(hub: HubProcess, tries: int) -> None:
    """Start a hub; one that meets a failing disk at its start ends with a sentence, and is started again."""
    for left in reversed(range(tries)):
        try:
            hub.start()
            return
        except AssertionError:
            if not left or hub.process is None or hub.process.poll() not in (1, 2):
                raise


@dataclass
class Outcome:
    """A hub started after a cut: how long it took, how many records it has, and what is wrong."""

    cut: Cut
    seconds: float
    acknowledged: int
    rows: int
    faults: list[str]


def start_after(cut: Cut, recording: Recording) -> Outcome:
    """Start a hub on the state of a cut, compare, kill it, and check its database."""
    hub = HubProcess(cut.folder / "instance")
    hub.output = cut.folder.parent / f"{cut.folder.name}.output.txt"
    acknowledged = recording.acknowledged(cut)
    began = time.monotonic()
    try:
        hub.start()
    except AssertionError as error:
        if hub.process is not None and hub.process.poll() is None:
            hub.kill()
        return Outcome(cut, time.monotonic() - began, len(acknowledged), 0, [f"the hub does not start: {error}"])
    seconds = time.monotonic() - began
    account = Account(hub, recording.sent, acknowledged)
    try:
        faults = account.check()
    finally:
        hub.kill()
    faults += check_database(hub.instance / "hub.db")
    return Outcome(cut, seconds, len(acknowledged), account.rows, faults)
