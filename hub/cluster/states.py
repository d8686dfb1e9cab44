"""States of devices at every hub: each hub tells the others what it hears itself of a device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent
from gevent.event import Event

from hub.contract.errors import ContractError
from hub.contract.json_text import decode, encode
from hub.live.bus import Bus, EventName
from hub.live.relay import MAX_TEXT_BYTES, Relay
from hub.runtime.supervisor import Supervisor

INTERVAL = 1.0
GAP_SECONDS = 0.05
BATCH, BATCH_BYTES = 200, 100_000  # states of one message, and when it is full

State = dict[str, Any]
Collect = Callable[[bool], Iterable[State]]  # (every state of this hub, or what changed since the last call)
Apply = Callable[[State], None]


class SharedDevices:
    """The states of every kind of device that has some, shared where there may be other hubs."""

    def __init__(self, relay: Relay, bus: Bus, supervisor: Supervisor) -> None:
        self._relay, self._bus, self._supervisor = relay, bus, supervisor

    def add(self, topic: str, collect: Collect, apply: Apply, *events: EventName[Any]) -> None:
        """Share the states of a kind; those that changed go out within INTERVAL, and at once after one of `events`."""
        if not self._relay.active:
            return
        states = SharedStates(self._relay, topic, collect, apply)
        for event in events:
            self._bus.subscribe(event, states.wake)
        self._supervisor.keep(f"{topic} to other hubs", states.run)


class SharedStates:
    """The states of one kind of device. `run` sends those that changed; `wake` sends them at once."""

    def __init__(self, relay: Relay, topic: str, collect: Collect, apply: Apply) -> None:
        self._relay, self._topic, self._collect, self._apply = relay, topic, collect, apply
        self._wake = Event()
        self._everything = True
        relay.on(topic, self._receive)
        relay.want(topic)
        relay.when_joined(self._joined)

    def wake(self, _: object = None) -> None:
        """A state has changed; never blocks."""
        self._wake.set()

    def _joined(self) -> None:
        self._everything = True
        self._wake.set()

    def step(self) -> None:
        """Send what changed, to a hub that has come everything."""
        if not self._relay.wanted(self._topic):
            self._everything = True
            self._collect(False)  # what has changed is told with everything else
            return
        everything, self._everything = self._everything, False
        states = list(self._collect(everything))
        if not states:
            self._everything |= everything
            return
        for batch in _batches(states):
            self._relay.send(self._topic, batch)

    def run(self) -> None:
        """The greenlet."""
        while True:
            self.step()
            self._wake.wait(INTERVAL)
            self._wake.clear()
            gevent.sleep(GAP_SECONDS)

    def _receive(self, topic: str, body: bytes, sender: str) -> None:
        if len(body) > MAX_TEXT_BYTES:
            raise ContractError("The states of a hub are too long.")
        states = decode(body)
        if not isinstance(states, list) or len(states) > BATCH:
            raise ContractError("The states of a hub are no list.")
        for state in states:
            if isinstance(state, dict):
                self._apply(state)


def _batches(states: Iterable[State]) -> Iterator[bytes]:
    """Lists of states as JSON."""
    batch: list[bytes] = []
    size = 0
    for state in states:
        encoded = encode(state)
        if batch and (len(batch) >= BATCH or size + len(encoded) > BATCH_BYTES):
            yield b"[%b]" % b",".join(batch)
            batch, size = [], 0
        batch.append(encoded)
        size += len(encoded)
    yield b"[%b]" % b",".join(batch)
