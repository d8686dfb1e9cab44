"""One run of a cluster amid load: hubs killed, PostgreSQL cut off, Redis restarted, and an account at the end."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.chaos.resending import ResendingCamera, RestDoor, SocketIoDoor
from tests.support.cluster import Cluster
from tests.support.helpers import HubProcess, wait_for

OTHERS = ("PostgreSQL cut", "Redis restarted")
SERVED_SECONDS = 30.0  # for every camera to be served after a trouble, before the next one


@dataclass
class Result:
    """Figures of a run.

    `served`: per trouble the seconds until every camera was served. `resent`: why records were sent again.
    `faults`: a sentence for each.
    """

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    resent: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    made: Counter[str] = field(default_factory=Counter)
    served: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class ClusterTroubles:
    """Makes trouble for a cluster with these cameras, at times that a seed decides."""

    def __init__(self, cluster: Cluster, cameras: list[ResendingCamera], seed: str, result: Result) -> None:
        self._cluster, self._cameras, self._result = cluster, cameras, result
        self._rng = random.Random(seed)

    def run(self, kills: int, say: Callable[[str], None]) -> None:
        for number in range(kills):
            time.sleep(self._rng.random() * 0.3)  # at any step of a commit
            self._kill(self._rng.choice(self._cluster.hubs))
            if self._rng.random() < 0.6:
                self._other(self._rng.choice(OTHERS))
            say(f"{number + 1} of {kills} kills, {sum(len(one.acknowledged) for one in self._cameras)} records")

    def _kill(self, hub: HubProcess) -> None:
        hub.kill()
        self._note("hub killed", time.monotonic())
        time.sleep(self._rng.random())
        hub.start()

    def _other(self, what: str) -> None:
        if what == "PostgreSQL cut":
            self._cluster.cut_database()
        elif self._cluster.redis is not None:
            self._cluster.redis.kill()
            time.sleep(self._rng.random())
            self._cluster.redis.start()
        self._note(what, time.monotonic())

    def _note(self, what: str, moment: float) -> None:
        """Wait until every camera has had an answer after `moment`, and note how long the last one took."""
        self._result.made[what] += 1
        try:
            wait_for(lambda: all(one.served_after(moment) is not None for one in self._cameras), SERVED_SECONDS)
        except AssertionError:
            waiting = sum(one.served_after(moment) is None for one in self._cameras)
            self._result.faults.append(f"{what}: {waiting} cameras were not served within {SERVED_SECONDS:g} s")
        times = [one.served_after(moment) or SERVED_SECONDS for one in self._cameras]
        self._result.served.setdefault(what, []).append(max(times))


def run_cluster(
    cluster: Cluster, kills: int, seed: int, cameras: int, interval: float, say: Callable[[str], None]
) -> Result:
    """Let cameras send over REST and Socket.IO through nginx while there is trouble."""
    began = time.monotonic()
    result = Result()
    port = cluster.front.side["lpr"]
    senders = [
        ResendingCamera(
            (SocketIoDoor if number % 2 else RestDoor)(port, cluster.token, f"127.0.2.{number + 1}"),
            f"camera{number}",
            interval,
        )
        for number in range(cameras)
    ]
    for sender in senders:
        sender.start()
    try:
        wait_for(lambda: all(sender.acknowledged for sender in senders), SERVED_SECONDS, "every camera's first answer")
        ClusterTroubles(cluster, senders, str(seed), result).run(kills, say)
    finally:
        for sender in senders:
            sender.stop()
        for sender in senders:
            sender.join()
    result.seconds = time.monotonic() - began
    _take_account(cluster, senders, result)
    return result


def _take_account(cluster: Cluster, senders: list[ResendingCamera], result: Result) -> None:
    """Compare what was acknowledged with what is stored."""
    rows = cluster.query("SELECT event_id, id FROM lpr_records")
    stored = {identity: event for event, identity in rows}
    times = Counter(event for event, _ in rows)
    result.doubled = sum(count - 1 for count in times.values())
    result.resent = sum((sender.failures for sender in senders), Counter())
    for sender in senders:
        result.acknowledged += len(sender.acknowledged)
        for one in sender.acknowledged:
            if stored.get(one.stored) != one.event:
                result.lost += 1
                result.faults.append(f"{one.event} was answered with {one.stored} and is not stored under it")
    unanswered = len(times) - len({one.event for sender in senders for one in sender.acknowledged})
    if not 0 <= unanswered <= len(senders):  # each camera may end between a commit and its answer
        result.faults.append(f"{unanswered} records are stored that nobody was told of")
