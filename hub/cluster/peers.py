"""The other hubs: which there are, what each wants, and whether all that they sent has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.cluster.envelope import Hello

SILENT_SECONDS = 5.0  # a hub that says nothing for so long is away
MISSED_SECONDS = 3600.0  # how long a hub that went away without a word may come back with records that pages lack
MAX_PEERS = 64
MAX_SHOWN = 50  # topics of a hub on the status page


@dataclass
class Peer:
    """Another hub. `heard`: monotonic."""

    hello: Hello
    heard: float


class Peers:
    """The hubs that have introduced themselves, without this one and without those that have other keys."""

    def __init__(self, keys: dict[str, str], now: Callable[[], float] = time.monotonic) -> None:
        self.keys, self._now = keys, now
        self._peers: dict[str, Peer] = {}
        self._away: dict[str, float] = {}  # id of a hub that fell silent -> since when
        self.strangers: dict[str, tuple[str, float]] = {}  # id of a hub with other keys -> (name, heard)

    def __contains__(self, hub_id: str) -> bool:
        return hub_id in self._peers

    def __len__(self) -> int:
        return len(self._peers)

    def heard(self, hello: Hello) -> tuple[bool, frozenset[str]]:
        """A hub has introduced itself: whether it is new or was away, and what it wants from now on."""
        if different_keys(self.keys, hello.keys):
            if len(self.strangers) < MAX_PEERS:
                self.strangers[hello.hub_id] = (hello.name, self._now())
            self._peers.pop(hello.hub_id, None)
            return False, frozenset()
        before = self._peers.get(hello.hub_id)
        if hello.leaves:
            self._peers.pop(hello.hub_id, None)
            self._away.pop(hello.hub_id, None)
            return False, frozenset()
        if before is None and len(self._peers) >= MAX_PEERS:
            return False, frozenset()
        self._peers[hello.hub_id] = Peer(hello, self._now())
        self._away.pop(hello.hub_id, None)
        joined = before is None or before.hello.session != hello.session
        return joined, hello.topics - (before.hello.topics if before and not joined else frozenset())

    def expire(self) -> None:
        """Forget the hubs that have fallen silent."""
        now = self._now()
        for hub_id, peer in list(self._peers.items()):
            if now - peer.heard > SILENT_SECONDS:
                del self._peers[hub_id]
                self._away[hub_id] = now
        for hub_id in [hub_id for hub_id, since in self._away.items() if now - since > MISSED_SECONDS]:
            del self._away[hub_id]
        for hub_id in [hub_id for hub_id, (_, heard) in self.strangers.items() if now - heard > SILENT_SECONDS]:
            del self.strangers[hub_id]

    def lost(self) -> None:
        """Redis is away, and with it every hub."""
        now = self._now()
        for hub_id in self._peers:
            self._away[hub_id] = now
        self._peers.clear()
        self.strangers.clear()

    def complete_since(self, moment: float) -> bool:
        """Whether every hub that may have sent something has been heard since a moment (monotonic)."""
        return not self._away and all(peer.heard > moment for peer in self._peers.values())

    def want(self, topic: str) -> bool:
        """Whether any of them wants a topic."""
        return any(topic in peer.hello.topics for peer in self._peers.values())

    def status(self) -> list[dict[str, Any]]:
        """For the status page."""
        now = self._now()
        return [
            {
                "hub": peer.hello.hub_id[:8],
                "name": peer.hello.name,
                "silent_seconds": round(now - peer.heard, 1),
                "topics": sorted(peer.hello.topics)[:MAX_SHOWN],
            }
            for peer in self._peers.values()
        ]


def different_keys(own: dict[str, str], others: dict[str, str]) -> list[str]:
    """The names of the secrets that two hubs have differently."""
    return [name for name, print_ in own.items() if others.get(name, print_) != print_]
