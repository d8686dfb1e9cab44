"""States of devices for other hubs: all to one that has come, what changed to the others, nothing to nobody."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from hub.cluster.states import SharedStates
from hub.contract.json_text import decode
from hub.live.relay import NoRelay


class Others(NoRelay):
    """Other hubs, which want what `wanting` says."""

    def __init__(self) -> None:
        self.wanting = False
        self.received: list[Any] = []
        self.joined: Callable[[], None] = lambda: None

    def wanted(self, topic: str) -> bool:
        return self.wanting

    def send(self, topic: str, body: bytes, key: Hashable = None) -> None:
        self.received += [state["id"] for state in decode(body)]

    def when_joined(self, notify: Callable[[], None]) -> None:
        self.joined = notify


class Devices:
    """Devices of this hub; `made` counts the states that were made of them."""

    def __init__(self, count: int) -> None:
        self._names = [f"camera {number}" for number in range(count)]
        self.changed: list[str] = []
        self.made = 0

    def states(self, everything: bool) -> list[dict[str, Any]]:
        changed, self.changed = self.changed, []
        names = self._names if everything else changed
        self.made += len(names)
        return [{"id": name} for name in names]


def test_no_states_are_made_while_no_other_hub_wants_them() -> None:
    """A camera that connects wakes the greenlet: 2,000 of them made the states of all 2,000 each time."""
    others, devices = Others(), Devices(100)
    shared = SharedStates(others, "cameras", devices.states, lambda state: None)
    for _ in range(5):
        devices.changed.append("camera 7")
        shared.step()
    assert devices.made == 5 and others.received == []  # those that changed, so that they are not collected


def test_a_hub_that_comes_is_told_everything_once() -> None:
    others, devices = Others(), Devices(3)
    shared = SharedStates(others, "cameras", devices.states, lambda state: None)
    shared.step()
    others.wanting = True
    others.joined()
    shared.step()
    assert others.received == ["camera 0", "camera 1", "camera 2"]
    devices.changed.append("camera 1")
    shared.step()
    shared.step()
    assert others.received[3:] == ["camera 1"]
    others.wanting = False  # and is told everything again once it is back
    shared.step()
    others.wanting = True
    shared.step()
    assert others.received[4:] == ["camera 0", "camera 1", "camera 2"]
