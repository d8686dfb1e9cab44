"""The interface by which a hub passes on what is live to the other hubs on its database.

A *topic* names what is passed on: `pages`, `readings`, `frame/CAMERA`. Only what another hub wants is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

Receive = Callable[[str, bytes, str], None]  # (topic, body, id of the hub that sent it)
MAX_TEXT_BYTES = 256 * 1024  # of a body that is JSON


class RelayUnusable(Exception):
    """The hub cannot start with these settings of [live]; the text is a sentence for the operator."""


class Relay(Protocol):
    """Passes bodies on to other hubs. No method blocks."""

    @property
    def hub_id(self) -> str:
        """The id of this process among the hubs."""

    @property
    def active(self) -> bool:
        """Whether there may be other hubs."""

    def wanted(self, topic: str) -> bool:
        """Whether another hub wants this topic now."""

    def send(self, topic: str, body: bytes, key: Hashable = None) -> None:
        """Queue a body for the hubs that want its topic. One with a `key` replaces a queued one with the same key."""

    def on(self, family: str, receive: Receive) -> None:
        """Call `receive` with what other hubs send of a topic, or of all topics `family/...`."""

    def want(self, topic: str) -> None:
        """Receive a topic from now on, until as many calls of `unwant`."""

    def unwant(self, topic: str) -> None:
        """End a `want`."""

    def when_wanted(self, family: str, notify: Callable[[str], None]) -> None:
        """Call `notify` with each topic of a family that another hub begins to want."""

    def when_wanting(self, topic: str, notify: Callable[[], None]) -> None:
        """Call `notify` as soon as the other hubs know that this one wants a topic, each time that it begins to."""

    def when_joined(self, notify: Callable[[], None]) -> None:
        """Call `notify` when another hub has come, or has come back after something may have been lost."""


class NoRelay:
    """The relay of a hub that is alone."""

    hub_id = ""
    active = False

    def wanted(self, topic: str) -> bool:
        return False

    def send(self, topic: str, body: bytes, key: Hashable = None) -> None:
        """Nobody wants it."""

    def on(self, family: str, receive: Receive) -> None:
        """Nobody sends anything."""

    def want(self, topic: str) -> None:
        """Nobody sends it."""

    def unwant(self, topic: str) -> None:
        """Nobody sends it."""

    def when_wanted(self, family: str, notify: Callable[[str], None]) -> None:
        """Nobody wants anything."""

    def when_wanting(self, topic: str, notify: Callable[[], None]) -> None:
        """There is nobody to know it."""

    def when_joined(self, notify: Callable[[], None]) -> None:
        """Nobody comes."""
